"""Stand-ins of fixed latency around the real tools and the real rules, and the critical path that they make.

What a stand-in wraps runs for real, and the rest of its latency is waited for. So the critical path is known exactly, and
whatever an investigation takes beyond it is srebot's own.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from agent.investigation.loop import RulesReasoner
from agent.model import Case, Check, Reading, Step
from agent.ports import Answered, Concluded, Proposed, Weighed
from agent.tools import Registry, Tool

T = TypeVar("T")

VENDOR_SECONDS = 0.2
"""One check."""
THOUGHT_SECONDS = 0.5
"""One call of the model."""


async def lasting(seconds: float, work: Callable[[], Awaitable[T]]) -> T:
    """The result of ``work`` after ``seconds``, or when it is done if that is later."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    result = await work()
    await asyncio.sleep(max(0.0, end - loop.time()))
    return result


class SlowRegistry(Registry):
    """The same tools, each answer after ``VENDOR_SECONDS``."""

    def __init__(self, registry: Registry) -> None:
        super().__init__()
        self._fast = registry

    def __iter__(self) -> Iterator[Tool]:
        return map(_slowed, self._fast)

    def __contains__(self, name: str) -> bool:
        return name in self._fast

    def __getitem__(self, name: str) -> Tool:
        """The tool of that name, slowed."""
        return _slowed(self._fast[name])


def _slowed(tool: Tool) -> Tool:
    async def function(**arguments: object) -> Reading:
        return await lasting(VENDOR_SECONDS, lambda: tool.function(**arguments))

    return replace(tool, function=function)


class SlowReasoner:
    """The rules, each thought after ``THOUGHT_SECONDS``; counts the thoughts of each investigation."""

    def __init__(self, rules: RulesReasoner) -> None:
        self._rules = rules
        self.thoughts: Counter[int] = Counter()

    @property
    def name(self) -> str:
        """The rules' own."""
        return self._rules.name

    async def propose(self, case: Case) -> Proposed:
        """The rules' opening."""
        return await self._think(case, lambda: self._rules.propose(case))

    async def weigh(self, case: Case, steps: Sequence[Step]) -> Weighed:
        """What the rules read in the steps."""
        return await self._think(case, lambda: self._rules.weigh(case, steps))

    async def conclude(self, case: Case) -> Concluded:
        """The rules' conclusion."""
        return await self._think(case, lambda: self._rules.conclude(case))

    async def answer(self, case: Case, steps: Sequence[Step]) -> Answered:
        """The rules' answer."""
        return await self._think(case, lambda: self._rules.answer(case, steps))

    def second_look(self, case: Case) -> tuple[Check, ...]:
        """At once: no model is asked."""
        return self._rules.second_look(case)

    def attack(self, case: Case) -> tuple[Check, ...]:
        """At once: no model is asked."""
        return self._rules.attack(case)

    async def _think(self, case: Case, thought: Callable[[], Awaitable[T]]) -> T:
        self.thoughts[case.investigation.id] += 1
        return await lasting(THOUGHT_SECONDS, thought)


def critical_seconds(steps: Sequence[Step], thoughts: int) -> float:
    """The least that an investigation can take: its thoughts, and one check for each round, as those run at once."""
    rounds = len({step.round for step in steps})
    return rounds * VENDOR_SECONDS + thoughts * THOUGHT_SECONDS

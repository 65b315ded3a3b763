"""A model of fixed latency around the real rules, and the critical path of an investigation."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

from agent.errors import ToolError
from agent.investigation.loop import RulesReasoner
from agent.model import Case, Check, Step
from agent.ports import Answered, Concluded, Proposed, Weighed
from agent.tools import Registry

T = TypeVar("T")

VENDOR_SECONDS = 0.2
"""One request to a vendor; some checks need several."""
THOUGHT_SECONDS = 0.5
"""One call of the model."""


async def lasting(seconds: float, work: Callable[[], Awaitable[T]]) -> T:
    """The result of ``work`` after ``seconds``, or when it is done if that is later."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    result = await work()
    await asyncio.sleep(max(0.0, end - loop.time()))
    return result


class SlowReasoner:
    """The rules, each thought after ``thought_seconds``; counts the thoughts of each investigation."""

    def __init__(self, rules: RulesReasoner) -> None:
        self._rules = rules
        self.thought_seconds = THOUGHT_SECONDS
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
        return await lasting(self.thought_seconds, thought)


async def alone_seconds(registry: Registry, check: Check) -> float:
    """How long a check takes while nothing else runs; one that fails counts as well."""
    began = time.perf_counter()
    with suppress(ToolError):
        await registry[check.tool](check.arguments)
    return time.perf_counter() - began


def critical_seconds(
    steps: Sequence[Step],
    alone: Mapping[str, float],
    thoughts: int,
    thought_seconds: float = THOUGHT_SECONDS,
) -> float:
    """The least that an investigation can take: its thoughts, and for each round its slowest check.

    Args:
        steps: of the investigation.
        alone: what each check takes by itself, by ``Check.key``.
        thoughts: calls of the model, one after the other.
        thought_seconds: what each of them takes.
    """
    rounds: dict[int, float] = {}
    for step in steps:
        rounds[step.round] = max(rounds.get(step.round, 0.0), alone[step.check.key])
    return sum(rounds.values()) + thoughts * thought_seconds

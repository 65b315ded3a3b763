"""Asks the reasoner, and lets the rules take over when it cannot go on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Generic, TypeVar

from agent.errors import ReasonerUnavailable
from agent.investigation.drafts import settled
from agent.investigation.hypotheses import merged
from agent.model import Case, Step, Value
from agent.ports import Clock, Concluded, Durable, Proposed, Reasoner, Weighed

T = TypeVar("T", Proposed, Weighed, Concluded)


class Thought(Value, Generic[T]):
    """A reasoner's result, or why there is none, with the moment it came."""

    result: T | None = None
    unavailable: str = ""
    reasoner: str
    at: datetime


class Thinker:
    """One investigation's reasoner: the model while it can go on, the rules from then on."""

    def __init__(self, reasoner: Reasoner, rules: Reasoner, durable: Durable, clock: Clock) -> None:
        self._reasoner = reasoner
        self._rules = rules
        self._durable = durable
        self._clock = clock
        self._last: Weighed | None = None
        self.gave_up = ""
        """Why the model no longer speaks; empty while it does."""

    @property
    def name(self) -> str:
        """Who is thinking now."""
        return self._reasoner.name

    async def propose(self, case: Case) -> Thought[Proposed]:
        """The opening."""
        return await self._think("propose", lambda r: r.propose(case))

    async def weigh(self, case: Case, steps: tuple[Step, ...]) -> Thought[Weighed]:
        """What ``steps`` say; after the model gave up in it, what all the steps say to the rules."""
        name = f"weigh-{case.round}"
        thought: Thought[Weighed] = await self._once(name, lambda r: r.weigh(case, steps))
        self._last = thought.result
        if not self._takes_over(thought):
            return thought
        opening: Thought[Proposed] = await self._once(
            f"{name}-take-over", lambda r: r.propose(case)
        )
        proposed = opening.result or Proposed(hypotheses=(), checks=())
        board = merged(case.hypotheses, proposed.hypotheses)
        whole = case.model_copy(update={"hypotheses": board})
        second: Thought[Weighed] = await self._once(
            f"{name}-again", lambda r: r.weigh(whole, case.steps)
        )
        return _with_opening(second, proposed)

    async def conclude(self, case: Case) -> Thought[Concluded]:
        """The finding before the gates: the one that came with the last weighing, if it did."""
        if self._last is not None and (draft := self._last.concluded) is not None:
            done = settled(draft, self._last.evidence, case)
            return Thought(result=done, reasoner=self._reasoner.name, at=case.now)
        return await self._think("conclude", lambda r: r.conclude(case))

    def think_anew(self) -> None:
        """Something is known that the report at hand was written without: another one is asked for."""
        self._last = None

    async def _think(self, name: str, work: Callable[[Reasoner], Awaitable[T]]) -> Thought[T]:
        thought = await self._once(name, work)
        return await self._once(f"{name}-again", work) if self._takes_over(thought) else thought

    async def _once(self, name: str, work: Callable[[Reasoner], Awaitable[T]]) -> Thought[T]:
        reasoner = self._reasoner

        async def call() -> Thought[T]:
            try:
                result = await work(reasoner)
            except ReasonerUnavailable as gone:
                if reasoner is self._rules:
                    raise
                return Thought(unavailable=str(gone), reasoner=reasoner.name, at=self._clock.now())
            return Thought(result=result, reasoner=reasoner.name, at=self._clock.now())

        return await self._durable.step(name, call)

    def _takes_over(self, thought: Thought[T]) -> bool:
        if thought.result is not None:
            return False
        self.gave_up = thought.unavailable or "it cannot go on"
        self._reasoner = self._rules
        return True


def _with_opening(thought: Thought[Weighed], opening: Proposed) -> Thought[Weighed]:
    weighed = thought.result
    if weighed is None:
        return thought
    both = weighed.model_copy(
        update={
            "hypotheses": (*opening.hypotheses, *weighed.hypotheses),
            "checks": (*opening.checks, *weighed.checks),
        }
    )
    return thought.model_copy(update={"result": both})

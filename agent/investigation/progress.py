"""How far an investigation is: its case, what it has spent, and what the store and the thread know of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from agent.investigation.equipment import Equipment
from agent.investigation.hypotheses import movements
from agent.investigation.quiet import seems_over
from agent.investigation.thinking import Thinker, Thought
from agent.investigation.wording import movements_text
from agent.model import Case
from agent.ports import Durable

_WORTH_A_MESSAGE = frozenset({"new", "strengthened"})
"""Movements of hypotheses that people are told of at once."""


class Progress:
    """A case under way, changed by one round after the other."""

    def __init__(self, house: Equipment, case: Case, durable: Durable) -> None:
        self._house = house
        self._durable = durable
        self._started_at = case.now
        self._spent_before = case.investigation.spent.seconds
        self._told = case.hypotheses
        self._kept = case.evidence
        self.case = case
        self.thinker = Thinker(house.reasoner, house.rules, durable, house.clock)

    def set(self, **changed: object) -> None:
        """Change fields of the case."""
        self.case = self.case.model_copy(update=changed)

    def account(self, thought: Thought[Any]) -> None:
        """Book a thought's time and tokens."""
        more = {} if thought.result is None else thought.result.spent.model_dump()
        more.pop("seconds", None)
        self.account_time(thought.at, **more)

    def account_time(self, at: datetime, **more: float) -> None:
        """Book the time until ``at``, and whatever else was spent."""
        head = self.case.investigation
        spent = head.spent.plus(**more)
        took = self._spent_before + round((at - self._started_at).total_seconds(), 3)
        spent = spent.model_copy(update={"seconds": max(spent.seconds, took)})
        self.set(now=at, investigation=head.model_copy(update={"spent": spent}))

    def recording(self) -> Callable[[], Awaitable[None]]:
        """What stores the board and the evidence as they stand, and tells the thread what moved since last time.

        What only became less likely waits until there is more to say than that.
        """
        case = self.case
        moved = movements(self._told, case.hypotheses)
        text = ""
        if any(m.kind in _WORTH_A_MESSAGE for m in moved) and not seems_over(case):
            text, self._told = movements_text(moved), case.hypotheses
        store, notifier, number = self._house.store, self._house.notifier, case.investigation.id
        known = {id(e) for e in self._kept}
        fresh = tuple(e for e in case.evidence if id(e) not in known)
        self._kept = case.evidence

        async def work() -> None:
            await asyncio.gather(
                store.save_investigation(case.investigation),
                # The round that is under way says nothing of the board yet.
                store.save_hypotheses(number, max(0, case.round - 1), case.hypotheses),
                store.save_evidence(number, fresh),
            )
            await notifier.summary(case)
            if text:
                await notifier.update(case, f"round-{case.round}", text)

        return work

    async def tell_known(self, why: str) -> None:
        """Say once that a known incident is concluded by the rules, whoever would have thought otherwise."""
        rules, head = self._house.rules, self.case.investigation
        said = (
            ""
            if head.reasoner == rules.name
            else f" The rules checked it; {head.reasoner} was not asked."
        )
        self.thinker = Thinker(rules, rules, self._durable, self._house.clock)
        self.set(investigation=head.model_copy(update={"reasoner": rules.name}))
        case = self.case

        async def work() -> None:
            await self._house.notifier.update(case, "known", f"{why}{said}")

        await self._durable.step("known", work)

    async def tell_take_over(self) -> None:
        """Say once that the rules took over from the model."""
        head = self.case.investigation
        if head.reasoner == self.thinker.name:
            return
        text = (
            f"The model {head.reasoner} cannot go on ({self.thinker.gave_up}). "
            "The rules take over from the evidence so far."
        )
        self.set(investigation=head.model_copy(update={"reasoner": self.thinker.name}))
        case = self.case

        async def work() -> None:
            await self._house.store.save_investigation(case.investigation)
            await self._house.notifier.update(case, "take-over", text)

        await self._durable.step("take-over", work)

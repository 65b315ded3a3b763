"""Carries a change from the finding to its outcome: propose, wait for a decision, apply once, watch, say what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from agent.house import House
from agent.model import Change, ProposalStatus
from agent.resolution.applying import Applying
from agent.resolution.errand import Errand
from agent.resolution.planning import Planning
from agent.resolution.waiting import Waiting
from agent.resolution.watching import Result, Watching
from agent.workflow import Workflow

MOST_PROPOSALS = 5
"""How often one investigation asks: alternatives after a rejection, and plans made anew after drift."""
_NOTHING_MORE = frozenset({ProposalStatus.REHEARSED, ProposalStatus.EXPIRED})
"""What neither is watched nor has another change tried: people approved this one."""
_UNKNOWN = "I cannot tell whether this was applied: look at the target before trying again."


class CarryingOut:
    """One investigation's changes on their way."""

    def __init__(
        self, house: House, workflow: Workflow, investigation: int, requested_by: str = ""
    ) -> None:
        self._errand = Errand(house, workflow, investigation, requested_by)
        self._planning = Planning(self._errand)
        self._waiting = Waiting(self._errand)
        self._applying = Applying(self._errand)
        self._watching = Watching(self._errand)

    async def first_of(self, changes: Sequence[Change]) -> Result:
        """Put the changes before people, best first, until one is applied, all are rejected, or people stop."""
        for change in changes:
            result = await self.one(change)
            if result is not None:
                return result
        return Result()

    async def one(
        self, change: Change, reverts: UUID | None = None, *, checked: bool = True
    ) -> Result | None:
        """Carry one change through; None when it was not to be had (refused, rejected), so that the next may be tried.

        ``checked`` False leaves out the taint gate: for the way back of a change that passed it.
        """
        while self._errand.asked < MOST_PROPOSALS:
            self._errand.asked += 1
            planned = await self._planning.plan(change, reverts, checked=checked)
            if planned.proposal is None:
                return None
            if not planned.automatic:
                ended = await self._waiting.decision(planned.proposal)
                if ended is not ProposalStatus.APPROVED:
                    rejected = ended is ProposalStatus.REJECTED
                    return None if rejected else Result(stopped=ended is ProposalStatus.SUPERSEDED)
            applied, signals, before = await self._applying.apply(planned.proposal)
            if applied.drifted:
                continue
            if applied.wait_until is not None:
                return Result(stopped=True)
            if applied.status in _NOTHING_MORE:
                return Result()
            if applied.status is not ProposalStatus.APPLIED:
                return None
            return await self._watching.watch(planned.proposal, applied.at, signals, before)
        return Result()


async def withdraw(house: House, investigation: int) -> None:
    """Take back what still waits for people in an investigation that failed; nothing would come of a decision."""
    case = await house.store.cases.load(investigation)
    for proposal in case.proposals:
        match proposal.status:
            case ProposalStatus.OPEN:
                status, note = ProposalStatus.SUPERSEDED, "Withdrawn; nothing was changed."
            case ProposalStatus.APPROVED:
                status, note = ProposalStatus.FAILED, _UNKNOWN
            case _:
                continue
        await house.store.proposals.set_status(proposal.id, status)
        shown = proposal.model_copy(update={"status": status})
        await house.notifier.proposal(case, shown, note)

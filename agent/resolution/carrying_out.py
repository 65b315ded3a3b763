"""Carries a change from the finding to its outcome: propose, wait for a decision, apply once, watch, say what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple
from uuid import UUID

from agent.house import House
from agent.model import Change, Proposal, ProposalStatus, Via
from agent.resolution.applying import Applying
from agent.resolution.errand import Errand
from agent.resolution.paging import page_for_forecast
from agent.resolution.planning import Planning
from agent.resolution.requesting import Requesting, withdraw_request
from agent.resolution.taking_back import way_back_of
from agent.resolution.waiting import Waiting
from agent.resolution.watching import Result, Watching
from agent.workflow import Workflow

MOST_PROPOSALS = 5
"""How often one investigation asks: alternatives after a rejection, and plans made anew after drift."""
_NOTHING_MORE = frozenset({ProposalStatus.REHEARSED, ProposalStatus.EXPIRED})
"""What neither is watched nor has another change tried: people approved this one."""
_UNKNOWN = "I cannot tell whether this was applied: look at the target before trying again."


class _Tried(NamedTuple):
    """What came of one proposal."""

    result: Result | None = None
    """None: it was not to be had, so that the next change may be tried."""
    again: bool = False
    """What it was planned against has changed: plan it anew."""


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
        self._requesting = Requesting(self._errand)

    async def first_of(self, changes: Sequence[Change]) -> Result:
        """Put the changes before people, best first, until one is applied, all are rejected, or people stop."""
        if not changes and self._errand.house.pager is not None:
            await self._errand.workflow.step("page", partial(page_for_forecast, self._errand))
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
            proposal = planned.proposal
            if proposal is None:
                return None
            if proposal.plan.via is Via.PULL_REQUEST:
                tried = await self._requested(proposal)
            else:
                tried = await self._written(proposal, asks=not planned.automatic)
            if not tried.again:
                return tried.result
        return Result()

    async def _written(self, proposal: Proposal, *, asks: bool) -> _Tried:
        """By a write to the cluster, once it is approved where people are asked."""
        if asks:
            ended = await self._waiting.decision(proposal)
            if ended is ProposalStatus.REJECTED:
                return _Tried()
            if ended is not ProposalStatus.APPROVED:
                return _Tried(Result(stopped=ended is ProposalStatus.SUPERSEDED))
        applied, signals, before = await self._applying.apply(proposal)
        if applied.drifted or applied.wait_until is not None:
            return _Tried(Result(stopped=True), again=applied.drifted)
        if applied.status in _NOTHING_MORE:
            return _Tried(Result())
        if applied.status is not ProposalStatus.APPLIED:
            return _Tried()
        result = await self._watching.watch(proposal, applied.at, signals, before)
        await self._back_if_worse(proposal, result)
        return _Tried(result)

    async def _back_if_worse(self, proposal: Proposal, result: Result) -> None:
        """Take the change back where things got worse and the policy lets srebot; the result stays what was seen."""
        if result.outcome is None or result.stopped:
            return
        back = await self._errand.workflow.step(
            f"back-{self._errand.asked}",
            partial(way_back_of, self._errand, proposal, result.outcome),
        )
        if back is not None:
            await self.one(back, proposal.id, checked=False)

    async def _requested(self, proposal: Proposal) -> _Tried:
        """By a pull request, whose merge is the approval."""
        requested, signals, before = await self._requesting.request(proposal)
        if requested.at is not None and before is not None:
            return _Tried(await self._watching.watch(proposal, requested.at, signals, before))
        if requested.status is ProposalStatus.SUPERSEDED:
            return _Tried(Result(stopped=True), again=requested.drifted)
        return _Tried(Result()) if requested.status in _NOTHING_MORE else _Tried()


async def withdraw(house: House, investigation: int) -> None:
    """Take back what still waits for people in an investigation that failed; nothing would come of a decision."""
    case = await house.store.cases.load(investigation)
    for proposal in case.proposals:
        match proposal.status:
            case ProposalStatus.OPEN:
                status, note = ProposalStatus.SUPERSEDED, "Withdrawn; nothing was changed."
                await withdraw_request(house, proposal)
            case ProposalStatus.APPROVED:
                status, note = ProposalStatus.FAILED, _UNKNOWN
            case _:
                continue
        await house.store.proposals.set_status(proposal.id, status)
        shown = proposal.model_copy(update={"status": status})
        await house.notifier.proposal(case, shown, note)

"""Waits for people's decision on a proposal."""

from __future__ import annotations

from functools import partial

from agent.model import (
    Note,
    Proposal,
    ProposalStatus,
    standing_of,
)
from agent.resolution.errand import SREBOT, Errand, subject_of
from agent.workflow import MailKind


class Waiting:
    """The second stage."""

    def __init__(self, errand: Errand) -> None:
        self._errand = errand

    async def decision(self, proposal: Proposal) -> ProposalStatus:
        """Wait for people; SUPERSEDED means that they stopped the investigation."""
        number = self._errand.asked
        status: ProposalStatus | None = None
        while status is None:
            left = await self._errand.workflow.step(f"left-{number}", lambda: self._left(proposal))
            mail = await self._errand.workflow.receive(left)
            if mail is None:
                status = await self._errand.workflow.step(
                    f"expire-{number}", lambda: self._end(proposal)
                )
            elif mail.kind is MailKind.STOP:
                status = ProposalStatus.SUPERSEDED
                await self._errand.workflow.step(
                    f"stop-{number}", lambda: self._superseded(proposal)
                )
            elif mail.kind is MailKind.NOTE and mail.note is not None:
                await self._errand.workflow.step("note", partial(self._keep_note, mail.note))
            elif mail.proposal == proposal.id:
                status = await self._errand.workflow.step(
                    f"decided-{number}", lambda: self._decided(proposal)
                )
        return status

    async def _left(self, proposal: Proposal) -> float:
        return max(0.0, (proposal.expires_at - self._errand.house.clock.now()).total_seconds())

    async def _end(self, proposal: Proposal) -> ProposalStatus:
        """The time is over: expired, unless a decision was recorded in the last moment."""
        await self._errand.house.store.proposals.end(proposal.id, ProposalStatus.EXPIRED)
        if (decided := await self._decided(proposal)) is not None:
            return decided
        await self._errand.show(
            proposal, ProposalStatus.EXPIRED, "Nobody decided in time; nothing was changed."
        )
        await self._errand.audit(SREBOT, "expired", subject_of(proposal), proposal.plan.summary)
        return ProposalStatus.EXPIRED

    async def _superseded(self, proposal: Proposal) -> None:
        await self._errand.show(
            proposal, ProposalStatus.SUPERSEDED, "Stopped; nothing was changed."
        )

    async def _keep_note(self, note: Note) -> None:
        await self._errand.house.store.cases.add_note(self._errand.investigation, note)

    async def _decided(self, proposal: Proposal) -> ProposalStatus | None:
        """What the store says that people decided; it alone is believed, never the message."""
        house = self._errand.house
        given = await house.store.approvals.of(proposal.id)
        if not given:
            return None
        standing = standing_of(proposal, given)
        case = await self._errand.case()
        shown = proposal.model_copy(update={"status": standing.status})
        waiting = standing.status is ProposalStatus.OPEN
        await house.notifier.proposal(case, shown, "", standing.approved_by if waiting else ())
        for approval in given:
            await house.notifier.decision(case, proposal, approval)
        return None if waiting else standing.status

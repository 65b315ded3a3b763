"""Applies an approved change once; what does not hold any more at that moment is not applied."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from agent.errors import Drifted, Refused, SrebotError, ToolError, Unreachable
from agent.model import (
    InvestigationStatus,
    Proposal,
    ProposalStatus,
    Utc,
    Value,
)
from agent.ports import Fixer
from agent.resolution.clearing import GRACE_SECONDS, Clear, Clearance, clearance
from agent.resolution.errand import SREBOT, Errand, subject_of
from agent.resolution.expecting import signals_of
from agent.resolution.watch import Look, Watched, look
from agent.workflow import MailKind


class Applied(Value):
    """What became of an approved change."""

    status: ProposalStatus
    text: str = ""
    drifted: bool = False
    """What was approved does not hold any more: plan it anew and ask again."""
    at: datetime
    wait_until: Utc | None = None
    """Nothing became of it yet: it is applied when its change window opens."""


class Applying:
    """The third stage."""

    def __init__(self, errand: Errand) -> None:
        self._errand = errand

    async def apply(self, proposal: Proposal) -> tuple[Applied, tuple[Watched, ...], Look]:
        """Apply it; with what is watched from now on, and how that looked just before."""
        house, number = self._errand.house, self._errand.asked

        async def before() -> tuple[tuple[Watched, ...], Look]:
            signals = signals_of(proposal)
            await house.store.investigations.set_status(
                self._errand.investigation, InvestigationStatus.APPLYING
            )
            registry = house.investigator.equipment.checks.registry
            return signals, await look(registry, signals, house.clock.now())

        deadline = proposal.expires_at + timedelta(seconds=GRACE_SECONDS)
        while True:
            signals, first = await self._errand.workflow.step(f"before-{number}", before)
            applied = await self._errand.workflow.step(
                f"apply-{number}", partial(self._write, proposal, deadline)
            )
            if applied.wait_until is None:
                break
            if await self._waited(proposal, applied, applied.wait_until):
                return applied, signals, first
            deadline = applied.wait_until + timedelta(seconds=house.terms.proposal_expiry_seconds)
        await self._errand.workflow.step(
            f"applied-{number}", lambda: self._tell_applied(proposal, applied)
        )
        return applied, signals, first

    async def _waited(self, proposal: Proposal, applied: Applied, until: datetime) -> bool:
        """Wait for the change window; True when people stopped it meanwhile."""
        number, workflow = self._errand.asked, self._errand.workflow

        async def left() -> float:
            return max(0.0, (until - self._errand.house.clock.now()).total_seconds())

        async def stopped() -> None:
            note = "Stopped before its change window opened; nothing was changed."
            await self._errand.show(proposal, ProposalStatus.SUPERSEDED, note)

        await workflow.step(
            f"waits-{number}",
            lambda: self._errand.show(proposal, ProposalStatus.APPROVED, applied.text),
        )
        while seconds := await workflow.step(f"window-{number}", left):
            mail = await workflow.receive(seconds)
            if mail is not None and mail.kind is MailKind.STOP:
                await workflow.step(f"stop-{number}", stopped)
                return True
        return False

    async def _write(self, proposal: Proposal, deadline: datetime) -> Applied:
        house = self._errand.house
        if house.fixer is None:
            raise SrebotError("srebot has no credential to apply changes with")
        clear = await clearance(house, await self._errand.case(), proposal, deadline)
        if clear.what is not Clear.GO and not await self._got_through(house.fixer, proposal):
            return await self._not_cleared(proposal, clear)
        if house.dry_run:
            return await self._rehearse(house.fixer, proposal)
        subject = subject_of(proposal)
        await self._errand.audit(SREBOT, "applying", subject, proposal.plan.summary)
        try:
            version = await house.fixer.apply(proposal)
        except Drifted as error:
            return await self._drifted(proposal, str(error))
        except Unreachable:
            raise  # the step is tried again: the change may have got through, and its mark then says so
        except (Refused, ToolError) as error:
            await self._errand.audit(SREBOT, "apply_failed", subject, str(error))
            return self._became(ProposalStatus.FAILED, str(error))
        await self._errand.audit(SREBOT, "applied", subject, f"resourceVersion {version}")
        return self._became(ProposalStatus.APPLIED)

    async def _got_through(self, fixer: Fixer, proposal: Proposal) -> bool:
        """Whether an attempt before a crash wrote it: what is done is said, however late it is by now."""
        tried = await self._errand.house.store.audit.has("applying", subject_of(proposal))
        return tried and await fixer.was_applied(proposal)

    async def _rehearse(self, fixer: Fixer, proposal: Proposal) -> Applied:
        """Dry-run mode: the vendor tries it and forgets it."""
        try:
            plan = await fixer.plan(proposal.change)
        except Unreachable:
            raise
        except (Drifted, Refused, ToolError) as error:
            await self._errand.audit(SREBOT, "rehearsal_failed", subject_of(proposal), str(error))
            return self._became(ProposalStatus.REHEARSED, str(error))
        if (plan.target_uid, plan.diff) != (proposal.plan.target_uid, proposal.plan.diff):
            return await self._drifted(proposal, "The target changed since the proposal was made")
        await self._errand.audit(
            SREBOT, "rehearsed", subject_of(proposal), f"dry run: {proposal.plan.summary}"
        )
        return self._became(ProposalStatus.REHEARSED)

    async def _not_cleared(self, proposal: Proposal, clear: Clearance) -> Applied:
        await self._errand.audit(
            SREBOT, f"not_applied_{clear.what.value}", subject_of(proposal), clear.why
        )
        match clear.what:
            case Clear.WAIT:
                applied = self._became(ProposalStatus.APPROVED, clear.why)
                return applied.model_copy(update={"wait_until": clear.until})
            case Clear.AGAIN:
                applied = self._became(ProposalStatus.SUPERSEDED, clear.why)
                return applied.model_copy(update={"drifted": True})
            case _:
                return self._became(ProposalStatus.EXPIRED, clear.why)

    async def _drifted(self, proposal: Proposal, why: str) -> Applied:
        await self._errand.audit(SREBOT, "drifted", subject_of(proposal), why)
        applied = self._became(ProposalStatus.SUPERSEDED, why)
        return applied.model_copy(update={"drifted": True})

    def _became(self, status: ProposalStatus, text: str = "") -> Applied:
        return Applied(status=status, text=text, at=self._errand.house.clock.now())

    async def _tell_applied(self, proposal: Proposal, applied: Applied) -> None:
        note = {
            ProposalStatus.APPLIED: "Applied. I am watching the signals that started this.",
            ProposalStatus.REHEARSED: f"Dry run: {_rehearsed(applied.text)} Nothing was changed.",
            ProposalStatus.FAILED: f"Not applied: {applied.text}",
            ProposalStatus.EXPIRED: f"Not applied: {applied.text}, and that is over. Nothing was changed.",
            ProposalStatus.SUPERSEDED: f"Not applied: {applied.text.rstrip('.')}. I plan it anew.",
        }[applied.status]
        if applied.status is ProposalStatus.APPLIED:
            await self._errand.house.store.investigations.set_status(
                self._errand.investigation, InvestigationStatus.WATCHING
            )
        await self._errand.show(proposal, applied.status, note)


def _rehearsed(problem: str) -> str:
    if problem:
        return f"this would not have been applied: {problem.rstrip('.')}."
    return "this would have been applied now."

"""Applies an approved change once."""

from __future__ import annotations

from datetime import datetime

from agent.errors import Drifted, Refused, SrebotError, ToolError, Unreachable
from agent.model import (
    InvestigationStatus,
    Proposal,
    ProposalStatus,
    Value,
)
from agent.resolution.errand import SREBOT, Errand, subject_of
from agent.resolution.expecting import signals_of
from agent.resolution.watch import Look, Watched, look


class Applied(Value):
    """What became of an approved change."""

    status: ProposalStatus
    text: str = ""
    drifted: bool = False
    at: datetime


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

        signals, first = await self._errand.workflow.step(f"before-{number}", before)
        applied = await self._errand.workflow.step(f"apply-{number}", lambda: self._write(proposal))
        await self._errand.workflow.step(
            f"applied-{number}", lambda: self._tell_applied(proposal, applied)
        )
        return applied, signals, first

    async def _write(self, proposal: Proposal) -> Applied:
        house = self._errand.house
        if house.fixer is None:
            raise SrebotError("srebot has no credential to apply changes with")
        subject = subject_of(proposal)
        await self._errand.audit(SREBOT, "applying", subject, proposal.plan.summary)
        try:
            version = await house.fixer.apply(proposal)
        except Drifted as error:
            await self._errand.audit(SREBOT, "drifted", subject, str(error))
            return Applied(
                status=ProposalStatus.SUPERSEDED,
                text=str(error),
                drifted=True,
                at=house.clock.now(),
            )
        except Unreachable:
            raise  # the step is tried again: the change may have got through, and its mark then says so
        except (Refused, ToolError) as error:
            await self._errand.audit(SREBOT, "apply_failed", subject, str(error))
            return Applied(status=ProposalStatus.FAILED, text=str(error), at=house.clock.now())
        await self._errand.audit(SREBOT, "applied", subject, f"resourceVersion {version}")
        return Applied(status=ProposalStatus.APPLIED, at=house.clock.now())

    async def _tell_applied(self, proposal: Proposal, applied: Applied) -> None:
        note = {
            ProposalStatus.APPLIED: "Applied. I am watching the signals that started this.",
            ProposalStatus.FAILED: f"Not applied: {applied.text}",
            ProposalStatus.SUPERSEDED: f"Not applied: {applied.text}. I plan it anew.",
        }[applied.status]
        if applied.status is ProposalStatus.APPLIED:
            await self._errand.house.store.investigations.set_status(
                self._errand.investigation, InvestigationStatus.WATCHING
            )
        await self._errand.show(proposal, applied.status, note)

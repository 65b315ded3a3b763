"""Watches what happens after a change, and says what was seen."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from agent.model import (
    Outcome,
    OutcomeStatus,
    Proposal,
    Value,
)
from agent.resolution.errand import SREBOT, Errand, subject_of
from agent.resolution.watch import Look, Watched, judge, look
from agent.workflow import MailKind


class Result(Value):
    """How the carrying out ended."""

    outcome: Outcome | None = None
    stopped: bool = False


class Watching:
    """The last stage."""

    def __init__(self, errand: Errand) -> None:
        self._errand = errand

    async def watch(
        self, proposal: Proposal, applied_at: datetime, signals: tuple[Watched, ...], before: Look
    ) -> Result:
        """Look at intervals until the signals are good, the time is over, or people want it to stop."""
        terms, number, turn = self._errand.house.terms, self._errand.asked, 0
        while True:
            turn += 1
            mail = await self._errand.workflow.receive(terms.watch_interval_seconds)
            stopped = mail is not None and mail.kind is MailKind.STOP
            after = await self._errand.workflow.step(
                f"watch-{number}-{turn}", lambda: self._look(signals)
            )
            outcome = judge(proposal, signals, before, after, applied_at)
            over = outcome.watched_seconds >= terms.watch_seconds
            # After a way back what was good has to stay good, which only time can tell.
            back_to_normal = outcome.status is OutcomeStatus.RECOVERED and not proposal.reverts
            if back_to_normal or over or stopped:
                await self._errand.workflow.step(
                    f"outcome-{number}", partial(self._tell, proposal, outcome)
                )
                return Result(outcome=outcome, stopped=stopped)

    async def _look(self, signals: tuple[Watched, ...]) -> Look:
        return await look(
            self._errand.house.investigator.equipment.checks.registry,
            signals,
            self._errand.house.clock.now(),
        )

    async def _tell(self, proposal: Proposal, outcome: Outcome) -> None:
        await self._errand.house.store.outcomes.add(outcome)
        subject = subject_of(proposal)
        await self._errand.audit(SREBOT, f"seen_{outcome.status.value}", subject, outcome.statement)
        case = await self._errand.case()
        await self._errand.house.notifier.outcome(case, proposal, outcome)

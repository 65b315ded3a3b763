"""Watches what happens after a change, and says what was seen against what would have been expected without it."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import structlog

from agent.model import (
    Outcome,
    OutcomeStatus,
    Proposal,
    Value,
)
from agent.resolution.comparing import Course, courses, decisive, in_words
from agent.resolution.errand import SREBOT, Errand, subject_of
from agent.resolution.outcome_charts import pictures_of
from agent.resolution.paging import after_outcome
from agent.resolution.watch import Look, Watched, judge, look, worse_signals
from agent.workflow import MailKind

_SETTLED = frozenset({OutcomeStatus.RECOVERED, OutcomeStatus.WORSE})
"""What ends a watch once it has lasted."""
_log = structlog.get_logger(__name__)


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
        """Look at intervals until what is expected has lasted, the horizon is over, or people want it to stop."""
        terms, number, turn = self._errand.house.terms, self._errand.asked, 0
        lasting = _Lasting(proposal)
        while True:
            turn += 1
            mail = await self._errand.workflow.receive(terms.watch_interval_seconds)
            stopped = mail is not None and mail.kind is MailKind.STOP
            after = await self._errand.workflow.step(
                f"watch-{number}-{turn}", lambda: self._look(signals)
            )
            outcome = judge(proposal, signals, before, after, applied_at)
            over = outcome.watched_seconds >= self._horizon(proposal)
            if lasting.long_enough(outcome) or over or stopped:
                worse = worse_signals(signals, before, after)
                outcome = await self._told(proposal, outcome, applied_at, decisive(signals, worse))
                return Result(outcome=outcome, stopped=stopped)

    def _horizon(self, proposal: Proposal) -> float:
        """As it was approved; one from before expectations were written down has the longest."""
        written = proposal.expectation
        return written.horizon_seconds if written else self._errand.house.terms.watch_seconds

    async def _look(self, signals: tuple[Watched, ...]) -> Look:
        return await look(
            self._errand.house.investigator.equipment.checks.registry,
            signals,
            self._errand.house.clock.now(),
        )

    async def _told(
        self,
        proposal: Proposal,
        outcome: Outcome,
        applied_at: datetime,
        signals: tuple[Watched, ...],
    ) -> Outcome:
        """Compare, tell, and show: one message, and one of pictures where there is something to draw."""
        step, number = self._errand.workflow.step, self._errand.asked
        found = await step(
            f"against-{number}",
            partial(self._courses, proposal, signals, applied_at, outcome.observed_at),
        )
        outcome = _compared(outcome, found)
        await step(f"outcome-{number}", partial(self._tell, proposal, outcome))
        if proposal.reverts is None:
            await step(f"page-outcome-{number}", partial(after_outcome, self._errand, outcome))
        if found:
            await step(f"before-after-{number}", partial(self._draw, proposal, found, applied_at))
        return outcome

    async def _courses(
        self,
        proposal: Proposal,
        signals: tuple[Watched, ...],
        applied_at: datetime,
        until: datetime,
    ) -> tuple[Course, ...]:
        written = proposal.expectation
        return await courses(
            self._errand.house.investigator.equipment.checks.registry,
            await self._errand.case(),
            proposal.change.target,
            signals,
            applied_at,
            until,
            written.held_seconds if written else 0.0,
        )

    async def _tell(self, proposal: Proposal, outcome: Outcome) -> None:
        await self._errand.house.store.outcomes.add(outcome)
        subject = subject_of(proposal)
        await self._errand.audit(SREBOT, f"seen_{outcome.status.value}", subject, outcome.statement)
        case = await self._errand.case()
        await self._errand.house.notifier.outcome(case, proposal, outcome)

    async def _draw(
        self, proposal: Proposal, found: tuple[Course, ...], applied_at: datetime
    ) -> None:
        """Nothing depends on a picture: what cannot be drawn or shown is logged and let go."""
        case = await self._errand.case()
        place = case.investigation.conversation or case.signal.conversation
        if place is None or not place.channel:
            return
        try:
            drawn = await pictures_of(found, applied_at)
            key = f"outcome-charts-{proposal.id}"
            await self._errand.house.notifier.pictures(place, key, drawn)
        except Exception:  # whatever it is, the outcome has been told
            _log.exception("no_outcome_charts", proposal=str(proposal.id))


class _Lasting:
    """Since when the same is seen."""

    def __init__(self, proposal: Proposal) -> None:
        self._held = proposal.expectation.held_seconds if proposal.expectation else 0.0
        # After a way back what was good has to stay good, which only time can tell.
        self._settled = frozenset() if proposal.reverts else _SETTLED
        self._status: OutcomeStatus | None = None
        self._since: datetime | None = None

    def long_enough(self, outcome: Outcome) -> bool:
        """Whether recovery, or its opposite, is seen for as long as it has to last."""
        if outcome.status is not self._status or self._since is None:
            self._status, self._since = outcome.status, outcome.observed_at
        lasted = (outcome.observed_at - self._since).total_seconds()
        # What starts anew upsets its neighbours for a moment: worse takes longer to be believed.
        needed = 2 * self._held if outcome.status is OutcomeStatus.WORSE else self._held
        return outcome.status in self._settled and lasted >= needed


def _compared(outcome: Outcome, found: tuple[Course, ...]) -> Outcome:
    against = tuple(c.comparison for c in found)
    more = in_words(outcome.status, against)
    statement = f"{outcome.statement} {more}".strip()
    return outcome.model_copy(update={"against": against, "statement": statement})

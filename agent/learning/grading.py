"""Grades a finding from what happened afterwards: how likely it is that it was right.

Each thing seen adds its weight to the log-odds that the finding was right (weights of evidence: I. J. Good, Probability and
the Weighing of Evidence, 1950; as in naive Bayes, taken as independent of each other given the truth). It starts from even
odds: what the finding said of itself does not count, so that verdicts can tell whether to believe it. The weights are set by
hand, from how much likelier each thing is after a right finding than after a wrong one (a weight of 1.4 is four times); with
some hundred verdicts that people confirmed they may be refitted. What the environment shows counts for three at most either
way, so that the word of people outranks it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import timedelta

from pydantic import Field

from agent.model import Observed, OutcomeStatus, Utc, Value, Verdict

METHOD = (
    "log-odds from even, each thing seen adding its weight (Good 1950, naive Bayes); "
    "weights set by hand; the environment counts for 3 at most, a person's word for 5"
)
MOST_OF_THE_ENVIRONMENT = 3.0
WORD = 5.0
"""Of a person's word, right or wrong; of several that agree as well."""
DISPUTED_FROM = 1.5
"""What the environment has to weigh against the word of people for that to be called disputed."""
RIGHT_AFTER = timedelta(hours=1)
"""A recovery so soon after somebody's change may come from it."""

# The alert.
ALERT_BACK_AFTER_FIX, ALERT_BACK, STAYED_AWAY = -1.4, -0.4, 0.7
# The metrics after our change; and before it.
OUTCOMES = {
    OutcomeStatus.RECOVERED: 1.6,
    OutcomeStatus.UNCHANGED: -1.4,
    OutcomeStatus.WORSE: -1.8,
}
_SAID = {
    OutcomeStatus.RECOVERED: "recovered",
    OutcomeStatus.UNCHANGED: "did not change",
    OutcomeStatus.WORSE: "got worse",
}
BEFORE_THE_FIX = -1.0
STILL_GOOD, BAD_AGAIN = 0.4, -0.7
# Neighbours after our change.
NEIGHBOURS_STABLE, NEIGHBOURS_SUFFER = 0.2, -0.7
# People's deeds.
REJECTED, TAKEN_BACK, FIXED_THERE, FIXED_ELSEWHERE = -0.6, -1.0, 1.2, -1.4
# An incident that somebody else resolved before any of our changes.
RESOLVED_WITHOUT = -0.3


class Repair(Value):
    """A change that somebody else made between the finding and the recovery."""

    what: str
    at: Utc
    at_the_cause: bool
    """Whether it changed what the finding named."""


class Word(Value):
    """A person's last word on the finding."""

    user: str
    right: bool
    at: Utc


class Afterwards(Value):
    """What is known of the time after an investigation, up to a moment."""

    ended_at: Utc
    looked_at: Utc
    alert_recovered_at: Utc | None = None
    """When the alert first said that it is over, from the investigation's start on."""
    alert_back_at: Utc | None = None
    """When it came back after that."""
    change: str = ""
    """What was applied, in a line; empty: nothing."""
    applied_at: Utc | None = None
    outcome: OutcomeStatus | None = None
    taken_back: bool = False
    rejected: tuple[str, ...] = ()
    """People who rejected what was proposed."""
    signals: dict[str, bool] = Field(default_factory=dict)
    """The watched signals that could be read now, and whether each is good."""
    neighbours: tuple[str, ...] = ()
    """Those that alerted after our change and had not before."""
    neighbours_seen: bool = False
    """Whether there are any to look at."""
    repairs: tuple[Repair, ...] = ()
    incident_resolved_at: Utc | None = None
    words: tuple[Word, ...] = ()

    @property
    def recovered_before_change(self) -> bool:
        """Whether the alert was over before anything was applied."""
        return (
            self.applied_at is not None
            and self.alert_recovered_at is not None
            and self.alert_recovered_at < self.applied_at
        )


class Graded(Value):
    """A finding to be graded."""

    investigation: int
    mode: str
    entity: str
    environment: str
    confidence: float
    """As it was settled, before recalibration."""


def observed(after: Afterwards) -> tuple[Observed, ...]:
    """What speaks for and against the finding beside people's words."""
    parts = (_alert, _metrics, _neighbours, _deeds, _incident)
    return tuple(seen for part in parts for seen in part(after))


def verdict_of(finding: Graded, after: Afterwards) -> Verdict:
    """The verdict on a finding."""
    seen, said = observed(after), tuple(_words(after))
    shown = sum(o.weight for o in seen)
    shown = max(-MOST_OF_THE_ENVIRONMENT, min(MOST_OF_THE_ENVIRONMENT, shown))
    people = sum(o.weight for o in said)
    divided = len({w.right for w in after.words}) > 1
    against = people * shown < 0 and abs(shown) >= DISPUTED_FROM
    return Verdict(
        investigation=finding.investigation,
        mode=finding.mode,
        entity=finding.entity,
        environment=finding.environment,
        confidence=finding.confidence,
        probability=round(1 / (1 + math.exp(-(shown + people))), 4),
        observed=(*seen, *said),
        disputed=divided or against,
        method=METHOD,
        graded_at=after.looked_at,
    )


def _alert(after: Afterwards) -> Iterable[Observed]:
    if after.alert_back_at is not None:
        fixed = after.outcome is OutcomeStatus.RECOVERED
        weight = ALERT_BACK_AFTER_FIX if fixed else ALERT_BACK
        what = "the alert came back" + (" after it had recovered with the change" if fixed else "")
        yield _seen(what, weight, "alert", after.alert_back_at)
    elif after.outcome is OutcomeStatus.RECOVERED and not after.recovered_before_change:
        hours = (after.looked_at - after.ended_at).total_seconds() / 3600
        what = f"the alert has stayed away for {hours:.0f} h since"
        yield _seen(what, STAYED_AWAY if hours >= 1 else 0.0, "alert", after.looked_at)


def _metrics(after: Afterwards) -> Iterable[Observed]:
    if after.recovered_before_change and after.alert_recovered_at is not None:
        what = f"it had recovered before “{after.change}” was applied"
        yield _seen(what, BEFORE_THE_FIX, "metrics", after.alert_recovered_at)
    elif after.outcome in OUTCOMES and after.applied_at is not None:
        said = _SAID[after.outcome]
        what = f"after “{after.change}” the watched signals {said}"
        yield _seen(what, OUTCOMES[after.outcome], "change", after.applied_at)
    bad = sorted(name for name, good in after.signals.items() if not good)
    if bad and after.outcome is OutcomeStatus.RECOVERED:
        yield _seen(f"{_listed(bad)} is bad again", BAD_AGAIN, "change", after.looked_at)
    elif after.signals and not bad and after.outcome is OutcomeStatus.RECOVERED:
        yield _seen("the watched signals are still good", STILL_GOOD, "change", after.looked_at)


def _neighbours(after: Afterwards) -> Iterable[Observed]:
    if after.applied_at is None or not after.neighbours_seen:
        return
    if after.neighbours:
        what = f"{_listed(after.neighbours)} began to alert after the change"
        yield _seen(what, NEIGHBOURS_SUFFER, "neighbours", after.looked_at)
    else:
        what = "the neighbours stayed quiet after the change"
        yield _seen(what, NEIGHBOURS_STABLE, "neighbours", after.looked_at)


def _deeds(after: Afterwards) -> Iterable[Observed]:
    if after.rejected and after.applied_at is None:
        what = f"{_listed(after.rejected)} rejected what was proposed"
        yield _seen(what, REJECTED, "engineer", after.looked_at)
    if after.taken_back:
        what = f"“{after.change}” was taken back"
        yield _seen(what, TAKEN_BACK, "engineer", after.looked_at)
    repair = _telling(after)
    if repair is not None:
        where = "at the cause that was named" if repair.at_the_cause else "elsewhere"
        what = f"it recovered after somebody's change {where}: {repair.what}"
        weight = FIXED_THERE if repair.at_the_cause else FIXED_ELSEWHERE
        yield _seen(what, weight, "engineer", repair.at)


def _telling(after: Afterwards) -> Repair | None:
    """The last of other people's changes that a recovery followed soon, where nothing of ours did."""
    back = after.alert_recovered_at
    if back is None or (after.applied_at is not None and not after.recovered_before_change):
        return None
    before = [r for r in after.repairs if timedelta(0) <= back - r.at <= RIGHT_AFTER]
    return max(before, key=lambda r: (r.at_the_cause, r.at), default=None)


def _incident(after: Afterwards) -> Iterable[Observed]:
    at = after.incident_resolved_at
    if at is None or (after.applied_at is not None and after.applied_at <= at):
        return
    if _telling(after) is None:
        what = "the incident was resolved in PagerDuty without any change that was proposed here"
        yield _seen(what, RESOLVED_WITHOUT, "incident", at)


def _words(after: Afterwards) -> Iterable[Observed]:
    """People's words: those of one side weigh together what one word does."""
    for word in after.words:
        said, side = "right" if word.right else "wrong", WORD if word.right else -WORD
        weight = side / sum(w.right == word.right for w in after.words)
        yield _seen(f"{word.user} said that it was {said}", weight, "engineer", word.at)


def _seen(what: str, weight: float, source: str, at: Utc) -> Observed:
    return Observed(what=what, weight=weight, source=source, at=at)


def _listed(names: Iterable[str]) -> str:
    return " and ".join(sorted(names)[:3])

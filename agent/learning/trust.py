"""Track records: how changes of a kind went at a service in an environment, and when automation there is withdrawn.

A record's bound is the lower end of Wilson's score interval (E. B. Wilson, Probable inference, the law of succession, and
statistical inference, JASA 22, 1927): unlike the plain share it is low while little is known (one success of one: 0.21),
and unlike the normal approximation it holds near 0 and 1. Whoever reads it again after each change looks often, so that a
record whose true share lies just below a wanted bound passes it more often than in 2.5 % of cases; ``benchmarks.trust``
measures by how much.

Trust is lost faster than it is earned: two failures among the last five withdraw it whatever the bound still is, and so does
one change that made things worse where nobody may experiment. It comes back with an engineer's word, or with a row of
successes that people approved one by one.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from agent.model import (
    Change,
    ChangeKind,
    OutcomeStatus,
    TrackRecord,
    Utc,
    Value,
    Verdict,
)

Z_95 = 1.959963984540054
"""The standard normal's 97.5 % point: an interval of 95 %."""
LOOKED_BACK, MOST_FAILURES = 5, 2
"""So many failures among the last so many changes withdraw automation."""
SUCCESSES_TO_RETURN = 5
"""In a row, each approved by people, after which withdrawn automation comes back by itself."""
HELD_SECONDS = 3600.0
"""A recovery counts once it has lasted so long."""
LENIENT = frozenset({"development", "staging"})
"""Environments where one change that made things worse is a failure like others; elsewhere it withdraws automation."""
WRONG_BELOW, RIGHT_FROM = 1 / 3, 2 / 3
"""Probabilities of a verdict from which a finding counts as wrong, or as right; between them it counts as neither."""

_POD = re.compile(r"(?P<owner>.+?)(-[0-9a-f]{6,10})?-([a-z0-9]{5}|\d+)")


class AppliedChange(Value):
    """A change that was applied, or was to be, and what became of it."""

    service: str
    applied: bool
    """False: it failed to apply."""
    at: Utc
    """When its outcome was seen; where none was, when it was proposed."""
    outcome: OutcomeStatus | None = None
    taken_back: bool = False
    relapsed: bool = False
    """The alert came back, or neighbours suffered, after it had recovered."""
    unrelated: bool = False
    """The signals had recovered before it was applied."""


class Trial(NamedTuple):
    """What counts: a success, or a failure."""

    at: datetime
    succeeded: bool
    worse: bool = False
    taken_back: bool = False


class Standing(NamedTuple):
    """Whether automation stands."""

    withdrawn_at: datetime | None = None
    reason: str = ""
    """In a sentence without its end; empty while it stands."""
    missing: int = 0
    """Further successes in a row after which it comes back by itself."""


def service_of(change: Change) -> str:
    """The service that a change is counted for: what it changes, and for a Pod or a setting what runs with it."""
    if change.kind is ChangeKind.CONFIG_VALUE and change.arguments.get("restart"):
        return str(change.arguments["restart"])
    if change.kind is ChangeKind.DELETE_POD:
        pod = _POD.fullmatch(change.target.name)
        return pod["owner"] if pod else change.target.name
    return change.target.name


def wilson_lower(successes: int, trials: int, z: float = Z_95) -> float:
    """The lower end of Wilson's score interval for a share, 0..1; 0 without trials.

    Args:
        successes: how many of the trials succeeded.
        trials: how many there were.
        z: the standard normal's point; 1.96 is 95 % (two-sided).

    Raises:
        ValueError: the counts are impossible.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials are impossible")
    if not successes:
        return 0.0
    share, square = successes / trials, z * z
    centre = share + square / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + square / (4 * trials * trials))
    return max(0.0, (centre - spread) / (1 + square / trials))


def trial_of(
    change: AppliedChange, now: datetime, held_seconds: float = HELD_SECONDS
) -> Trial | None:
    """What a change counts for; None while that can't be told."""
    if not change.applied:
        return Trial(change.at, succeeded=False)
    worse = change.outcome is OutcomeStatus.WORSE
    failed = worse or change.outcome is OutcomeStatus.UNCHANGED or change.relapsed
    if failed or change.taken_back:
        return Trial(change.at, succeeded=False, worse=worse, taken_back=change.taken_back)
    held = now - change.at >= timedelta(seconds=held_seconds)
    if change.outcome is OutcomeStatus.RECOVERED and held and not change.unrelated:
        return Trial(change.at, succeeded=True)
    return None


def trial_of_verdict(verdict: Verdict, at: datetime) -> Trial | None:
    """What a finding of that moment counts for in the record of its mode; None when it is open whether it was right."""
    if WRONG_BELOW < verdict.probability < RIGHT_FROM or verdict.disputed:
        return None
    return Trial(at, succeeded=verdict.probability >= RIGHT_FROM)


def standing(
    trials: Iterable[Trial],
    restored: Sequence[datetime] = (),
    *,
    strict: bool = False,
    noun: str = "changes",
) -> Standing:
    """Whether automation stands after these trials.

    Args:
        trials: in any order.
        restored: when engineers gave it back; what went wrong before counts no more against it.
        strict: one trial that made things worse is enough to withdraw it.
        noun: what the trials are, for the reason.
    """
    latest = max(restored, default=None)
    window: deque[Trial] = deque(maxlen=LOOKED_BACK)
    now, row = Standing(), 0
    for trial in sorted(trials):
        if latest is not None and trial.at <= latest:
            continue
        window.append(trial)
        row = row + 1 if trial.succeeded else 0
        if now.reason and row >= SUCCESSES_TO_RETURN:
            now = Standing()
            window.clear()
        reason = "" if trial.succeeded else _against(window, noun, strict=strict)
        if reason:
            now = Standing(trial.at, reason)
    return now._replace(missing=SUCCESSES_TO_RETURN - row) if now.reason else now


def record(
    service: str,
    kind: str,
    environment: str,
    trials: Sequence[Trial],
    restored: Sequence[datetime] = (),
    against_mode: str = "",
) -> TrackRecord:
    """The track record that these trials make.

    Args:
        service: where.
        kind: of the changes.
        environment: where.
        trials: theirs.
        restored: when engineers gave automation back here.
        against_mode: why findings of the mode at hand are not to be acted on without asking; empty: nothing.
    """
    successes = sum(t.succeeded for t in trials)
    stands = standing(trials, restored, strict=environment not in LENIENT)
    return TrackRecord(
        service=service,
        kind=kind,
        environment=environment,
        successes=successes,
        failures=len(trials) - successes,
        rollbacks=sum(t.taken_back for t in trials),
        lower_bound=wilson_lower(successes, len(trials)),
        withdrawn=sentence(stands) or against_mode,
    )


def sentence(stands: Standing) -> str:
    """Why automation is withdrawn and how it comes back; empty while it stands."""
    if not stands.reason:
        return ""
    return (
        f"{stands.reason[:1].upper()}{stands.reason[1:]}: nothing goes without asking until an engineer "
        f"restores it or {stands.missing} more in a row go well."
    )


def _against(window: Sequence[Trial], noun: str, *, strict: bool) -> str:
    last = window[-1]
    if strict and last.worse:
        return f"the change of {last.at:%Y-%m-%d %H:%M} UTC made things worse"
    failures = sum(not t.succeeded for t in window)
    if failures < MOST_FAILURES:
        return ""
    return f"{failures} of the last {len(window)} {noun} went wrong"

"""Correlation: which signals belong together, and what becomes of the Issue that they make.

An Issue keeps its *suspects*: the entities on which everything that alerts in it depends, or which it is. A signal belongs
to an Issue when the places where its own cause can sit meet those suspects; the meeting is what stays. So two services
over one cache come together, while a gateway, which depends on everything, joins one of two unrelated troubles and never
ties them to each other. Trouble that has already come further than causes are looked for is known by what it came through:
an entity over one that alerts in the Issue belongs to it, and leaves its suspects as they are. This is the codebook idea (problems are told apart by the set of symptoms that each can cause;
S. Yemini et al., "High speed and robust event correlation", IEEE Communications 34(5), 1996) with the sets read from the
dependency graph instead of a codebook made beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from agent.awareness.issues import Issue, IssueKind, IssueStatus, Joined
from agent.house import House
from agent.knowledge.graph import name_of
from agent.model import AlertState, Signal, SignalKind, Triage
from agent.store.repository import Store
from agent.store.surroundings import Surroundings, folded

SAME_ALERT_WITHIN = timedelta(hours=2)
"""An alert that comes again so soon after its recovery goes on in the same Issue."""
SAME_ALERT = "same alert"
"""The reason for which a signal with a known fingerprint belongs to an Issue."""
FLAPPING_COUNT = 4
EXPIRE_AFTER = timedelta(hours=6)
"""An Issue of which nothing is heard for so long is closed."""
_QUEUE_TAGS = frozenset({"queue", "queue_name", "topic", "consumer_group", "consumergroup"})
"""Labels by which an alert is on a queue and not on the broker as such."""


@dataclass(frozen=True)
class Windows:
    """How long after its last signal an Issue takes up others."""

    near: timedelta = timedelta(minutes=10)
    """On entities that may share its cause."""
    same_entity: timedelta = timedelta(minutes=30)
    change: timedelta = timedelta(minutes=15)
    """Between a change and the trouble that it may have made."""


@dataclass(frozen=True)
class Match:
    """The Issue that a signal belongs to, and why."""

    issue: Issue
    reason: str


async def find(
    store: Store, signal: Signal, around: Surroundings, tx: AsyncSession
) -> Match | None:
    """The Issue that a signal belongs to; None when it is the first of its own.

    Args:
        store: the database.
        signal: what was noticed.
        around: what lies around what it names.
        tx: the turn in which nobody else correlates.
    """
    at = signal.occurred_at
    if signal.fingerprint:
        same = await store.issues.of_fingerprint(
            signal.fingerprint, at - SAME_ALERT_WITHIN, session=tx
        )
        if same is not None:
            return Match(same, SAME_ALERT)
    if signal.state is AlertState.RECOVERED or not around.key:
        return None
    windows = Windows()
    longest = max(windows.near, windows.same_entity)
    found = await store.issues.candidates(signal.environment, at - longest, session=tx)
    return nearest(_with_consumers(signal, around), found, at, windows)


def _with_consumers(signal: Signal, around: Surroundings) -> Surroundings:
    """A queue's alert has its users among its causes: a backlog is made by who does not empty it."""
    if not _QUEUE_TAGS & signal.tags.keys():
        return around
    namespace = around.key.partition("/")[0]
    users = {f"{namespace}/service/{name}": 1 for name in around.dependants}
    return around.model_copy(update={"causes": {**users, **around.causes}})


async def joined_by(
    store: Store, match: Match, signal: Signal, around: Surroundings, tx: AsyncSession
) -> Joined:
    """The Issue that a signal belongs to, after it; not kept yet."""
    joined = after(match, signal, around)
    return await _flapping(store, joined, signal, tx) if match.reason == SAME_ALERT else joined


def nearest(
    around: Surroundings, issues: Sequence[Issue], at: datetime, windows: Windows | None = None
) -> Match | None:
    """The Issue of which an entity's trouble is likeliest a part; None when it is of none.

    Args:
        around: what lies around the entity.
        issues: open Issues of its environment.
        at: when it was noticed.
        windows: how long Issues take up others.
    """
    windows = windows or Windows()
    best: tuple[tuple[bool, bool, int, datetime], Match] | None = None
    for issue in issues:
        if (found := _meeting(around, issue, at, windows)) is None:
            continue
        rank = (found.same, found.shares_cause, -found.hops, issue.last_signal_at)
        if best is None or rank > best[0]:
            best = (rank, Match(issue, found.reason))
    return best[1] if best else None


class _Meeting(NamedTuple):
    """Where an entity and an Issue meet."""

    same: bool
    """The entity is one of the Issue's own."""
    shares_cause: bool
    """At one of its suspects; otherwise at one that alerts in it."""
    hops: int
    """From the entity to where they meet."""
    reason: str


def _meeting(around: Surroundings, issue: Issue, at: datetime, windows: Windows) -> _Meeting | None:
    """Where an entity and an Issue meet, the nearest shared suspect first; None when nowhere, or too late."""
    age = abs(at - issue.last_signal_at)
    same = folded(around.key) in {folded(e) for e in issue.entities}
    if age > (windows.same_entity if same else windows.near):
        return None
    hops = {folded(key): n for key, n in around.causes.items()}
    suspects = [s for s in issue.suspects if folded(s) in hops]
    shared = suspects or [e for e in issue.entities if folded(e) in hops]
    if not shared:
        return None
    met = min(shared, key=lambda s: (hops[folded(s)], s))
    reason = f"same service {around.name}" if same else _tie(around, issue, met)
    return _Meeting(same, bool(suspects), hops[folded(met)], reason)


def _tie(around: Surroundings, issue: Issue, suspect: str) -> str:
    """How an entity and an Issue hang together: ``cart depends on redis-reco (alerting since 03:02)``."""
    since = f"(alerting since {issue.opened_at:%H:%M})"
    other = next((name_of(e) for e in issue.entities), "")
    if folded(suspect) == folded(around.key):
        return f"{other} {since} depends on {around.name}"
    if folded(suspect) in {folded(e) for e in issue.entities}:
        if name_of(suspect) in around.dependants:
            return f"{name_of(suspect)} {since} depends on {around.name}"
        return f"{around.name} depends on {name_of(suspect)} {since}"
    return f"{around.name} and {other} {since} both depend on {name_of(suspect)}"


_KINDS = {SignalKind.EMERGING: IssueKind.EMERGING, SignalKind.TICKET: IssueKind.REPORTED}


def opened(signal: Signal, around: Surroundings, triage: Triage) -> Issue:
    """A new Issue with one signal; its number is given by the store."""
    return Issue(
        id=0,
        kind=_KINDS.get(signal.kind, IssueKind.ALERT),
        title=signal.title,
        environment=signal.environment,
        triage=triage,
        entities=(around.key,) if around.key else (),
        suspects=tuple(around.causes),
        fingerprints=(signal.fingerprint,) if signal.fingerprint else (),
        conversation=signal.conversation,
        opened_at=signal.occurred_at,
        last_signal_at=signal.occurred_at,
    )


def after(match: Match, signal: Signal, around: Surroundings) -> Joined:
    """An Issue after one more signal."""
    issue = match.issue
    firing = set(issue.fingerprints)
    over = signal.state is AlertState.RECOVERED
    repeated = not over and signal.fingerprint in firing and bool(signal.fingerprint)
    left = firing - {signal.fingerprint} if over else firing | {signal.fingerprint} - {""}
    is_open = issue.status is IssueStatus.OPEN
    status = IssueStatus.RECOVERED if over and firing and not left else issue.status
    if not over and not is_open:
        status = IssueStatus.OPEN
    grown = issue.model_copy(
        update={
            "entities": _with(issue.entities, around.key),
            "suspects": _narrowed(issue.suspects, around),
            "fingerprints": tuple(sorted(left)),
            "signals": issue.signals + (not repeated and not over),
            "duplicates": issue.duplicates + repeated,
            "status": status,
            "last_signal_at": max(issue.last_signal_at, signal.occurred_at),
            "closed_at": _closed_at(issue, status, signal),
        }
    )
    return Joined(issue=grown, opened=False, duplicate=repeated, reason=match.reason)


def _closed_at(issue: Issue, status: IssueStatus, signal: Signal) -> datetime | None:
    if status is IssueStatus.OPEN:
        return None
    return issue.closed_at if issue.status is status else signal.occurred_at


def _with(entities: tuple[str, ...], key: str) -> tuple[str, ...]:
    if not key or folded(key) in {folded(e) for e in entities}:
        return entities
    return (*entities, key)


def _narrowed(suspects: tuple[str, ...], around: Surroundings) -> tuple[str, ...]:
    """What the suspects and an entity's own have in common; all of them when that is nothing (the same alert may be
    read in another place)."""
    if not around.causes:
        return suspects
    if not suspects:
        return tuple(around.causes)
    own = {folded(c) for c in around.causes}
    return tuple(s for s in suspects if folded(s) in own) or suspects


async def _flapping(store: Store, joined: Joined, signal: Signal, tx: AsyncSession) -> Joined:
    """The Issue marked when its alert comes and goes again and again."""
    again = signal.state is AlertState.TRIGGERED and not joined.duplicate
    if not again or not signal.fingerprint or joined.issue.flapping:
        return joined
    since = signal.occurred_at - SAME_ALERT_WITHIN
    before = await store.issues.triggers(signal.fingerprint, since, session=tx)
    if before + 1 < FLAPPING_COUNT:
        return joined
    return joined.model_copy(update={"issue": joined.issue.model_copy(update={"flapping": True})})


async def expire(house: House, now: datetime) -> int:
    """Close the Issues of which nothing was heard for hours; returns how many. Nothing is said of it."""
    return await house.store.issues.expire(now - EXPIRE_AFTER, now)

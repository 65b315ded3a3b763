"""Gathers what happened after an investigation, from the store and through the read tools."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import ValidationError

from agent.errors import ToolError
from agent.house import House
from agent.knowledge.facts import ChangeType
from agent.knowledge.graph import name_of
from agent.learning.grading import Afterwards, Repair, Word
from agent.model import (
    AlertState,
    Case,
    Json,
    Outcome,
    Proposal,
    ProposalStatus,
    Signal,
    Value,
)
from agent.resolution.watch import Look, Watched, judge, look

WITHIN = timedelta(hours=24)
"""How long after a change neighbours that begin to alert may do so because of it."""
_OWN_CHANGE_BEFORE, _OWN_CHANGE_AFTER = timedelta(minutes=1), timedelta(minutes=15)
"""Around an applied change, what is seen to change at its target is that change."""
_REPAIRS = frozenset({ChangeType.ROLLOUT, ChangeType.CONFIG, ChangeType.DEPLOY})
"""Changes that people make; replicas also change by themselves."""
_INCIDENTS = "pagerduty_incidents"
_INCIDENT_BEFORE = timedelta(minutes=30)
_MOST_ENTITIES = 60


class Applied(Value):
    """The change that was applied in an investigation, and what was seen then."""

    proposal: Proposal
    at: datetime
    outcome: Outcome | None = None


async def look_back(house: House, case: Case, now: datetime) -> Afterwards:
    """What is known by now of the time after an investigation.

    Args:
        house: the parts.
        case: the closed investigation.
        now: the present.
    """
    case = await _in_its_place(house, case)
    started, ended = case.investigation.started_at, case.investigation.ended_at or now
    recovered, back = _alert(await _signals(house, case), started, ended)
    applied = await _applied(house, case)
    neighbours = _neighbours(case)
    at = applied.at if applied else None
    return Afterwards(
        ended_at=ended,
        looked_at=now,
        alert_recovered_at=recovered,
        alert_back_at=back,
        change=applied.proposal.plan.summary if applied else "",
        applied_at=at,
        outcome=applied.outcome.status if applied and applied.outcome else None,
        taken_back=applied is not None and _taken_back(case, applied.proposal),
        rejected=await _rejected(house, case),
        signals=await _signals_now(house, applied, now) if applied else {},
        neighbours=await _suffering(house, neighbours, started, at, now) if at else (),
        neighbours_seen=bool(neighbours),
        repairs=await _repairs(house, case, applied, recovered) if recovered else (),
        incident_resolved_at=await _incident(house, case, now),
        words=await _words(house, case),
    )


async def _in_its_place(house: House, case: Case) -> Case:
    """The case with what is around the service, which the graph knows as it is now."""
    if case.entities:
        return case
    signal = case.signal
    entities, relations = await house.store.memory.around(
        signal.service, signal.namespace or signal.environment
    )
    return case.model_copy(update={"entities": entities, "relations": relations})


async def _signals(house: House, case: Case) -> Sequence[Signal]:
    if not case.signal.fingerprint:
        return ()
    since = case.investigation.started_at
    return await house.store.signals.recent(case.signal.fingerprint, since)


def _alert(
    signals: Sequence[Signal], started: datetime, ended: datetime
) -> tuple[datetime | None, datetime | None]:
    """When the alert was over first, and when it began again after that, or after the end."""
    over = (s.occurred_at for s in signals if s.state is AlertState.RECOVERED)
    recovered = next((at for at in over if at > started), None)
    from_then = min(recovered, ended) if recovered else ended
    again = (s.occurred_at for s in signals if s.state is AlertState.TRIGGERED)
    return recovered, next((at for at in again if at > from_then), None)


async def _applied(house: House, case: Case) -> Applied | None:
    done = [p for p in case.proposals if p.status is ProposalStatus.APPLIED and p.reverts is None]
    if not done:
        return None
    outcome = await house.store.outcomes.of(done[-1].id)
    at = done[-1].created_at
    if outcome is not None:
        at = outcome.observed_at - timedelta(seconds=outcome.watched_seconds)
    return Applied(proposal=done[-1], at=at, outcome=outcome)


def _taken_back(case: Case, proposal: Proposal) -> bool:
    applied = ProposalStatus.APPLIED
    return any(p.reverts == proposal.id and p.status is applied for p in case.proposals)


async def _rejected(house: House, case: Case) -> tuple[str, ...]:
    rejected = [p for p in case.proposals if p.status is ProposalStatus.REJECTED]
    decisions = [d for p in rejected for d in await house.store.approvals.of(p.id)]
    return tuple(dict.fromkeys(d.user for d in decisions if not d.approved))


async def _signals_now(house: House, applied: Applied, now: datetime) -> dict[str, bool]:
    """The signals that the change was to mend, read anew and judged as they were after it."""
    expected, outcome = applied.proposal.expectation, applied.outcome
    if expected is None or outcome is None:
        return {}
    registry = house.investigator.equipment.checks.registry
    watched = [w for w in _watched(expected.signals) if w.tool in registry]
    known = {s.name: s.before for s in outcome.signals}
    before = Look(values=tuple(known.get(w.name) for w in watched), at=applied.at)
    seen = judge(applied.proposal, watched, before, await look(registry, watched, now), applied.at)
    return {s.name: s.good for s in seen.signals if s.good is not None}


def _watched(signals: Sequence[Json]) -> Sequence[Watched]:
    """The signals as they were written down; none where an earlier version wrote them otherwise."""
    try:
        return [Watched.model_validate(s) for s in signals]
    except ValidationError:
        return ()


def _neighbours(case: Case) -> frozenset[str]:
    own = {case.signal.service, case.finding.entity if case.finding else ""}
    return frozenset(e.name for e in case.entities[:_MOST_ENTITIES]) - own


async def _suffering(
    house: House, neighbours: frozenset[str], started: datetime, at: datetime, now: datetime
) -> tuple[str, ...]:
    """The neighbours at which alerts began after the change, and had not while it was investigated."""
    verdicts = house.store.verdicts
    since = await verdicts.alerted(neighbours, at, min(now, at + WITHIN))
    before = await verdicts.alerted(neighbours, started - timedelta(hours=1), at)
    return tuple(sorted(since - before))


async def _repairs(
    house: House, case: Case, applied: Applied | None, recovered: datetime
) -> tuple[Repair, ...]:
    """What others changed around from the investigation's start until it recovered."""
    keys = [e.key for e in case.entities[:_MOST_ENTITIES]]
    cause = case.finding.entity if case.finding else ""
    if not keys:
        return ()
    changes = await house.store.graph.changes(keys, case.investigation.started_at, recovered)
    return tuple(
        Repair(what=c.what, at=c.at, at_the_cause=name_of(c.entity) == cause)
        for c in changes
        if c.type in _REPAIRS and not _is_ours(applied, name_of(c.entity), c.at)
    )


def _is_ours(applied: Applied | None, name: str, at: datetime) -> bool:
    if applied is None or name != applied.proposal.change.target.name:
        return False
    return applied.at - _OWN_CHANGE_BEFORE <= at <= applied.at + _OWN_CHANGE_AFTER


async def _incident(house: House, case: Case, now: datetime) -> datetime | None:
    """When the incident of the investigation was resolved in PagerDuty, where it can be read."""
    registry = house.investigator.equipment.checks.registry
    service, began = case.signal.service, case.investigation.started_at - _INCIDENT_BEFORE
    if _INCIDENTS not in registry or not service:
        return None
    hours = max(1, math.ceil((now - began).total_seconds() / 3600))
    try:
        reading = await registry[_INCIDENTS]({"service": service, "hours": hours})
    except ToolError:
        return None
    resolved = [
        datetime.fromisoformat(i["resolved_at"])
        for i in reading.data.get("incidents", ())
        if i.get("resolved_at")
        and i.get("created_at")
        and began <= datetime.fromisoformat(i["created_at"]) <= (case.investigation.ended_at or now)
    ]
    return min(resolved, default=None)


async def _words(house: House, case: Case) -> tuple[Word, ...]:
    said = await house.store.feedback.of("finding", str(case.investigation.id))
    return tuple(Word(user=f.user, right=f.verdict == "right", at=f.at) for f in said)

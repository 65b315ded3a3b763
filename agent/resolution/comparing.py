"""Reads what a counterfactual needs (a signal's course, earlier days, siblings) and says in words what it shows."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import NamedTuple

from agent.errors import ToolError
from agent.knowledge.graph import blast_radius, dependencies, dependencies_in
from agent.model import Case, Entity, OutcomeStatus, Series, Utc, Value
from agent.model.changes import Comparison
from agent.resolution.counterfactual import MOST_DAYS, Move, compare, level_of, scatter_of
from agent.resolution.watch import Role, Watched
from agent.tools import Registry

MOST_COURSES = 3
LEAD_SECONDS = 900.0
"""How much of the time before the change is read."""
_BEFORE_SECONDS = 600.0
_LEAST_AFTER_SECONDS = 60.0
_BUCKET_SECONDS = 600
"""Earlier days are read in such buckets: finer ones exceed what one answer holds."""
_DAY_SECONDS = 86_400.0
_MOST_SIBLINGS = 12
_SCALE = 10.0
"""A sibling's level is at most so many times the signal's own, or its ordinary one, and at least that part of it."""
_TERM = re.compile(
    r"\b(avg|sum|min|max):[\w.]+\{[^{}]*\}(?: by \{[^{}]*\})?(?:\.as_(?:rate|count)\(\))?"
)
_SCOPE = re.compile(r"\{([^{}]*)\}(?! by )")
_GROUPED = " by {service}"


class Course(Value):
    """A watched signal before and after a change, with what would have been expected without it."""

    signal: Watched
    points: tuple[tuple[float, float], ...]
    """(unix seconds, value), oldest first."""
    unit: str = ""
    comparison: Comparison


async def courses(
    registry: Registry,
    case: Case,
    target: Entity,
    signals: Sequence[Watched],
    applied_at: Utc,
    until: Utc,
    held_seconds: float = 0.0,
) -> tuple[Course, ...]:
    """The courses of the metrics among the signals; what cannot be read is left out.

    Args:
        registry: the read tools.
        case: the investigation, for who may be a sibling.
        target: what was changed.
        signals: what was watched; monitors have no course.
        applied_at: when the change was made.
        until: when the watch ended.
        held_seconds: the last part of the watch, whose level counts as after.
    """
    metrics = [s for s in signals if s.tool == "datadog_metrics"][:MOST_COURSES]
    span = _Span(applied_at.timestamp(), until.timestamp(), held_seconds)
    touched = _touched(case, target)
    found = await asyncio.gather(*(_course(registry, s, span, touched) for s in metrics))
    return tuple(c for c in found if c is not None)


def in_words(status: OutcomeStatus, against: Sequence[Comparison]) -> str:
    """What the comparisons add to what was seen: a sentence, never that the change did it; empty for nothing to add."""
    if status not in (OutcomeStatus.RECOVERED, OutcomeStatus.WORSE):
        return ""
    known = [c for c in against if c.low is not None]
    if not known:
        return "There is nothing to compare it with: no siblings, no earlier days."
    alike = {who for c in known for who in c.alike}
    did = "recovered" if status is OutcomeStatus.RECOVERED else "got worse"
    said = []
    if "siblings" in alike:
        said.append(f"siblings {did} as well")
    if "earlier days" in alike:
        said.append(f"on earlier days it {did} at this time as well")
    if said:
        return f"But {' and '.join(said)}."
    if any("siblings" in c.partly for c in known):
        return f"Siblings {did} too, if less."
    most = max(known, key=lambda c: (c.siblings, c.days))
    parts = [f"{most.siblings} siblings"] if most.siblings else []
    parts += [f"{most.days} earlier days"] if most.days else []
    return (
        f"Neither of these shows the like: {' and '.join(parts)}."
        if len(parts) > 1
        else (f"The like is not seen in {parts[0]}.")
    )


class _Span(NamedTuple):
    """The time that is compared, unix seconds."""

    applied: float
    until: float
    held: float

    @property
    def after(self) -> float:
        """Where the level after begins."""
        lasting = max(self.held, _LEAST_AFTER_SECONDS)
        return max(self.applied, self.until - lasting)

    def own(self, points: Sequence[tuple[float, float]]) -> Move | None:
        """The levels before and after the change."""
        before = level_of(points, self.applied - _BEFORE_SECONDS, self.applied)
        after = level_of(points, self.after, self.until)
        return None if before is None or after is None else Move(before, after)

    def earlier(self, points: Sequence[tuple[float, float]]) -> list[Move]:
        """The same interval on earlier days, from points that each stand for a bucket."""
        middles = [(at + _BUCKET_SECONDS / 2, value) for at, value in points]
        moves = []
        for day in range(1, MOST_DAYS + 1):
            shift = day * _DAY_SECONDS
            applied, until = self.applied - shift, self.until - shift
            before = level_of(middles, applied - 2 * _BUCKET_SECONDS, applied)
            after = level_of(middles, until - _BUCKET_SECONDS, until + _BUCKET_SECONDS / 2)
            if before is not None and after is not None:
                moves.append(Move(before, after))
        return moves


async def _course(
    registry: Registry, signal: Watched, span: _Span, touched: frozenset[str]
) -> Course | None:
    query = str(signal.arguments["query"])
    minutes = (span.until - span.applied + LEAD_SECONDS) / 60
    week = (MOST_DAYS * _DAY_SECONDS + span.until - span.applied) / 60 + 45
    own_query, grouped = (
        (_of_one(signal, query), query)
        if signal.service
        else (
            query,
            grouped_by_service(query),
        )
    )
    own, siblings, days = await asyncio.gather(
        _series(registry, own_query, minutes),
        _series(registry, grouped, minutes),
        _series(registry, in_buckets(own_query), week),
    )
    if len(own) != 1 or (move := span.own(own[0].points)) is None:
        return None
    before = [v for at, v in own[0].points if at <= span.applied]
    comparison = compare(
        signal.name,
        move,
        scatter_of(before),
        span.earlier(days[0].points) if len(days) == 1 else (),
        _siblings(signal, siblings, span, touched, move),
        own[0].unit or signal.unit,
    )
    return Course(
        signal=signal,
        points=own[0].points,
        unit=own[0].unit or signal.unit,
        comparison=comparison,
    )


def _siblings(
    signal: Watched,
    found: Sequence[Series],
    span: _Span,
    touched: frozenset[str],
    own: Move,
) -> list[Move]:
    """The moves of what the change does not touch and is of the signal's size, the most alike in level first."""
    levels = [v for v in (own.before, own.after, signal.baseline) if v]
    moves = []
    for series in found:
        name = series.tags.get("service", "")
        move = span.own(series.points)
        if not name or name in touched or name == signal.service or move is None:
            continue
        if _is_of_size(move.before, levels):
            moves.append(move)
    moves.sort(key=lambda m: abs(m.before - own.before))
    return moves[:_MOST_SIBLINGS]


def _is_of_size(level: float, levels: Sequence[float]) -> bool:
    return any(abs(v) / _SCALE <= abs(level) <= abs(v) * _SCALE for v in levels) if levels else True


def _touched(case: Case, target: Entity) -> frozenset[str]:
    """Whom the change can reach: the target, what stands on it, what it stands on; and what was in trouble."""
    graph = dependencies_in(case)
    own = {target.name, case.signal.service}
    if case.finding is not None:
        own.add(case.finding.entity)
    reached = set(own)
    for name in own - {""}:
        reached |= {*blast_radius(graph, name), *dependencies(graph, name)}
    return frozenset(reached - {""})


async def _series(registry: Registry, query: str, minutes: float) -> Sequence[Series]:
    if not query:
        return ()
    try:
        arguments = {"query": query, "minutes": minutes}
        return (await registry["datadog_metrics"](arguments)).series
    except ToolError:
        return ()


def in_buckets(query: str) -> str:
    """The query with points ten minutes apart; empty where it says itself how far apart they are."""
    if ".rollup(" in query or not _TERM.search(query):
        return ""
    return _TERM.sub(lambda m: f"{m[0]}.rollup({m[1]}, {_BUCKET_SECONDS})", query)


def grouped_by_service(query: str) -> str:
    """The query for all services of the same place; empty where it is about something finer, or grouped already."""
    scopes = _SCOPE.findall(query)
    if not scopes or " by {" in query:
        return ""
    tags = [dict(t.strip().partition(":")[::2] for t in scope.split(",")) for scope in scopes]
    if any(set(t) - {"service", "env"} or not t.get("service") for t in tags):
        return ""
    return _SCOPE.sub(lambda m: f"{{{_without_service(m[1])}}}{_GROUPED}", query)


def _without_service(scope: str) -> str:
    left = [t.strip() for t in scope.split(",") if not t.strip().startswith("service:")]
    return ",".join(left) or "*"


def _of_one(signal: Watched, query: str) -> str:
    """A neighbour's own part of the query for all services."""
    return re.sub(
        r"\{([^{}]*)\} by \{service\}", lambda m: f"{{service:{signal.service},{m[1]}}}", query
    )


def decisive(signals: Sequence[Watched], worse: Sequence[Watched]) -> tuple[Watched, ...]:
    """The metrics to compare and to draw, at most three: what got worse first, then what started it."""
    own = [s for s in signals if s.role is Role.STARTED]
    return tuple({s.name: s for s in (*worse, *own) if not s.monitor}.values())[:MOST_COURSES]

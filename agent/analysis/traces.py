"""Where traces spend their time and where their errors begin.

A span's self time is its duration less the union of its children's times. An error belongs to the deepest failing span
of its chain: a span that fails only because a span below it did is a victim.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Span:
    """One operation within a trace; times in unix seconds."""

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    resource: str
    start: float
    seconds: float
    error: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """All spans of one (service, resource)."""

    service: str
    resource: str
    count: int
    error_ratio: float
    error_origin_ratio: float
    """Share of the spans that fail with no failing span below them."""
    p50_seconds: float
    p95_seconds: float
    self_p50_seconds: float
    self_total_seconds: float
    slowest_trace: str


@dataclass(frozen=True)
class Call:
    """All calls of one service to another."""

    caller: str
    callee: str
    count: int
    p95_seconds: float
    error_ratio: float
    attempts: float
    """How often a caller's span calls it on average."""
    repeated_ratio: float
    """Share of the calls that are made again after the same one failed."""


@dataclass(frozen=True)
class Attribution:
    """Operations by total self time, and calls by count, largest first."""

    operations: tuple[Operation, ...]
    calls: tuple[Call, ...]


def attribute(spans: Iterable[Span]) -> Attribution:
    """Attribute time and errors; spans whose parent was not sampled count as roots."""
    spans = list({(s.trace_id, s.span_id): s for s in spans}.values())
    children: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for span in spans:
        children[span.trace_id, span.parent_id].append(span)
    by_operation: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for span in spans:
        by_operation[span.service, span.resource].append(span)
    operations = [_operation(group, children) for group in by_operation.values()]
    operations.sort(key=lambda o: -o.self_total_seconds)
    calls = sorted(_calls(spans), key=lambda c: -c.count)
    return Attribution(tuple(operations), tuple(calls))


def self_seconds(span: Span, children: Sequence[Span]) -> float:
    """The span's duration less the union of its children's times within it."""
    covered, reached, end = 0.0, span.start, span.start + span.seconds
    for child in sorted(children, key=lambda c: c.start):
        upper = min(child.start + child.seconds, end)
        covered += max(0.0, upper - max(child.start, reached))
        reached = max(reached, upper)
    return max(0.0, span.seconds - covered)


def _operation(group: Sequence[Span], children: dict[tuple[str, str], list[Span]]) -> Operation:
    seconds = np.array([s.seconds for s in group])
    below = [children.get((s.trace_id, s.span_id), []) for s in group]
    own = np.array([self_seconds(s, c) for s, c in zip(group, below, strict=True)])
    origins = [s.error and not any(x.error for x in c) for s, c in zip(group, below, strict=True)]
    return Operation(
        service=group[0].service,
        resource=group[0].resource,
        count=len(group),
        error_ratio=sum(s.error for s in group) / len(group),
        error_origin_ratio=sum(origins) / len(group),
        p50_seconds=float(np.percentile(seconds, 50)),
        p95_seconds=float(np.percentile(seconds, 95)),
        self_p50_seconds=float(np.percentile(own, 50)),
        self_total_seconds=float(own.sum()),
        slowest_trace=max(group, key=lambda s: s.seconds).trace_id,
    )


def _calls(spans: Sequence[Span]) -> Iterable[Call]:
    by_id = {(s.trace_id, s.span_id): s for s in spans}
    pairs: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for span in spans:
        parent = by_id.get((span.trace_id, span.parent_id))
        if parent is not None and parent.service != span.service:
            pairs[parent.service, span.service].append(span)
    for (caller, callee), group in pairs.items():
        repeated = _repeated(group)
        yield Call(
            caller,
            callee,
            len(group),
            float(np.percentile([s.seconds for s in group], 95)),
            sum(s.error for s in group) / len(group),
            attempts=len(group) / len({(s.trace_id, s.parent_id) for s in group}),
            repeated_ratio=repeated / len(group),
        )


def _repeated(calls: Sequence[Span]) -> int:
    """How many of the calls follow a failed one of the same operation by the same parent."""
    failed: set[tuple[str, str, str]] = set()
    count = 0
    for call in sorted(calls, key=lambda s: s.start):
        same = (call.trace_id, call.parent_id, call.resource)
        count += same in failed
        if call.error:
            failed.add(same)
    return count

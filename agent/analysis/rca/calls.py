"""Which spans are calls to another entity, and to which.

A span whose children all belong to another entity is a call. A call without a server span (lost, cut, timed out, or to
something that records nothing) is told by what its operation usually calls, or by its name and the call graph.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from agent.analysis.rca.reading import Integers, Spans

LOCAL = -1
"""No call to another entity."""
SOMEONE = -2
"""A call, to no one knows whom."""
_GENERIC = re.compile(r"(service|server|svc)$")


def callees(spans: Spans, calls: Iterable[tuple[str, str]]) -> Integers:
    """For each span that is a call to another entity, that entity; ``LOCAL`` for the others, and ``SOMEONE`` for a call
    without a server span whose operation calls several."""
    child = np.flatnonzero(spans.parent >= 0)
    parent = spans.parent[child]
    remote = spans.entity[child] != spans.entity[parent]
    count = spans.start.size
    local = np.bincount(parent[~remote], minlength=count)
    callee = np.full(count, LOCAL, dtype=np.int64)
    callee[parent[remote]] = spans.entity[child[remote]]
    callee[local > 0] = LOCAL
    by_operation = _usual_callee(spans, callee)
    for operation, found in _named_callees(spans, calls, by_operation).items():
        by_operation[operation] = found
    childless = np.bincount(parent, minlength=count) == 0
    return np.where(childless, by_operation[spans.operation], callee)


def _usual_callee(spans: Spans, callee: Integers) -> Integers:
    """The entity that most spans of an operation call; ``LOCAL`` for operations that are no calls."""
    total = np.bincount(spans.operation, minlength=len(spans.operations))
    calling = np.bincount(spans.operation[callee >= 0], minlength=total.size)
    usual = np.where(2 * calling > total, SOMEONE, LOCAL)
    width = len(spans.entities)
    pairs, counts = np.unique(
        spans.operation[callee >= 0] * width + callee[callee >= 0], return_counts=True
    )
    for pair, seen in zip(pairs, counts, strict=True):
        if 2 * seen > total[pair // width]:
            usual[pair // width] = pair % width
    return usual


def _named_callees(
    spans: Spans, calls: Iterable[tuple[str, str]], known: Integers
) -> dict[int, int]:
    """Operations without any child that are named after a callee of their entity: calls whose other side was not recorded."""
    parents = set(spans.operation[spans.parent[spans.parent >= 0]].tolist())
    below: dict[str, list[str]] = defaultdict(list)
    for caller, callee in calls:
        below[caller].append(callee)
    found: dict[int, int] = {}
    places = {name: place for place, name in enumerate(spans.entities)}
    for operation, (entity, name) in enumerate(spans.operations):
        if operation in parents or known[operation] != LOCAL:
            continue
        named = [c for c in below[entity] if c in places and _stem(c) in name.lower()]
        if len(named) == 1:
            found[operation] = places[named[0]]
    return found


def _stem(entity: str) -> str:
    """What is particular in a name: ``currencyservice`` -> ``currency``."""
    words = [w for w in re.split(r"[^a-z0-9]+", entity.lower()) if w]
    stem = max((_GENERIC.sub("", w) for w in words), key=len, default="")
    return stem if len(stem) > 3 else entity.lower()

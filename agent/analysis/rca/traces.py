"""Where traces of the incident spend more time, or run otherwise, than normal ones.

**Time.** Every span has a self time: its duration less the union of its children's. A span whose children all belong to
another entity is a call; its self time is the network gap of that edge, time that passed outside both. What rose is put to
a single culprit: its own operations, the gaps of the calls to it and of the calls it makes, where the calls count only as
far as *all* calls of that side are slow: a slow network interface or a starved CPU slows every call of its pod, while one
slow callee slows one call of its caller. How much rose is measured by the deviance ``b log(b/a) - (b - a)`` of the time per
request (that of a Poisson count, Kullback-Leibler), which needs both a large ratio and a large amount; the ratio is the lower
end of a one-sigma interval, so that a few spans with a heavy tail claim little.

**Structure.** A span's shape is the set of operations it calls. Shapes far more frequent than normal are odd; of a chain of
odd spans the deepest is held to be where it began, as the ones above lack what was not returned to them. A call that has no
server span counts against the callee. This is the idea of Nezha (Yu et al., FSE 2023: event patterns that appear and vanish
between a fault-free and a faulty phase), on calls alone and attributed to the deepest place.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.analysis.fits import Floats
from agent.analysis.rca.evidence import Indicator
from agent.analysis.rca.reading import Flags, Integers, Spans

_FLOOR = 0.01
"""Of a normal request's time: what nobody would notice."""
_PRIOR_SPANS = 3.0
"""Weight, in spans, of what is usual for a place of its sort, where normal traces hardly visit it."""
_DRIFT = 0.5
"""By how much, as a logarithm, the same operation may differ between two healthy times, such as two days."""
_NOTICEABLE = 0.1
"""Of a normal request's time: an increase that matters by itself."""
_MOST = 4.0
_ODD = 0.02
"""Share of odd spans that begins to matter: fewer are lost or cut by any recorder of traces."""
_ODDER = 2.0
"""How many times as frequent as normal a shape must be to be odd."""
_LEAST_SPANS = 10
_LOCAL, _SOMEONE = -1, -2
_GENERIC = re.compile(r"(service|server|svc)$")


def self_times(spans: Spans) -> Floats:
    """Each span's duration less the union of its children's times within it; microseconds."""
    child = np.flatnonzero(spans.parent >= 0)
    child = child[np.lexsort((spans.start[child], spans.parent[child]))]
    parent = spans.parent[child]
    end = spans.start + spans.duration
    start = np.maximum(spans.start[child], spans.start[parent])
    until = np.maximum(np.minimum(end[child], end[parent]), start)
    covered = np.zeros(spans.start.size)
    if child.size:
        first = np.r_[True, parent[1:] != parent[:-1]]
        # The furthest end so far among siblings: a running maximum that each group of siblings starts afresh.
        group, width = np.cumsum(first), np.ptp(until) + 1.0
        reached = np.maximum.accumulate(until - until.min() + group * width)
        reached = reached - group * width + until.min()
        before = np.where(first, start, np.r_[0.0, reached[:-1]])
        np.add.at(covered, parent, np.maximum(0.0, until - np.maximum(start, before)))
    return np.maximum(0.0, spans.duration - covered)


def indicators(spans: Spans, calls: Iterable[tuple[str, str]]) -> list[Indicator]:
    """What traces say of each entity; nothing without spans of both phases."""
    if not spans.incident.any() or spans.incident.all():
        return []
    callee = _callees(spans, calls)
    return [*_time(spans, callee), *_structure(spans, callee)]


# ---- calls


def _callees(spans: Spans, calls: Iterable[tuple[str, str]]) -> Integers:
    """For each span that is a call to another entity, that entity; ``_LOCAL`` for the others, and ``_SOMEONE`` for a call
    without a server span whose operation calls several."""
    child = np.flatnonzero(spans.parent >= 0)
    parent = spans.parent[child]
    remote = spans.entity[child] != spans.entity[parent]
    count = spans.start.size
    local = np.bincount(parent[~remote], minlength=count)
    callee = np.full(count, _LOCAL, dtype=np.int64)
    callee[parent[remote]] = spans.entity[child[remote]]
    callee[local > 0] = _LOCAL
    by_operation = _usual_callee(spans, callee)
    for operation, found in _named_callees(spans, calls, by_operation).items():
        by_operation[operation] = found
    childless = np.bincount(parent, minlength=count) == 0
    return np.where(childless, by_operation[spans.operation], callee)


def _usual_callee(spans: Spans, callee: Integers) -> Integers:
    """The entity that most spans of an operation call; ``_LOCAL`` for operations that are no calls."""
    total = np.bincount(spans.operation, minlength=len(spans.operations))
    calling = np.bincount(spans.operation[callee >= 0], minlength=total.size)
    usual = np.where(2 * calling > total, _SOMEONE, _LOCAL)
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
        if operation in parents or known[operation] != _LOCAL:
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


# ---- time


@dataclass(frozen=True)
class _Place:
    """An operation's own time, or the gap of all calls from one entity to another."""

    entity: int
    callee: int
    name: str
    before: float
    after: float
    """Mean self time, microseconds."""
    rise: float
    """Natural logarithm of their ratio, at the lower end of a one-sigma interval."""
    deviance: float
    """Microseconds for each request that passes here."""

    @property
    def slow(self) -> float:
        """0..1: whether it rose at all; an e-fold is 1."""
        return float(np.clip(self.rise, 0.0, 1.0))


def _time(spans: Spans, callee: Integers) -> list[Indicator]:
    request = float(np.median(spans.duration[(spans.parent < 0) & ~spans.incident]))
    places = _places(spans, callee, _FLOOR * request)
    claims = {e: _claims(e, places) for e in range(len(spans.entities))}
    largest = max((sum(c.values()) for c in claims.values()), default=0.0)
    if largest <= 0:
        return []
    scale = _MOST * largest / (largest + _NOTICEABLE * request) / largest
    return [
        Indicator(
            entity=spans.entities[entity],
            name=place.name,
            family="time",
            strength=scale * claim,
            text=f"{place.name}: {place.before / 1e3:.3g} -> {place.after / 1e3:.3g} ms",
        )
        for entity, claimed in claims.items()
        for place, claim in claimed.items()
        if claim > 0.01 * largest
    ]


def _claims(entity: int, places: list[_Place]) -> dict[_Place, float]:
    """The deviance that the entity explains, place by place."""
    claims = {p: p.deviance for p in places if p.entity == entity and p.callee < 0}
    to_it = [p for p in places if p.callee == entity]
    by_it = [p for p in places if p.entity == entity and p.callee >= 0]
    for calls, judged in ((to_it, to_it), (by_it, to_it + by_it)):
        slow = float(np.mean([p.slow for p in judged])) if calls else 0.0
        claims |= {p: slow * p.deviance for p in calls}
    return claims


def _places(spans: Spans, callee: Integers, floor: float) -> list[_Place]:
    width = len(spans.entities)
    edges = len(spans.operations) + spans.entity * width + callee
    keys, place = np.unique(np.where(callee >= 0, edges, spans.operation), return_inverse=True)
    times, known = self_times(spans) + floor, callee != _SOMEONE
    normal = _moments(times, place, ~spans.incident & known, keys.size)
    faulty = _moments(times, place, spans.incident & known, keys.size)
    is_edge = keys >= len(spans.operations)
    before = _with_prior(normal, is_edge)
    seen = (faulty.count > 0) & (before > 0)
    noise = np.sqrt(normal.error**2 + faulty.error**2 + _DRIFT**2)
    rise = np.where(seen, np.log(np.where(seen, faulty.mean / before, 1.0)) - noise, 0.0)
    rise = np.maximum(rise, 0.0)
    after = before * np.exp(rise)
    deviance = (after * rise - (after - before)) * _visits(spans, place, keys.size)
    found = []
    for k in np.flatnonzero(seen):
        key = int(keys[k]) - len(spans.operations)
        caller, called = divmod(key, width) if key >= 0 else (-1, -1)
        if key < 0:
            entity, operation = spans.operations[keys[k]]
            caller, name = spans.entities.index(entity), f"{operation} (own time)"
        else:
            name = f"call {spans.entities[caller]} -> {spans.entities[called]} (network and queue)"
        found.append(
            _Place(
                caller,
                called,
                name,
                before[k] - floor,
                faulty.mean[k] - floor,
                rise[k],
                float(deviance[k]),
            )
        )
    return found


@dataclass(frozen=True)
class _Moments:
    count: Floats
    total: Floats
    mean: Floats
    error: Floats
    """Standard error of the mean, relative to it."""


def _moments(times: Floats, place: Integers, chosen: Flags, size: int) -> _Moments:
    count = np.bincount(place[chosen], minlength=size).astype(np.float64)
    total = np.asarray(np.bincount(place[chosen], times[chosen], minlength=size), np.float64)
    squares = np.bincount(place[chosen], times[chosen] ** 2, minlength=size)
    some = np.maximum(count, 1.0)
    mean = total / some
    variance = np.maximum(squares / some - mean**2, 0.0)
    error = np.sqrt(variance / some) / np.maximum(mean, 1e-9)
    return _Moments(count, total, mean, error)


def _with_prior(normal: _Moments, is_edge: Flags) -> Floats:
    """Normal means, drawn towards the median of places of the same sort where few spans tell them."""
    before = np.zeros(normal.count.size)
    for sort in (is_edge, ~is_edge):
        known = sort & (normal.count >= _PRIOR_SPANS)
        usual = float(np.median(normal.mean[known])) if known.any() else 0.0
        weight = np.maximum(0.0, _PRIOR_SPANS - normal.count[sort]) if usual else 0.0
        before[sort] = (normal.total[sort] + weight * usual) / np.maximum(
            normal.count[sort] + weight, 1.0
        )
    return before


def _visits(spans: Spans, place: Integers, size: int) -> Floats:
    """How often a request of the incident that passes a place passes it."""
    here = place[spans.incident]
    count = np.bincount(here, minlength=size)
    width = int(spans.trace.max()) + 1
    requests = np.unique(here * width + spans.trace[spans.incident]) // width
    return np.asarray(count / np.maximum(np.bincount(requests, minlength=size), 1), np.float64)


# ---- structure


def _structure(spans: Spans, callee: Integers) -> list[Indicator]:
    """Odd shapes among all spans of an operation, and among those of its spans that make a certain call."""
    shape, size = _shapes(spans), len(spans.operations)
    everyone = np.arange(spans.start.size)
    caller, called = _called(spans)
    views = ((everyone, spans.operation), (caller, spans.operation[caller] * size + called))
    odd = [_oddness(kind, shape[chosen], spans.incident[chosen]) for chosen, kind in views]
    oddest = odd[0].copy()
    np.maximum.at(oddest, caller, odd[1])
    begins = 1.0 - _below(spans, oddest)
    blamed = np.where(callee >= 0, callee, spans.entity)
    shares = np.zeros((len(spans.entities), size))
    for (chosen, kind), oddness in zip(views, odd, strict=True):
        now = chosen[spans.incident[chosen]]
        own = (oddness * begins[chosen])[spans.incident[chosen]]
        kinds, place = np.unique(kind[spans.incident[chosen]], return_inverse=True)
        count = np.bincount(place).astype(np.float64)
        groups = np.bincount(
            blamed[now] * kinds.size + place, own, minlength=len(spans.entities) * kinds.size
        ).reshape(-1, kinds.size)
        share = np.where(groups > 0, _lower(groups / count, count), 0.0)
        operation = kinds if chosen is everyone else kinds // size
        for at, kind_share in zip(operation, share.T, strict=True):
            shares[:, at] = np.maximum(shares[:, at], kind_share)
    return _odd_indicators(spans, shares)


def _odd_indicators(spans: Spans, shares: Floats) -> list[Indicator]:
    # What befalls every entity alike is the recorder's loss.
    excess = np.maximum(0.0, shares - np.median(shares.max(axis=1)))
    found = []
    for entity, best in enumerate(excess.argmax(axis=1)):
        if excess[entity, best] > 0.1 * _ODD:
            place = " ".join(spans.operations[best])
            found.append(
                Indicator(
                    entity=spans.entities[entity],
                    name=spans.operations[best][1],
                    family="structure",
                    strength=float(np.log1p(excess[entity, best] / _ODD)),
                    text=f"{shares[entity, best]:.0%} of {place} make other calls than is normal",
                )
            )
    return found


def _called(spans: Spans) -> tuple[Integers, Integers]:
    """Spans with each operation that they call, once."""
    child = np.flatnonzero(spans.parent >= 0)
    width = len(spans.operations)
    pairs = np.unique(spans.parent[child] * width + spans.operation[child])
    return pairs // width, pairs % width


def _shapes(spans: Spans) -> NDArray[np.uint64]:
    """A number for each span that only spans with the same operation and the same set of called operations share."""
    random = np.random.default_rng(0).integers(1, 2**63, (2, len(spans.operations)), np.uint64)
    shape: NDArray[np.uint64] = random[0, spans.operation]
    caller, called = _called(spans)
    np.bitwise_xor.at(shape, caller, random[1, called])
    return shape


def _oddness(kind: Integers, shape: NDArray[np.uint64], incident: Flags) -> Floats:
    """The share of incident spans like each that normal traffic does not explain, among spans of its kind; 0 for normal ones.

    Bounds are the ends of Wilson's one-sigma intervals, so that few spans claim little.
    """
    _, kind = np.unique(kind, return_inverse=True)
    both = np.stack([kind.astype(np.uint64), shape])
    shapes, first, place = np.unique(both, axis=1, return_index=True, return_inverse=True)
    counts = [
        np.bincount(kind[chosen], minlength=kind.max() + 1) for chosen in (~incident, incident)
    ]
    normal_count, faulty_count = (c[kind[first]].astype(np.float64) for c in counts)
    normal, faulty = (
        np.bincount(place[chosen], minlength=shapes.shape[1]) / np.maximum(count, 1.0)
        for chosen, count in ((~incident, normal_count), (incident, faulty_count))
    )
    normal, faulty = _upper(normal, normal_count), _lower(faulty, faulty_count)
    known = (normal_count >= _LEAST_SPANS) & (faulty > _ODDER * normal)
    odd = np.where(known, 1.0 - normal / np.maximum(faulty, 1e-9), 0.0)
    return np.where(incident, odd[place], 0.0)


def _upper(rate: Floats, count: Floats) -> Floats:
    return _wilson(rate, count, 1.0)


def _lower(rate: Floats, count: Floats) -> Floats:
    return _wilson(rate, count, -1.0)


def _wilson(rate: Floats, count: Floats, sigma: float) -> Floats:
    n = np.maximum(count, 1.0)
    half = sigma * np.sqrt(rate * (1 - rate) / n + 0.25 / n**2)
    return np.asarray((rate + 0.5 / n + half) / (1 + 1 / n), dtype=np.float64)


def _below(spans: Spans, oddness: Floats) -> Floats:
    """The largest oddness anywhere below each span."""
    below = np.zeros(oddness.size)
    child = np.flatnonzero(spans.parent >= 0)
    parent = spans.parent[child]
    while True:
        carried = below.copy()
        np.maximum.at(carried, parent, np.maximum(oddness[child], below[child]))
        if np.array_equal(carried, below):
            return below
        below = carried

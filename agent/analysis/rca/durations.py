"""Where the time of the incident's requests goes that normal ones do not take.

Every span has a self time: its duration less the union of its children's. The self time of a call is the network gap of its
edge: time that passed outside both entities. What rose is put to a single culprit: its own operations, the gaps of the calls
to it and of the calls it makes, where the calls count only as far as *all* calls of that side are slow: a slow network
interface or a starved CPU slows every call of its pod, while one slow callee slows one call of its caller.

How much rose is measured by the deviance ``b log(b/a) - (b - a)`` of the time per request (that of a Poisson count, a
Kullback-Leibler divergence), which takes both a large ratio and a large amount. The ratio is the lower end of a one-sigma
interval, so that a few spans with a heavy tail claim little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agent.analysis.fits import Floats
from agent.analysis.rca.calls import SOMEONE
from agent.analysis.rca.evidence import MOST, Indicator
from agent.analysis.rca.reading import Flags, Integers, Spans

_FLOOR = 0.01
"""Of a normal request's time: what nobody would notice."""
_NOTICEABLE = 0.1
"""Of a normal request's time: an increase that matters by itself."""
_PRIOR_SPANS = 3.0
"""Weight, in spans, of what is usual for a place of its sort, where normal traces hardly visit it."""
_DRIFT = 0.5
"""By how much, as a logarithm, the same operation may differ between two healthy times, such as two days."""


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


def indicators(spans: Spans, callee: Integers) -> list[Indicator]:
    """Places of each entity that take more time, as parts of what that entity alone would explain."""
    request = float(np.median(spans.duration[(spans.parent < 0) & ~spans.incident]))
    places = _places(spans, callee, _FLOOR * request)
    claims = {e: _claims(e, places) for e in range(len(spans.entities))}
    largest = max((sum(c.values()) for c in claims.values()), default=0.0)
    if largest <= 0:
        return []
    scale = MOST * largest / (largest + _NOTICEABLE * request) / largest
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
    times, known = self_times(spans) + floor, callee != SOMEONE
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

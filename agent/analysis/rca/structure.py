"""Which entities run otherwise than they normally do: calls that vanish or appear.

A span's shape is the set of operations that it calls. Shapes far more frequent than in normal traffic are odd, among all
spans of an operation and among those of its spans that make a certain call. Of a chain of odd spans the deepest is held to
be where it began, since those above lack only what was not returned to them. A call without a server span counts against the
callee. This is the idea of Nezha (Yu et al., FSE 2023: event patterns that appear and vanish between a fault-free and a
faulty phase), on calls alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.analysis.fits import Floats
from agent.analysis.rca.evidence import Indicator
from agent.analysis.rca.reading import Flags, Integers, Spans

_ODD = 0.02
"""Share of odd spans that begins to matter: fewer are lost or cut by any recorder of traces."""
_ODDER = 2.0
"""How many times as frequent as normal a shape must be to be odd."""
_LEAST_SPANS = 10
"""Of normal traffic, for saying what is normal."""


def indicators(spans: Spans, callee: Integers) -> list[Indicator]:
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

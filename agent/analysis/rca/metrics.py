"""What metrics say of each entity, once what its neighbours explain is taken off.

Departures are explained away along the call graph, each kind in the direction in which it travels (as in CIRCA, Li et al.,
KDD 2022: an indicator is a cause only as far as its parents do not explain it): latency and errors come from callees,
requests from callers; CPU, memory and disk are an entity's own. Calls that multiply or cease without the caller's own
requests doing so are the caller's doing, and latency that comes with more requests is the doing of where those come from.
Metrics of the host are shared by all that run there and count little.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from agent.analysis.rca.departures import Departure, departures
from agent.analysis.rca.evidence import MOST, Indicator
from agent.analysis.rca.graph import Graph
from agent.analysis.rca.reading import Case

_HOST_WEIGHT = 0.3
_CEASED = 0.5
"""Of calls that cease against calls that multiply: whoever failed first, the rest of the work is left out."""
_OVERLOAD = float(np.log(1.5))
"""Requests half as many again explain any latency: queues grow faster than their load."""
_FAMILIES = {"latency": "latency", "successes": "errors", "errors": "errors"}


def indicators(case: Case, graph: Graph) -> list[Indicator]:
    """What metrics say of each entity."""
    found = departures(case)
    slow = [*_from_callees(found, graph)]
    return [*_own(found), *_overloaded(slow, found, graph), *_from_callers(found, graph)]


def _own(found: Sequence[Departure]) -> Iterator[Indicator]:
    for d in found:
        if d.kind in ("resource", "host") and d.effect > 0:
            weight = _HOST_WEIGHT if d.kind == "host" else 1.0
            yield _indicator(d, d.column.entity, "resource", weight * d.effect)


def _from_callees(found: Sequence[Departure], graph: Graph) -> Iterator[Indicator]:
    """Latency and errors, less what callees explain of them, like for like."""
    alike: dict[tuple[str, str], dict[str, Departure]] = defaultdict(dict)
    for d in found:
        if d.kind in _FAMILIES and d.rise > 0:
            alike[d.column.metric, d.column.statistic][d.column.entity] = d
    for by_entity in alike.values():
        for entity, d in by_entity.items():
            below = [by_entity[c].rise for c in graph.below(entity) if c in by_entity]
            left = 1.0 - min(1.0, max(below, default=0.0) / d.rise)
            yield _indicator(d, entity, _FAMILIES[d.kind], left * d.effect)


def _overloaded(
    slow: Sequence[Indicator], found: Sequence[Departure], graph: Graph
) -> Iterator[Indicator]:
    """Latency that came with more requests, put to where those requests came from."""
    more = {d.column.entity: d.effect for d in found if d.kind == "traffic" and d.effect > 0}
    for indicator in slow:
        source = _source(indicator.entity, more, graph)
        if indicator.family != "latency" or source == indicator.entity:
            yield indicator
            continue
        theirs = min(1.0, more[indicator.entity] / _OVERLOAD) * indicator.strength
        yield replace(indicator, strength=indicator.strength - theirs)
        yield replace(indicator, entity=source, family="traffic", strength=theirs)


def _source(entity: str, more: dict[str, float], graph: Graph) -> str:
    """The topmost caller from which an entity's additional requests come; itself where there is none."""
    passed = {entity}
    while entity in more:
        enough = 0.5 * more[entity]
        callers = [c for c in graph.above(entity) - passed if more.get(c, 0.0) >= enough]
        if not callers:
            break
        entity = max(sorted(callers), key=lambda c: more[c])
        passed.add(entity)
    return entity


def _from_callers(found: Sequence[Departure], graph: Graph) -> Iterator[Indicator]:
    """Requests that callers' own do not explain: the entry's own, else the callers' doing."""
    traffic = {d.column.entity: d for d in found if d.kind == "traffic"}
    for entity, d in traffic.items():
        callers = graph.above(entity)
        if not callers:
            if d.effect > 0:
                yield _indicator(d, entity, "traffic", d.effect)
            continue
        left = min(abs(d.effect - (traffic[c].effect if c in traffic else 0.0)) for c in callers)
        weight = (1.0 if d.effect > 0 else _CEASED) / len(callers)
        for caller in sorted(callers):
            yield _indicator(d, caller, "traffic", weight * left)


def _indicator(d: Departure, entity: str, family: str, strength: float) -> Indicator:
    name = "|".join(filter(None, (d.column.entity, d.column.metric, d.column.statistic)))
    return Indicator(
        entity=entity,
        name=name,
        family=family,
        strength=float(np.clip(strength, 0.0, MOST)),
        text=f"{name}: {d.before:.3g} -> {d.after:.3g}",
        onset=d.onset,
    )

"""Which metrics departed with the incident, and which departures the neighbours do not explain.

Every series is compared, as a logarithm, with its own past: a robust z-score as in BARO (Pham et al., FSE 2024: median and
spread instead of mean and deviation, since earlier faults lie in the past as well), taken against the whole past and the
near past, whichever is closer. Where the symptom's own series is known, only what moved *with* it during the incident
counts: what stood already when the symptom began, or differs for as long as the symptom is absent, is another day's level.

What remains is explained away along the call graph, each kind in the direction in which it travels (CIRCA, Li et al., KDD
2022: an indicator is a cause only as far as its parents do not explain it): latency and errors come from callees, requests
from callers; CPU, memory and disk are an entity's own. Calls that multiply or cease without the caller's own requests doing
so are the caller's doing. Metrics of the host are shared by all that run there and count little.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np

from agent.analysis.fits import Floats
from agent.analysis.rca.evidence import Indicator
from agent.analysis.rca.graph import Graph
from agent.analysis.rca.reading import Case, Column

_KINDS = (
    ("host", re.compile(r"(node|host).*(cpu|mem|disk|load|pressure)", re.I)),
    ("other", re.compile(r"node|host", re.I)),
    ("latency", re.compile(r"latenc|duration|response.?time|\brt\b", re.I)),
    ("errors", re.compile(r"availab|success", re.I)),
    ("failures", re.compile(r"error|fail|fault|5xx|exception", re.I)),
    ("traffic", re.compile(r"request|workload|\bops\b|qps|rps|throughput|hits", re.I)),
    ("resource", re.compile(r"cpu|mem|heap|disk|throttl|thread|descriptor|\bgc\b", re.I)),
)
_HOST_WEIGHT = 0.3
_NOISE = 0.1
"""Least spread of a logarithm that is believed: ten per cent."""
_SIGMAS = 2.0
_FLOOR = 0.1
"""Of what is usual for that metric among entities: below it, ratios mean nothing."""
_NEAR = 30
"""Rows of the near past."""
_LEAST_COVERED = 0.1
"""Share of the past that a series must be known in."""
_MOST = 4.0
_CEASED = 0.5
"""Of calls that cease against calls that multiply: whoever failed first, the rest of the work is left out."""
_OVERLOAD = float(np.log(1.5))
"""Requests half as many again explain any latency: queues grow faster than their load."""
_CLIENT = re.compile(r"client", re.I)


def kind_of(metric: str) -> str:
    """host, latency, errors (a share of successes), failures, traffic, resource or other."""
    return next((kind for kind, pattern in _KINDS if pattern.search(metric)), "other")


@dataclass(frozen=True)
class Departure:
    """How one series left its past during the incident."""

    column: Column
    kind: str
    before: float
    after: float
    """In the series' unit."""
    effect: float
    """Logarithm of their ratio, less what noise explains; positive is a rise, and of successes a fall."""
    onset: float | None

    @property
    def rise(self) -> float:
        """In the series' unit; what travels from a callee to its callers is at least this."""
        return abs(self.after - self.before) if self.effect > 0 else 0.0


def departures(case: Case) -> list[Departure]:
    """All series that left their past."""
    metrics = case.metrics
    past = metrics.times < case.start
    during = ~past & (metrics.times <= case.end)
    if past.sum() < 2 or not during.any():
        return []
    profile = _symptom(case, during)
    usual = _usual(case, past)
    found = []
    for place, column in enumerate(metrics.columns):
        kind = kind_of(column.metric)
        if kind == "other":
            continue
        values = _worse_is_more(metrics.values[:, place], kind)
        floor = _floor(kind, values[past], usual[column.metric, column.statistic])
        departure = _departure(column, kind, values, floor, past, during, profile, metrics.times)
        if departure is not None:
            found.append(departure)
    return found


def indicators(case: Case, graph: Graph) -> list[Indicator]:
    """What metrics say of each entity, neighbours' explanations taken off."""
    found = departures(case)
    slow = _from_callees(found, graph)
    return [*_own(found), *_overloaded(slow, found, graph), *_from_callers(found, graph)]


# ---- departures


def _worse_is_more(values: Floats, kind: str) -> Floats:
    if kind != "errors":
        return values
    top = 100.0 if np.nanmax(values, initial=0.0) > 1.0 else 1.0
    return top - values


def _usual(case: Case, past: np.ndarray) -> dict[tuple[str, str], float]:
    """The median among entities of each metric's median."""
    medians = defaultdict(list)
    for place, column in enumerate(case.metrics.columns):
        values = _worse_is_more(case.metrics.values[past, place], kind_of(column.metric))
        values = values[np.isfinite(values)]
        if values.size:
            medians[column.metric, column.statistic].append(float(np.median(values)))
        else:
            medians[column.metric, column.statistic] += []
    return {key: float(np.median(m)) if m else 0.0 for key, m in medians.items()}


def _floor(kind: str, past: Floats, usual: float) -> float:
    if kind in ("errors", "failures"):
        return 1.0
    known = past[np.isfinite(past)]
    own = float(np.median(known)) if known.size else 0.0
    if kind == "traffic" and own > 0:
        return _FLOOR * min(own, usual or own)
    return _FLOOR * (usual or own) or 1e-9


def _departure(
    column: Column,
    kind: str,
    values: Floats,
    floor: float,
    past: np.ndarray,
    during: np.ndarray,
    profile: Floats | None,
    times: Floats,
) -> Departure | None:
    logs = np.log(np.maximum(values, 0.0) + floor)
    known = np.isfinite(logs)
    before, now = logs[past & known], logs[during & known]
    if before.size < max(2, _LEAST_COVERED * past.sum()) or now.size == 0:
        return None
    level = float(np.median(before))
    away = np.abs(before - level)
    spread = max(1.4826 * float(np.median(away)), float(np.quantile(away, 0.9)) / 1.645)
    noise = max(spread, _NOISE) * float(np.sqrt(1.0 + 1.0 / before.size))
    near = float(np.median(before[-_NEAR:]))
    weights = _weights(logs[during], profile, level)
    after = float((weights * np.nan_to_num(logs[during])).sum())
    effects = [after - level, after - near]
    if profile is not None:
        effects.append(_contrast(logs[during], profile))
    effect = min(effects, key=abs) if len({e > 0 for e in effects}) == 1 else 0.0
    effect = float(np.sign(effect) * max(0.0, abs(effect) - _SIGMAS * noise))
    if effect == 0.0:
        return None
    reference = after - min(effects, key=abs)
    beyond = np.flatnonzero(
        during & known & (np.sign(effect) * (logs - reference) > _SIGMAS * noise)
    )
    return Departure(
        column=column,
        kind=kind,
        before=float(np.exp(reference)) - floor,
        after=float(np.exp(after)) - floor,
        effect=effect,
        onset=float(times[beyond[0]]) if beyond.size else None,
    )


def _weights(now: Floats, profile: Floats | None, level: float) -> Floats:
    """Of the incident's rows: as the symptom has them, else the half that departs most."""
    known = np.isfinite(now)
    if profile is not None and (profile * known).sum() > 0:
        weights = profile * known
    else:
        away = np.where(known, np.abs(now - level), -1.0)
        weights = np.zeros(now.size)
        weights[np.argsort(-away)[: -(-int(known.sum()) // 2)]] = 1.0
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _contrast(now: Floats, profile: Floats) -> float:
    """Rows with the symptom against rows without."""
    known = np.isfinite(now)
    present, absent = profile * known, (1 - profile) * known
    if present.sum() <= 0 or absent.sum() <= 0:
        return 0.0
    filled = np.nan_to_num(now)
    return float((present * filled).sum() / present.sum() - (absent * filled).sum() / absent.sum())


def _symptom(case: Case, during: np.ndarray) -> Floats | None:
    """How far each row of the incident shows the symptom, 0..1; None where its series is unknown or hardly moves."""
    for place, column in enumerate(case.metrics.columns):
        if column.entity == case.symptom_entity and column.metric == case.symptom_metric:
            if case.symptom_statistic and column.statistic != case.symptom_statistic:
                continue
            values = _worse_is_more(case.metrics.values[:, place], kind_of(column.metric))[during]
            if not np.isfinite(values).all() or values.size < 3:
                return None
            width = float(np.ptp(values))
            if width <= 0:
                return None
            return np.asarray((values - values.min()) / width, dtype=np.float64)
    return None


# ---- explanations


def _own(found: list[Departure]) -> list[Indicator]:
    return [
        _indicator(
            d, d.column.entity, "resource", d.effect * (_HOST_WEIGHT if d.kind == "host" else 1.0)
        )
        for d in found
        if d.kind in ("resource", "host") and d.effect > 0
    ]


def _from_callees(found: list[Departure], graph: Graph) -> list[Indicator]:
    """Latency and errors, less what callees explain of them."""
    rises: dict[tuple[str, str], dict[str, Departure]] = defaultdict(dict)
    for d in found:
        if d.kind in ("latency", "errors", "failures") and not _CLIENT.search(d.column.metric):
            rises[d.column.metric, d.column.statistic][d.column.entity] = d
    explained: dict[tuple[str, str], list[Indicator]] = defaultdict(list)
    for by_entity in rises.values():
        for entity, d in by_entity.items():
            if d.effect <= 0:
                continue
            below = max(
                (by_entity[c].rise for c in graph.below(entity) if c in by_entity), default=0.0
            )
            left = 1.0 - min(1.0, below / d.rise) if d.rise > 0 else 0.0
            family = "latency" if d.kind == "latency" else "errors"
            explained[entity, family].append(_indicator(d, entity, family, left * d.effect))
    return [i for group in explained.values() for i in _loudest_half(group)]


def _loudest_half(group: list[Indicator]) -> list[Indicator]:
    return sorted(group, key=lambda i: -i.strength)[:1]


def _overloaded(slow: list[Indicator], found: list[Departure], graph: Graph) -> list[Indicator]:
    """Latency that came with more requests is the doing of where those requests came from."""
    more = {d.column.entity: d.effect for d in found if d.kind == "traffic" and d.effect > 0}
    result = []
    for indicator in slow:
        source = _source(indicator.entity, more, graph)
        if indicator.family != "latency" or source == indicator.entity:
            result.append(indicator)
            continue
        share = min(1.0, more[indicator.entity] / _OVERLOAD)
        theirs = share * indicator.strength
        result.append(replace(indicator, strength=indicator.strength - theirs))
        result.append(replace(indicator, entity=source, family="traffic", strength=theirs))
    return result


def _source(entity: str, more: dict[str, float], graph: Graph) -> str:
    """The entry, or the topmost caller, from which an entity's additional requests come; itself where it is that."""
    passed = {entity}
    while entity in more:
        callers = [
            c for c in graph.above(entity) - passed if more.get(c, 0.0) >= 0.5 * more[entity]
        ]
        if not callers:
            break
        entity = max(callers, key=lambda c: more[c])
        passed.add(entity)
    return entity


def _from_callers(found: list[Departure], graph: Graph) -> list[Indicator]:
    """Requests that callers do not explain: the entity's own where nobody calls it, else the callers' doing."""
    traffic = {d.column.entity: d for d in found if d.kind == "traffic"}
    result = []
    for entity, d in traffic.items():
        callers = graph.above(entity)
        if not callers:
            if d.effect > 0:
                result.append(_indicator(d, entity, "traffic", d.effect))
            continue
        theirs = [traffic[c].effect if c in traffic else 0.0 for c in callers]
        nearest = min(theirs, key=lambda e: abs(d.effect - e))
        left = abs(d.effect - nearest) / len(callers) * (1.0 if d.effect > 0 else _CEASED)
        result += [_indicator(d, c, "traffic", left) for c in callers]
    return result


def _indicator(d: Departure, entity: str, family: str, strength: float) -> Indicator:
    name = "|".join(filter(None, (d.column.entity, d.column.metric, d.column.statistic)))
    return Indicator(
        entity=entity,
        name=name,
        family=family,
        strength=float(np.clip(strength, 0.0, _MOST)),
        text=f"{name}: {d.before:.3g} -> {d.after:.3g}",
        onset=d.onset,
    )

"""How far each metric left its own past with the incident.

Every series is compared, as a logarithm, with its own past: a robust score as in BARO (Pham et al., FSE 2024: median and
spread in place of mean and deviation, since earlier faults lie in the past as well), taken against the whole past and the
near past, whichever is closer. Where the symptom's own series is known, only what moved *with* it during the incident
counts: what stood already when the symptom began, or differs for as long as the symptom is absent, is another day's level.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from agent.analysis.fits import Floats
from agent.analysis.rca.reading import Case, Column, Flags

_KINDS = (
    ("host", re.compile(r"(node|host).*(cpu|mem|disk|load|pressure)", re.I)),
    ("other", re.compile(r"node|host|client", re.I)),
    ("latency", re.compile(r"latenc|duration|response.?time|\brt\b", re.I)),
    ("successes", re.compile(r"availab|success", re.I)),
    ("errors", re.compile(r"error|fail|fault|5xx|exception", re.I)),
    ("traffic", re.compile(r"request|workload|\bops\b|qps|rps|throughput|hits", re.I)),
    (
        "resource",
        re.compile(
            r"cpu|mem|heap|disk|throttl|thread|descriptor|\bgc\b|connection|pool|lock|evict", re.I
        ),
    ),
)
_NOISE = 0.1
"""Least spread of a logarithm that is believed: ten per cent."""
_SIGMAS = 2.0
_FLOOR = 0.1
"""Of what is usual for that metric among entities: below it, ratios mean nothing."""
_ERROR_FLOOR = 1.0
"""One error, or one per cent of failures."""
_NEAR = 30
"""Points of the near past."""
_LEAST_COVERED = 0.1
"""Share of the past that a series must be known in."""


def kind_of(metric: str) -> str:
    """What a metric measures, by its name: host, latency, successes, errors, traffic, resource or other.

    What an entity sees as a client is another's latency, and therefore other.
    """
    return next((kind for kind, pattern in _KINDS if pattern.search(metric)), "other")


@dataclass(frozen=True)
class Departure:
    """How one series left its past during the incident."""

    column: Column
    kind: str
    before: float
    after: float
    """In the series' unit; successes as failures."""
    effect: float
    """Logarithm of their ratio, less what noise explains; positive is a rise."""
    onset: float
    """Unix seconds of the first point beyond noise."""

    @property
    def rise(self) -> float:
        """In the series' unit; 0 for a fall."""
        return max(0.0, self.after - self.before) if self.effect > 0 else 0.0


def departures(case: Case) -> list[Departure]:
    """All series that left their past."""
    window = _Window.of(case)
    if window is None:
        return []
    values = {
        column: _worse_is_more(case.metrics.values[:, place], kind_of(column.metric))
        for place, column in enumerate(case.metrics.columns)
        if kind_of(column.metric) != "other"
    }
    usual = _usual(values, window)
    found = []
    for column, series in values.items():
        kind = kind_of(column.metric)
        floor = _floor(kind, series[window.past], usual[column.metric, column.statistic])
        departure = window.departure(column, kind, series, floor)
        if departure is not None:
            found.append(departure)
    return found


class _Window:
    """The past, the incident, and how far each of its points shows the symptom."""

    def __init__(self, times: Floats, past: Flags, during: Flags, symptom: Floats | None) -> None:
        self.times = times
        self.past = past
        self.during = during
        self._symptom = symptom

    @classmethod
    def of(cls, case: Case) -> _Window | None:
        """None where there is nothing to compare."""
        times = case.metrics.times
        past = times < case.start
        during = ~past & (times <= case.end)
        if past.sum() < 2 or not during.any():
            return None
        return cls(times, past, during, _symptom(case, past, during))

    def departure(
        self, column: Column, kind: str, values: Floats, floor: float
    ) -> Departure | None:
        """None when the series holds, or is not known well enough."""
        logs = np.log(np.maximum(values, 0.0) + floor)
        known = np.isfinite(logs)
        before = logs[self.past & known]
        if before.size < max(2, _LEAST_COVERED * self.past.sum()) or not known[self.during].any():
            return None
        level, noise = _level_and_noise(before)
        weights = self._weights(logs[self.during], level)
        after = float((weights * np.nan_to_num(logs[self.during])).sum())
        rises = [after - level, after - float(np.median(before[-_NEAR:]))]
        if self._symptom is not None:
            rises.append(_contrast(logs[self.during], self._symptom))
        rise = min(rises, key=abs)
        if len({r > 0 for r in rises}) > 1 or abs(rise) <= _SIGMAS * noise:
            return None
        return Departure(
            column=column,
            kind=kind,
            before=max(0.0, float(np.exp(after - rise)) - floor),
            after=max(0.0, float(np.exp(after)) - floor),
            effect=float(np.sign(rise)) * (abs(rise) - _SIGMAS * noise),
            onset=self._onset(np.sign(rise) * (logs - (after - rise)), _SIGMAS * noise),
        )

    def _weights(self, now: Floats, level: float) -> Floats:
        """Of the incident's points: as the symptom has them, else the half that departs most."""
        known = np.isfinite(now)
        if self._symptom is not None and (self._symptom * known).sum() > 0:
            weights = self._symptom * known
        else:
            away = np.where(known, np.abs(now - level), -1.0)
            weights = np.zeros(now.size)
            weights[np.argsort(-away, kind="stable")[: -(-int(known.sum()) // 2)]] = 1.0
        return np.asarray(weights / weights.sum(), dtype=np.float64)

    def _onset(self, away: Floats, least: float) -> float:
        beyond = self.during & (np.nan_to_num(away, nan=0.0) > least)
        return float(self.times[int(np.argmax(beyond if beyond.any() else self.during))])


def _symptom(case: Case, past: Flags, during: Flags) -> Floats | None:
    """How far each point of the incident shows the symptom, 0..1; None where that cannot be told."""
    for place, column in enumerate(case.metrics.columns):
        if (column.entity, column.metric) == (case.symptom_entity, case.symptom_metric) and (
            case.symptom_statistic in ("", column.statistic)
        ):
            values = _worse_is_more(case.metrics.values[during, place], kind_of(column.metric))
            if not np.isfinite(values).all() or values.size < 3 or np.ptp(values) <= 0:
                return None
            before = _worse_is_more(case.metrics.values[past, place], kind_of(column.metric))
            if values.min() - np.nanmedian(before) > np.ptp(values):  # there all the time
                return None
            return np.asarray((values - values.min()) / np.ptp(values), dtype=np.float64)
    return None


def _worse_is_more(values: Floats, kind: str) -> Floats:
    """Shares of successes as shares of failures, in per cent."""
    if kind != "successes":
        return values
    return 100.0 - values if np.nanmax(values, initial=0.0) > 1.0 else 100.0 * (1.0 - values)


def _usual(values: dict[Column, Floats], window: _Window) -> dict[tuple[str, str], float]:
    """The median among entities of each metric's median."""
    medians: dict[tuple[str, str], list[float]] = defaultdict(list)
    for column, series in values.items():
        past = series[window.past]
        past = past[np.isfinite(past)]
        medians[column.metric, column.statistic] += [float(np.median(past))] if past.size else []
    return {key: float(np.median(found)) if found else 0.0 for key, found in medians.items()}


def _floor(kind: str, past: Floats, usual: float) -> float:
    if kind in ("successes", "errors"):
        return _ERROR_FLOOR
    known = past[np.isfinite(past)]
    own = float(np.median(known)) if known.size else 0.0
    if kind == "traffic" and own > 0:  # a few requests that cease are a fact
        return _FLOOR * min(own, usual or own)
    return _FLOOR * (usual or own) or 1e-9


def _level_and_noise(before: Floats) -> tuple[float, float]:
    """Median, and a spread that knows of tails as well: what is zero but for bursts has no median deviation."""
    level = float(np.median(before))
    away = np.abs(before - level)
    spread = max(1.4826 * float(np.median(away)), float(np.quantile(away, 0.9)) / 1.645)
    return level, max(spread, _NOISE) * float(np.sqrt(1.0 + 1.0 / before.size))


def _contrast(now: Floats, symptom: Floats) -> float:
    """Points with the symptom against points without."""
    known = np.isfinite(now)
    present, absent = symptom * known, (1 - symptom) * known
    if present.sum() <= 0 or absent.sum() <= 0:
        return 0.0
    filled = np.nan_to_num(now)
    return float((present * filled).sum() / present.sum() - (absent * filled).sum() / absent.sum())

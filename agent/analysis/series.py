"""What a time series says: its level, whether and when it shifted, where it is heading.

Points are ``(unix seconds, value)``, oldest first. The change search is a small model selection: the points, thinned and
with lone outliers removed, are explained as a smooth course (a polynomial, which a daily rhythm seen over some hours looks
like, or the rhythm itself), as such a course with a step, or with a bend, or as a pulse that is over. The Bayesian
information criterion, with a penalty widened for autocorrelated noise, chooses; only a step or a bend that beats every
smooth course is called a change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from agent.analysis.fits import (
    Fit,
    daily,
    fit_bend,
    fit_pulse,
    fit_smooth,
    fit_step,
    information_criterion,
    noise_of,
    polynomial,
)

Points = Sequence[tuple[float, float]]
Floats = NDArray[np.float64]

MINIMUM_POINTS = 16
"""Below this, no change and no trend is claimed."""
_THINNED_TO = 180
_REMEMBERED = 128
"""Series whose change is not searched for again."""
_ABSURD = 1e100
_BESIDE = 12
"""Thinned points on either side of a break that give its levels, so that a daily rhythm does not."""
_SMOOTHEST = 5
"""Highest degree of a smooth course."""
_RHYTHM_SECONDS = 16 * 3600.0
"""From this length on, a series may show a whole daily rhythm."""
_BIC_MARGIN = 12.0
_MINIMUM_EFFECT_IN_NOISE = 3.0
_MINIMUM_RELATIVE_EFFECT = 0.06


@dataclass(frozen=True)
class Change:
    """A lasting change of level."""

    at: float
    """Onset, unix seconds."""
    before: float
    after: float
    """Level after a step; the latest level where it is still moving."""
    ratio: float | None
    """after / before; None when it was zero before."""
    gradual: bool
    """It began to climb or fall at ``at``, rather than to jump."""


@dataclass(frozen=True)
class Pulse:
    """A departure from the level that is over."""

    start: float
    end: float
    level: float


@dataclass(frozen=True)
class Description:
    """A series in a few numbers; all None when it has no points."""

    points_count: int
    last: float | None = None
    baseline: float | None = None
    """Median of the part before the change; of the first third when there was none."""
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    change: Change | None = None
    pulse: Pulse | None = None
    slope_per_hour: float | None = None
    """Median slope (Theil-Sen) since the change began, or of all of it."""
    slope_r2: float | None = None
    """Share of the variance that a line with that slope explains, 0..1."""
    per_hour_ratio: float | None = None
    """Compound growth an hour on that stretch as a fraction: 0.15 is +15 % an hour; None for values not above 0."""


@dataclass(frozen=True)
class Saturation:
    """When a trend reaches a limit, unix seconds, with a 90 % interval."""

    at: float
    earliest: float
    latest: float | None
    """None when the slope may as well be flat."""


def describe(points: Points) -> Description:
    """Describe a series.

    Points whose time or value is not finite, or beyond any measurement, are left out.
    """
    times, values = _arrays(points)
    if times.size == 0:
        return Description(points_count=0)
    change, pulse = find_change(points)
    onset = times[0] if change is None else change.at
    recent = times >= onset
    slope, r2 = trend(times[recent], values[recent])
    return Description(
        points_count=int(times.size),
        last=float(np.median(values[-3:])) if times.size >= MINIMUM_POINTS else float(values[-1]),
        baseline=_baseline(values, times < onset if change else None),
        minimum=float(values.min()),
        maximum=float(values.max()),
        mean=float(values.mean()),
        change=change,
        pulse=pulse,
        slope_per_hour=slope,
        slope_r2=r2,
        per_hour_ratio=_growth(times[recent], values[recent]),
    )


def find_change(points: Points) -> tuple[Change | None, Pulse | None]:
    """The lasting change of level in a series, or the pulse that explains it better; both None when it just goes on."""
    return _change_in(tuple((at, value) for at, value in points))


@lru_cache(_REMEMBERED)
def _change_in(points: Points) -> tuple[Change | None, Pulse | None]:
    """Remembered, since many failure modes ask it of the same few series in every round."""
    times, values = _thinned(*_arrays(points))
    if times.size < MINIMUM_POINTS or float(np.ptp(values)) == 0.0:
        return None, None
    clean = _without_outliers(values)
    floor = (1e-4 * float(np.ptp(clean)) + 1e-12) ** 2
    smooth, broken = _explanations(times, clean)
    least = min(information_criterion(f, clean.size, floor) for f in smooth)
    scored = [(information_criterion(f, clean.size, floor), f) for f in broken]
    score, best = min(scored, key=lambda s: s[0])
    if score > least - _BIC_MARGIN:
        return None, None
    if best.kind == "pulse":
        pulse = Pulse(float(times[best.start]), float(times[best.end]), best.after)
        return None, pulse if _matters(best.before, best.after, clean) else None
    change = _change(best, times, clean)
    return change if _matters(change.before, change.after, clean) else None, None


def _explanations(times: Floats, values: Floats) -> tuple[list[Fit], list[Fit]]:
    """The best fit of each smooth course, and of each course with a break."""
    courses = [polynomial(times, degree) for degree in range(_SMOOTHEST + 1)]
    flat, line, curve = courses[:3]
    steps, bends = [line], [flat, curve]
    if times[-1] - times[0] >= _RHYTHM_SECONDS:
        rhythm = daily(times)
        courses, steps, bends = [*courses, rhythm], [*steps, rhythm], [*bends, rhythm]
    broken = [fit_pulse(values), *(fit_step(values, c) for c in steps)]
    broken += [fit_bend(times, values, c) for c in bends]
    return [fit_smooth(values, c) for c in courses], broken


def trend(times: Floats, values: Floats) -> tuple[float | None, float | None]:
    """Theil-Sen slope per hour and the r2 of the line with it; None for fewer than ``MINIMUM_POINTS`` points."""
    if times.size < MINIMUM_POINTS:
        return None, None
    times, values = _thinned(times, values)
    hours = (times - times[0]) / 3600.0
    later, earlier = np.triu_indices(hours.size, k=1)[::-1]
    slope = float(
        np.median(
            (values[later] - values[earlier]) / np.maximum(hours[later] - hours[earlier], 1e-9)
        )
    )
    residuals = values - slope * hours
    total = float(((values - values.mean()) ** 2).sum())
    left = float(((residuals - np.median(residuals)) ** 2).sum())
    return slope, 0.0 if total == 0.0 else max(0.0, 1.0 - left / total)


def saturation(points: Points, limit: float) -> Saturation | None:
    """When the current trend reaches ``limit``; None when it is not heading there.

    A least-squares line through the stretch since the last change, with the slope's standard error widened for
    autocorrelation (effective sample size), gives the interval. A series already at its limit saturates at its last point.
    """
    times, values = _arrays(points)
    if times.size < MINIMUM_POINTS:
        return None
    change, _ = find_change(points)
    if change is not None and (times >= change.at).sum() >= MINIMUM_POINTS:
        times, values = times[times >= change.at], values[times >= change.at]
    last, now = float(np.median(values[-3:])), float(times[-1])
    if last >= limit:
        return Saturation(now, now, now)
    slope, error = fitted_line(times, values)
    if slope <= 0 or slope < 1.645 * error:
        return None
    room = limit - last
    slowest = slope - 1.645 * error
    return Saturation(
        at=now + room / slope,
        earliest=now + room / (slope + 1.645 * error),
        latest=now + room / slowest if slowest > 0.05 * slope else None,
    )


def _arrays(points: Points) -> tuple[Floats, Floats]:
    array = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    array = array[np.isfinite(array).all(axis=1) & (np.abs(array) < _ABSURD).all(axis=1)]
    return array[:, 0], array[:, 1]


def _thinned(times: Floats, values: Floats) -> tuple[Floats, Floats]:
    """At most ``_THINNED_TO`` points, each the median of a run of neighbours."""
    run = -(-times.size // _THINNED_TO)
    if run <= 1:
        return times, values
    whole = times.size // run * run
    return (
        times[:whole].reshape(-1, run)[:, 0],
        np.median(values[:whole].reshape(-1, run), axis=1),
    )


def _without_outliers(values: Floats) -> Floats:
    """Running median of three, so that a lone spike or gap is no change."""
    padded = np.concatenate([values[:1], values, values[-1:]])
    smoothed: Floats = np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0)
    return smoothed


def _matters(before: float, after: float, values: Floats) -> bool:
    scale = max(abs(before), abs(after), 1e-12)
    return (
        abs(after - before) >= _MINIMUM_EFFECT_IN_NOISE * noise_of(values)
        and abs(after - before) >= _MINIMUM_RELATIVE_EFFECT * scale
    )


def _change(fit: Fit, times: Floats, values: Floats) -> Change:
    """The levels are those seen beside the break (where it still moves: the latest), not those of the fitted line."""
    before = float(np.median(values[max(0, fit.start - _BESIDE) : fit.start]))
    latest = values[-3:] if fit.kind == "bend" else values[fit.start : fit.start + _BESIDE]
    after = float(np.median(latest))
    return Change(
        at=float(times[fit.start]),
        before=before,
        after=after,
        ratio=after / before if before else None,
        gradual=fit.kind == "bend",
    )


def _baseline(values: Floats, before: NDArray[np.bool_] | None) -> float:
    part = values[: max(1, values.size // 3)] if before is None else values[before]
    return float(np.median(part if part.size else values))


def _growth(times: Floats, values: Floats) -> float | None:
    if times.size < MINIMUM_POINTS or float(values.min()) <= 0.0:
        return None
    slope, _ = trend(times, np.log(values))
    return None if slope is None else float(np.expm1(np.clip(slope, -20, 20)))


def fitted_line(times: Floats, values: Floats) -> tuple[float, float]:
    """Least-squares slope per second and its standard error."""
    centred = times - times.mean()
    spread = float((centred**2).sum())
    slope = float((centred * values).sum() / spread)
    residuals = values - values.mean() - slope * centred
    lag = float((residuals[1:] * residuals[:-1]).sum() / max((residuals**2).sum(), 1e-30))
    widening = np.sqrt((1 + max(0.0, min(lag, 0.98))) / (1 - max(0.0, min(lag, 0.98))))
    variance = float((residuals**2).sum()) / max(times.size - 2, 1)
    return slope, float(np.sqrt(variance / spread) * widening)

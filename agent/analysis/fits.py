"""Least-squares fits of the simple courses that a series may take: smooth, with a step, with a bend, with a pulse.

All searches are exhaustive and vectorised over the place of the break, with at least ``MARGIN`` points before it and
``END`` after it: what has just begun is what matters most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MARGIN = 4
END = 2
_DAY_SECONDS = 86_400.0
_PENALTY = 2.0
"""Neighbouring points are alike, so that n points hold less information than n independent ones."""


@dataclass(frozen=True)
class Fit:
    """A fitted course."""

    kind: Literal["smooth", "step", "bend", "pulse"]
    error: float
    """Sum of squared residuals."""
    parameters: int
    start: int = 0
    """Index of the first point after the break."""
    end: int = 0
    before: float = 0.0
    after: float = 0.0


def information_criterion(fit: Fit, count: int, floor: float) -> float:
    """BIC; ``floor`` is the variance below which residuals count as nothing. Smaller is better."""
    variance = fit.error / count + floor
    return float(count * np.log(variance) + _PENALTY * fit.parameters * np.log(count))


def noise_of(values: Floats) -> float:
    """Standard deviation of the point-to-point noise, from the median absolute second difference."""
    if values.size < 3:
        return 0.0
    second = np.diff(values, n=2)
    return float(1.4826 * np.median(np.abs(second)) / np.sqrt(6.0))


def polynomial(times: Floats, degree: int) -> Floats:
    """Regressors of a smooth course."""
    axis = _unit(times)
    return np.stack([axis**power for power in range(degree + 1)])


def daily(times: Floats, harmonics: int = 3) -> Floats:
    """Regressors of a rhythm of 24 hours."""
    angle = times / _DAY_SECONDS * 2 * np.pi
    waves = [wave(n * angle) for n in range(1, harmonics + 1) for wave in (np.sin, np.cos)]
    return np.stack([np.ones_like(times), *waves])


def fit_smooth(values: Floats, course: Floats) -> Fit:
    """A course (rows of regressors) without any break."""
    basis, _ = np.linalg.qr(course.T)
    residuals = values - basis @ (basis.T @ values)
    return Fit("smooth", float((residuals**2).sum()), len(course))


def fit_step(values: Floats, course: Floats) -> Fit:
    """A course with a jump in it."""
    places = np.arange(MARGIN, values.size - END + 1)
    jumps = (np.arange(values.size)[None, :] >= places[:, None]).astype(np.float64)
    errors, coefficients = _best_with(course, jumps, values)
    best = int(np.argmin(errors))
    start = int(places[best])
    before = float(np.median(values[:start]))
    after = before + float(coefficients[best])
    return Fit("step", float(errors[best]), len(course) + 2, start, values.size, before, after)


def fit_bend(
    times: Floats, values: Floats, course: Floats, least_after: int = 2 * MARGIN + 1
) -> Fit:
    """A course that is left along a line from the bend on, with at least ``least_after`` points after it."""
    axis = _unit(times)
    places = np.arange(MARGIN, values.size - least_after + 1)
    ramps = np.maximum(axis[None, :] - axis[places][:, None], 0.0)
    errors, _ = _best_with(course, ramps, values)
    best = int(np.argmin(errors))
    start = int(places[best])
    regressors = np.vstack([course, ramps[best]]).T
    fitted = regressors @ np.linalg.lstsq(regressors, values, rcond=None)[0]
    before, after = float(fitted[start]), float(fitted[-1])
    return Fit("bend", float(errors[best]), len(course) + 2, start, values.size, before, after)


def fit_pulse(values: Floats) -> Fit:
    """One level, left for a while and returned to."""
    count = values.size
    total = np.concatenate([[0.0], np.cumsum(values)])
    squares = float((values**2).sum())
    starts, ends = np.triu_indices(count + 1, k=2)
    keep = (starts >= MARGIN) & (ends <= count - END)
    starts, ends = starts[keep], ends[keep]
    inside = ends - starts
    sum_inside = total[ends] - total[starts]
    sum_outside = total[-1] - sum_inside
    errors = squares - sum_inside**2 / inside - sum_outside**2 / (count - inside)
    best = int(np.argmin(errors))
    start, end = int(starts[best]), int(ends[best])
    return Fit(
        "pulse",
        max(0.0, float(errors[best])),
        4,
        start,
        end - 1,
        float(sum_outside[best] / (count - inside[best])),
        float(sum_inside[best] / inside[best]),
    )


def _unit(times: Floats) -> Floats:
    return np.asarray((times - times[0]) / max(float(times[-1] - times[0]), 1e-9), dtype=np.float64)


def _best_with(common: Floats, extra: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Errors and coefficients of each row of ``extra`` added, alone, to the ``common`` regressors (Frisch-Waugh)."""
    basis, _ = np.linalg.qr(common.T)
    rest = values - basis @ (basis.T @ values)
    own = extra - (extra @ basis) @ basis.T
    norm = np.maximum((own**2).sum(axis=1), 1e-12)
    coefficients = (own @ rest) / norm
    errors = np.maximum((rest**2).sum() - coefficients**2 * norm, 0.0)
    return errors, coefficients

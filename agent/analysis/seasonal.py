"""A series against its own earlier days: what is usual at this hour, what departs from it, and where that leads.

The usual value at an hour is the median over the same hour of earlier days (and the points beside it). It is known for the
coming day as well, so a forecast is the usual course of the hours to come, with what their load brings, plus the departure
carried on along its trend.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agent.analysis.fits import (
    MARGIN,
    Floats,
    fit_bend,
    fit_smooth,
    information_criterion,
    polynomial,
)
from agent.analysis.series import Points, Saturation, fitted_line
from agent.analysis.significance import (
    autocorrelation,
    deviation,
    mann_kendall,
    student_quantile,
)

DAY_SECONDS = 86_400.0
_LEAST_DAYS = 3
"""Of earlier days, for saying what is usual."""
_LEVEL_SECONDS = 3_600.0
"""A level is a median over this long."""
_NEGLIGIBLE = 0.01
"""Relative to the level, what nobody would mind."""
_QUANTILE_90 = 1.645
_MOST_AMPLIFIED = 50.0
_LEAST_POINTS = 6
_AFTER_BEND = 4
_BEND_GAIN = 6.0
"""By how much a bend must improve the information criterion."""


@dataclass(frozen=True)
class Heading:
    """How a departure from the usual moves, in the series' unit."""

    level: float
    """The series' latest level."""
    usual: float
    """What it is at this hour on earlier days."""
    slope_per_hour: float
    error_per_hour: float
    """Standard error of the slope, widened for autocorrelation."""

    @property
    def growth_per_hour(self) -> float | None:
        """The slope as a share of the level; None for a level of zero."""
        return self.slope_per_hour / abs(self.level) if self.level else None


class Course:
    """An evenly spaced series, seen as days.

    Args:
        points: (unix seconds, value), oldest first, up to now.
        step_seconds: how far apart they are; a day must be a whole number of steps.
        worse: 1 when rising is worse, -1 when falling is; everything within is turned so that rising is.
    """

    def __init__(self, points: Points, step_seconds: float, worse: int = 1) -> None:
        self._step = step_seconds
        self._sign = float(worse)
        self._per_day = round(DAY_SECONDS / step_seconds)
        self._end, self._values = _gridded(points, step_seconds, self._sign)
        self._days = self._values.size // self._per_day

    @property
    def usable(self) -> bool:
        """Whether it holds enough earlier days for anything to be said."""
        return self._days > _LEAST_DAYS and bool(np.isfinite(self._values[-3:]).any())

    @property
    def departs(self) -> bool:
        """Whether its latest level is above the usual by more than nobody would mind: a cheap look before the others."""
        if not self.usable:
            return False
        excess = _median(self._excess(np.arange(-2, 1))[:, None])[0]
        return bool(excess > _NEGLIGIBLE * abs(self._level(0)))

    def p_value(self, seconds: float, ago_seconds: float = 0.0) -> float:
        """How likely a stretch of earlier days would be as far above the usual, and rising as steadily; the larger of the
        two chances, since both must hold (Berger's intersection-union test, 1982).

        Args:
            seconds: the stretch's length.
            ago_seconds: how long before the last point it ends.
        """
        steps, shift = self._steps(seconds), self._steps(ago_seconds)
        excess = self._excess(np.arange(-steps + 1, 1) - shift)
        excess = excess[np.isfinite(excess)]
        if not self.usable or excess.size < 0.75 * steps:
            return 0.5
        block = self._steps(_LEVEL_SECONDS)
        earlier, days = self._earlier_levels(block, shift)
        floor = _NEGLIGIBLE * abs(self._level(shift))
        high = deviation(float(np.median(excess[-block:])), earlier, days, floor)
        if high >= 0.5:
            return high
        rising = mann_kendall(excess, autocorrelation(self._earlier_residuals()))
        return max(high, rising)

    def heading(self, seconds: float) -> Heading | None:
        """Where it goes: the trend of the departure over its latest stretch, since it last bent."""
        steps = self._steps(seconds)
        offsets = np.arange(-steps + 1, 1)
        excess = self._excess(offsets)
        known = np.isfinite(excess)
        if not self.usable or known.sum() < _LEAST_POINTS:
            return None
        times = np.asarray(offsets[known] * self._step, dtype=np.float64)
        values = excess[known]
        slope, error = _latest_line(times, values)
        level = self._level(0)
        return Heading(
            level=self._sign * level,
            usual=self._sign * (level - float(np.median(values[-3:]))),
            slope_per_hour=self._sign * slope * 3600.0,
            error_per_hour=error * 3600.0,
        )

    def saturation(
        self, heading: Heading, limit: float, horizon_seconds: float
    ) -> Saturation | None:
        """When it reaches ``limit`` within the horizon, unix seconds, with a 90 % interval; None when it does not.

        The departure is carried on along its trend on top of the usual course of the coming hours. Where only the earliest
        of the interval is reached within the horizon, that is no saturation. At the earliest, the departure grows with the
        load as well: by as much as the usual course of the coming hours exceeds the present one.
        """
        offsets = np.arange(1, self._steps(horizon_seconds) + 1)
        usual = self.usual(offsets)
        hours = offsets * self._step / 3600.0
        now = self._sign * (heading.level - heading.usual)
        slope = self._sign * heading.slope_per_hour
        wide = _QUANTILE_90 * heading.error_per_hour
        present = max(abs(heading.usual), 1e-12)
        load = np.clip(np.abs(usual) / present, 1.0, _MOST_AMPLIFIED)

        def reached(slope: float, amplified: Floats | float = 1.0) -> float | None:
            above = usual + (now + slope * hours) * amplified >= self._sign * limit
            return float(self._end + offsets[above.argmax()] * self._step) if above.any() else None

        if slope <= wide or (at := reached(slope)) is None:
            return None
        earliest = min(reached(slope + wide, load) or at, at - self._step)
        latest = reached(slope - wide)
        return Saturation(at, earliest, None if latest is None else max(latest, at + self._step))

    def usual(self, offsets: np.ndarray) -> Floats:
        """The usual value at steps after the last point, up to a day ahead."""
        offsets = np.asarray(offsets)
        beside = [self._on_earlier_days(offsets + near) for near in (-1, 0, 1)]
        return _median(np.vstack(beside))

    def _steps(self, seconds: float) -> int:
        return max(0, round(seconds / self._step))

    def _at(self, offsets: np.ndarray) -> Floats:
        """Values at steps after the last point; NaN where nothing is known."""
        places = self._values.size - 1 + offsets
        inside = (places >= 0) & (places < self._values.size)
        return np.where(inside, self._values[np.where(inside, places, 0)], np.nan)

    def _on_earlier_days(self, offsets: np.ndarray) -> Floats:
        """One row for each earlier day."""
        days = np.arange(1, self._days + 1)[:, None] * self._per_day
        return self._at(offsets[None, :] - days)

    def _excess(self, offsets: np.ndarray) -> Floats:
        return self._at(offsets) - self.usual(offsets)

    def _level(self, shift: int) -> float:
        return float(np.nanmedian(self._at(np.arange(-2, 1) - shift)))

    def _earlier_levels(self, block: int, shift: int) -> tuple[Floats, int]:
        """Levels of the earlier days' departures at about this hour, each day against the others; and how many days."""
        hours = [np.arange(-block + 1, 1) - shift + near * block for near in (-1, 0, 1)]
        levels = np.stack([_median(self._residuals(offsets).T) for offsets in hours])
        known = np.isfinite(levels)
        return levels[known], int(known.any(axis=0).sum())

    def _earlier_residuals(self) -> Floats:
        return self._residuals(np.arange(-self._per_day + 1, 1))

    def _residuals(self, offsets: np.ndarray) -> Floats:
        """Each earlier day (a row) less the median of the other days."""
        rows = self._on_earlier_days(offsets)
        others = [_median(np.delete(rows, day, axis=0)) for day in range(len(rows))]
        return np.asarray(rows - np.stack(others))


def hourly_profile(points: Points) -> dict[int, float]:
    """Mean value at each UTC hour of day as a ratio to the mean of all; empty without values above 0."""
    array = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    mean = float(array[:, 1].mean()) if array.size else 0.0
    if mean <= 0:
        return {}
    hours = (array[:, 0] // 3600).astype(int) % 24
    return {int(h): float(array[hours == h, 1].mean()) / mean for h in np.unique(hours)}


def _latest_line(times: Floats, values: Floats) -> tuple[float, float]:
    """Slope a second and its standard error since the course last bent: what has slowed is not carried on at its old pace.

    The error is widened, for a stretch of few points, as Student's t is wider than the normal distribution.
    """
    while times.size >= MARGIN + _AFTER_BEND:
        line = polynomial(times, 1)
        straight, bent = fit_smooth(values, line), fit_bend(times, values, line, _AFTER_BEND)
        floor = (1e-3 * float(np.ptp(values)) + 1e-12) ** 2
        gain = information_criterion(straight, times.size, floor)
        gain -= information_criterion(bent, times.size, floor)
        if gain < _BEND_GAIN:
            break
        times, values = times[bent.start :], values[bent.start :]
    slope, error = fitted_line(times, values)
    return slope, error * student_quantile(0.95, max(times.size - 2, 1)) / _QUANTILE_90


def _gridded(points: Points, step: float, sign: float) -> tuple[float, Floats]:
    """The time of the last point, and the values on an even grid up to it, NaN where there is none."""
    array = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    if array.size == 0:
        return 0.0, np.empty(0)
    places = np.round((array[:, 0] - array[0, 0]) / step).astype(int)
    values = np.full(int(places[-1]) + 1, np.nan)
    values[places] = sign * np.where(np.isfinite(array[:, 1]), array[:, 1], np.nan)
    return float(array[-1, 0]), values


def _median(rows: Floats) -> Floats:
    """Median of what is known of each column, NaN where that is nothing (``np.nanmedian``, ten times as fast)."""
    ordered = np.sort(rows, axis=0)  # NaN come last
    counts = np.isfinite(rows).sum(axis=0)
    columns = np.arange(rows.shape[1])
    lower, upper = (
        ordered[np.clip(place, 0, rows.shape[0] - 1), columns]
        for place in ((counts - 1) // 2, counts // 2)
    )
    return np.where(counts == 0, np.nan, (lower + upper) / 2)

"""How far apart the points of an answer stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

MAX_POINTS = 1500
_HOUR = 3600
_DAY = 24 * _HOUR
# Window length -> interval, both in seconds: the table "Rollup interval: enforced vs custom" of
# Datadog's documentation of .rollup().
_DEFAULT_INTERVALS = (
    (_HOUR, 20),
    (4 * _HOUR, 60),
    (_DAY, 300),
    (2 * _DAY, 600),
    (7 * _DAY, _HOUR),
    (31 * _DAY, 4 * _HOUR),
    (93 * _DAY, 8 * _HOUR),
    (186 * _DAY, 12 * _HOUR),
)


@dataclass(frozen=True)
class Grid:
    """The instants of an answer: ``count`` of them, ``interval_seconds`` apart.

    ``start`` is the first one; it is a whole multiple of the interval, as in Datadog, so that two
    overlapping questions share their points.
    """

    start: datetime
    interval_seconds: int
    count: int

    @property
    def times_ms(self) -> list[int]:
        """The instants in milliseconds since 1970."""
        first = int(self.start.timestamp())
        return [(first + index * self.interval_seconds) * 1000 for index in range(self.count)]

    @property
    def end(self) -> datetime:
        """The instant after the last interval."""
        seconds = self.start.timestamp() + self.count * self.interval_seconds
        return datetime.fromtimestamp(seconds, UTC)

    def empty(self) -> NDArray[np.float64]:
        """A row of missing points."""
        return np.full(self.count, np.nan)


def default_interval_seconds(window_seconds: float) -> int:
    """Datadog's choice for a window of this length."""
    for window, interval in _DEFAULT_INTERVALS:
        if window_seconds <= window:
            return interval
    return _DAY


def grid(start: datetime, end: datetime, interval_seconds: int | None) -> Grid:
    """The grid for a window; an interval that would give over 1,500 points is widened."""
    window = (end - start).total_seconds()
    interval = interval_seconds or default_interval_seconds(window)
    if window / interval > MAX_POINTS:
        interval = max(interval, default_interval_seconds(window))
    first = int(start.timestamp()) // interval * interval
    count = max(1, -(-(int(end.timestamp()) - first) // interval))
    return Grid(datetime.fromtimestamp(first, UTC), interval, count)

"""The customers' day: how much traffic there is at each hour, as a share of the daily peak."""

from __future__ import annotations

import numpy as np

from sandbox.world.noise import Floats

_HOURS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 21, 22, 23, 24)
_LEVELS = (
    0.12, 0.07, 0.042, 1 / 30, 0.036, 0.06, 0.16, 0.42, 0.8, 1.0,
    0.97, 0.88, 0.82, 0.84, 0.9, 0.86, 0.66, 0.4, 0.22, 0.12,
)  # fmt: skip
"""The morning's peak is 30 times the trough at 3 AM."""


class DailyCurve:
    """Traffic over real time, shifted so that ``started_at`` (epoch seconds) falls on ``hour``."""

    def __init__(self, hour: float, started_at: float) -> None:
        self._hour = hour
        self._started_at = started_at

    def hour(self, times: Floats) -> Floats:
        """The company's hour of day, in [0, 24)."""
        return np.asarray((self._hour + (times - self._started_at) / 3600.0) % 24.0)

    def level(self, times: Floats) -> Floats:
        """Traffic as a share of the daily peak."""
        return np.interp(self.hour(times), _HOURS, _LEVELS)

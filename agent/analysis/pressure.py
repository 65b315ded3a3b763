"""A resource against its limit: how near, and when it is reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from agent.analysis.series import Points, Saturation, saturation

_RECENT = 12
_AT = 0.97
_NEAR = 0.85
_SOON_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Pressure:
    """How a resource stands to its limit."""

    used: float
    """The level of the latest points, in the series' unit."""
    peak: float
    limit: float
    verdict: Literal["at limit", "near limit", "heading for limit", "ample"]
    saturation: Saturation | None
    """When its trend reaches the limit; None when it is not heading there."""

    @property
    def share(self) -> float:
        """Used to limit."""
        return self.used / self.limit


def pressure(points: Points, limit: float) -> Pressure | None:
    """Judge a series against its limit; None without points or a limit.

    A compressible resource (CPU) is throttled at its limit, an incompressible one (memory, disk, connections) fails there: a
    peak counts as much as a level, since one peak is enough.
    """
    array = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    array = array[np.isfinite(array).all(axis=1)]
    if not array.size or limit <= 0:
        return None
    recent = array[-_RECENT:, 1]
    used, peak = float(np.median(recent)), float(recent.max())
    heading = saturation(points, limit)
    return Pressure(
        used, peak, limit, _verdict(peak / limit, heading, float(array[-1, 0])), heading
    )


def _verdict(
    share: float, heading: Saturation | None, now: float
) -> Literal["at limit", "near limit", "heading for limit", "ample"]:
    if share >= _AT:
        return "at limit"
    if share >= _NEAR:
        return "near limit"
    if heading is not None and heading.at - now <= _SOON_SECONDS:
        return "heading for limit"
    return "ample"

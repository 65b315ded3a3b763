"""How an effect grows with the seconds that its fault has been active."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

import numpy as np

from sandbox.world.noise import Floats

ShapeName = Literal["step", "ramp", "hourly", "bump"]
_HOUR_S = 3600.0
_EDGE_SHARE = 0.2


def _step(active_s: Floats, _: float) -> Floats:
    """All at once."""
    return (active_s > 0).astype(np.float64)


def _ramp(active_s: Floats, over_s: float) -> Floats:
    """Evenly over ``over_s``, then it stays."""
    return np.clip(active_s / over_s, 0.0, 1.0)


def _hourly(active_s: Floats, _: float) -> Floats:
    """The hours gone by: what grows without end."""
    return active_s / _HOUR_S


def _bump(active_s: Floats, over_s: float) -> Floats:
    """Up, a while, and down again by itself, all within ``over_s``."""
    share = active_s / over_s
    rise = np.clip(share / _EDGE_SHARE, 0.0, 1.0)
    fall = np.clip((1.0 - share) / _EDGE_SHARE, 0.0, 1.0)
    return np.minimum(rise, fall)


SHAPES: Mapping[ShapeName, Callable[[Floats, float], Floats]] = MappingProxyType(
    {"step": _step, "ramp": _ramp, "hourly": _hourly, "bump": _bump}
)

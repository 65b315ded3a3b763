"""The present hour against the same hour of earlier days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agent.analysis.fits import Floats
from agent.analysis.significance import deviation

LEAST_DAYS = 3
_NEGLIGIBLE = 0.01
"""Relative to the level, what nobody would mind."""
_BLOCKS = 3


@dataclass(frozen=True)
class Compared:
    """Today's level at this hour."""

    level: float
    usual: float
    """The median of the earlier days."""
    lowest: float
    highest: float
    """Of the earlier days' levels."""
    days: int
    p_value: float
    """How likely a day like the earlier ones departs as far, either way; 1 where fewer than three are known."""

    @property
    def ratio(self) -> float | None:
        """Level to usual; None where the usual is zero."""
        return self.level / self.usual if self.usual else None


def compare(today: Sequence[float], earlier: Sequence[Sequence[float]]) -> Compared | None:
    """Compare values of the present hour with those of the same hour of each earlier day.

    A day's level is its median; its thirds tell how much a level wanders within the hour. None without values of today or
    of any earlier day.
    """
    now = _finite(today)
    days = [d for d in map(_finite, earlier) if d.size]
    if not now.size or not days:
        return None
    level = float(np.median(now))
    levels = np.array([float(np.median(d)) for d in days])
    blocks = np.concatenate([_blocks(d) for d in days])
    p_value = 1.0
    if len(days) >= LEAST_DAYS:
        floor = _NEGLIGIBLE * abs(float(np.median(levels)))
        higher = deviation(level, blocks, len(days), floor)
        lower = deviation(-level, -blocks, len(days), floor)
        p_value = min(1.0, 2.0 * min(higher, lower))
    return Compared(
        level=level,
        usual=float(np.median(levels)),
        lowest=float(levels.min()),
        highest=float(levels.max()),
        days=len(days),
        p_value=p_value,
    )


def _finite(values: Sequence[float]) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    return array[np.isfinite(array)]


def _blocks(values: Floats) -> Floats:
    parts = np.array_split(values, min(_BLOCKS, values.size))
    return np.array([float(np.median(p)) for p in parts])

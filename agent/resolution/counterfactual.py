"""What a signal would have done without a change, judged by what did not have it.

Two references, each blind where the other sees: siblings now (things of the same kind that the change does not touch) show a
recovery that everything shares; the same interval of earlier days shows one that the hour brings. With either, the signal's
own move is compared as a difference in differences (Card and Krueger, American Economic Review 84, 1994): its level before
plus the median move of the reference is what was to be expected. The spread is the median absolute deviation scaled to a
normal one's (Rousseeuw and Croux, JASA 88, 1993), never below the signal's own scatter, and the expected range takes in
three of it; a move beyond every range is like none of the references, as in the placebo comparisons of Abadie, Diamond and
Hainmueller (JASA 105, 2010). Beyond is not because: it says only that these comparisons do not show the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from agent.model.changes import Comparison

LEAST_DAYS = 3
LEAST_SIBLINGS = 2
MOST_DAYS = 7
_SPREADS = 3.0
_TO_NORMAL = 1.4826
"""Of a normal distribution, standard deviations in one median absolute deviation."""
_NEGLIGIBLE = 0.02
"""Of the level before, a move that nobody would mind."""

_PART = 0.3
"""Of the signal's own move, what a reference's has to be to be worth a word."""
_ROUNDING = 1e-9
"""Of the greatest value, what arithmetic may lose."""


class Move(NamedTuple):
    """A level before and after, in the signal's unit."""

    before: float
    after: float

    @property
    def change(self) -> float:
        """How far it went."""
        return self.after - self.before


class Expected(NamedTuple):
    """The range that a reference lets expect, and its own move."""

    low: float
    high: float
    change: float


def compare(
    name: str,
    own: Move,
    scatter: float,
    days: Sequence[Move] = (),
    siblings: Sequence[Move] = (),
    unit: str = "",
) -> Comparison:
    """A signal's move against those of its references.

    Args:
        name: of the signal.
        own: its level before and after the change.
        scatter: how far its points stray from their median before the change (``scatter_of``).
        days: the same interval on earlier days.
        siblings: the same interval now, of things that the change does not touch.
        unit: of the values.
    """
    greatest = max(abs(v) for move in (own, *days, *siblings) for v in move)
    least = max(scatter, _NEGLIGIBLE * abs(own.before) / _SPREADS, _ROUNDING * greatest)
    ranges = {
        "siblings": _expected(own.before, siblings, least, LEAST_SIBLINGS),
        "earlier days": _expected(own.before, days[:MOST_DAYS], least, LEAST_DAYS),
    }
    known = {who: found for who, found in ranges.items() if found is not None}
    return Comparison(
        signal=name,
        unit=unit,
        before=own.before,
        after=own.after,
        low=min((r.low for r in known.values()), default=None),
        high=max((r.high for r in known.values()), default=None),
        days=len(days[:MOST_DAYS]) if "earlier days" in known else 0,
        siblings=len(siblings) if "siblings" in known else 0,
        alike=tuple(w for w, r in known.items() if _is_alike(own, r)),
        partly=tuple(w for w, r in known.items() if not _is_alike(own, r) and _goes_along(own, r)),
    )


def scatter_of(values: Sequence[float]) -> float:
    """How far values stray from their median: robust, and 0 for fewer than three."""
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    if known.size < 3:
        return 0.0
    return _TO_NORMAL * float(np.median(np.abs(known - np.median(known))))


def level_of(points: Sequence[tuple[float, float]], start: float, end: float) -> float | None:
    """The median of the points from ``start`` to ``end`` (unix seconds, both included); None without any."""
    values = [v for at, v in points if start <= at <= end and np.isfinite(v)]
    return float(np.median(values)) if values else None


def _expected(before: float, moves: Sequence[Move], least: float, fewest: int) -> Expected | None:
    if len(moves) < fewest:
        return None
    changes = np.array([m.change for m in moves])
    middle = float(np.median(changes))
    spread = max(least, _TO_NORMAL * float(np.median(np.abs(changes - middle))))
    expected = before + middle
    return Expected(expected - _SPREADS * spread, expected + _SPREADS * spread, middle)


def _is_alike(own: Move, expected: Expected) -> bool:
    """Whether the reference lets the signal be where it is, or lets it go even further the same way."""
    if own.change < 0:
        return own.after >= expected.low
    return own.after <= expected.high


def _goes_along(own: Move, expected: Expected) -> bool:
    """Whether the reference moved the same way for a good part."""
    return own.change != 0 and expected.change / own.change >= _PART

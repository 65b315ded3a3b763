"""Who moved first: when each of several series began to depart, how surely, and in which order.

A series' change is found as in ``series.find_change``; its onset's interval is the profile likelihood's: all places of the
break whose fit is not significantly worse than the best (chi-squared with one degree of freedom), so that a slow rise or a
noisy series has a wide interval, and an order is claimed only where intervals part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from agent.analysis.fits import Floats
from agent.analysis.series import Change, Points, find_change
from agent.analysis.significance import normal_tail

_BESIDE = 30
"""Points on either side of a change within which its onset is looked for."""
_LIKELIHOOD = 1.92
"""Half the 95 % quantile of chi-squared with one degree of freedom."""
_SURE = 0.9


@dataclass(frozen=True)
class Onset:
    """When a series began to depart; unix seconds."""

    name: str
    at: float
    earliest: float
    latest: float
    """Ends of a 95 % interval."""
    step: float
    """How far apart the series' points are: what was measured when within it is not known."""
    change: Change

    @property
    def deviation(self) -> float:
        """Standard deviation of ``at``, seconds."""
        return float(np.hypot((self.latest - self.earliest) / 3.92, self.step / 2))


@dataclass(frozen=True)
class Order:
    """Onsets, the earliest first."""

    onsets: tuple[Onset, ...]
    steady: tuple[str, ...]
    """Series without a change."""

    @property
    def first(self) -> tuple[Onset, ...]:
        """Those that may have been first: all that the earliest does not surely precede."""
        if not self.onsets:
            return ()
        leader = self.onsets[0]
        return tuple(o for o in self.onsets if o is leader or precedes(leader, o) < _SURE)


def onset_of(name: str, points: Points) -> Onset | None:
    """The onset of a series' change; None when it goes on as before."""
    change, _ = find_change(points)
    if change is None:
        return None
    array = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    array = array[np.isfinite(array).all(axis=1)]
    place = int(np.searchsorted(array[:, 0], change.at))
    near = array[max(0, place - _BESIDE) : place + _BESIDE]
    times, values = near[:, 0], near[:, 1]
    step = float(np.median(np.diff(array[:, 0])))
    errors = np.array(
        [_error(times, values, k, gradual=change.gradual) for k in range(2, times.size - 1)]
    )
    floor = 1e-9 * (float(np.ptp(values)) ** 2) * times.size + 1e-30
    worse = 0.5 * times.size * np.log((errors + floor) / (errors.min() + floor))
    likely = np.flatnonzero(worse <= _LIKELIHOOD) + 2
    best = int(errors.argmin()) + 2
    return Onset(
        name=name,
        at=float(times[best]),
        earliest=float(times[likely[0]]) - step,
        latest=float(times[likely[-1]]),
        step=step,
        change=change,
    )


def order_of(series: Mapping[str, Points]) -> Order:
    """The onsets of several series in order."""
    found = {name: onset_of(name, points) for name, points in series.items()}
    onsets = sorted((o for o in found.values() if o is not None), key=lambda o: (o.at, o.name))
    return Order(tuple(onsets), tuple(name for name, o in found.items() if o is None))


def precedes(a: Onset, b: Onset) -> float:
    """The chance that ``a`` began before ``b``, their errors taken as independent and normal."""
    return normal_tail((a.at - b.at) / max(float(np.hypot(a.deviation, b.deviation)), 1e-9))


def _error(times: Floats, values: Floats, place: int, *, gradual: bool) -> float:
    """Squared residuals of a level that is left at ``place`` by a jump, or along a line."""
    after = np.arange(times.size) >= place
    start = times[place - 1]
    extra = np.maximum(times - start, 0.0) if gradual else after.astype(np.float64)
    regressors = np.stack([np.ones_like(times), extra]).T
    fitted = regressors @ np.linalg.lstsq(regressors, values, rcond=None)[0]
    return float(((values - fitted) ** 2).sum())

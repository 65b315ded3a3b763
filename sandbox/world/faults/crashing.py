"""The runs of a container that ends again and again, with the kubelet's back-off between them."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

_FIRST_WAIT_S = 10.0
_LONGEST_WAIT_S = 300.0
_FORGIVEN_AFTER_S = 600.0
"""A container that ran as long as this is started anew at once."""


@dataclass(frozen=True)
class Runs:
    """Epoch seconds of all that happened up to a moment."""

    starts: tuple[float, ...]
    ends: tuple[float, ...]
    next_wait_s: float
    """The back-off after the latest end."""

    @property
    def is_running(self) -> bool:
        """Whether the latest run goes on."""
        return len(self.starts) > len(self.ends)

    @property
    def restarts(self) -> int:
        """Starts after the first."""
        return len(self.starts) - 1


def runs_until(
    now: float, first: float, begin: float, lasts: float, until: float, most: float = inf
) -> Runs:
    """The runs of a container up to ``now``.

    Args:
        now: the moment.
        first: when its first run started, which may be long before it fell ill.
        begin: when it fell ill: it first ends after ``lasts`` from then on.
        lasts: seconds of each run.
        until: when it got well: the next run after that goes on.
        most: how often it ends at all.
    """
    starts, ends = [first], list[float]()
    wait, end = _FIRST_WAIT_S, max(begin, first) + lasts
    while end <= now and end < until and len(ends) < most:
        ends.append(end)
        again = end + wait
        if until < again:
            again = max(end, until)
        used = wait
        wait = _FIRST_WAIT_S if lasts >= _FORGIVEN_AFTER_S else min(2 * wait, _LONGEST_WAIT_S)
        if again > now:
            return Runs(tuple(starts), tuple(ends), used)
        starts.append(again)
        end = again + lasts
    return Runs(tuple(starts), tuple(ends), wait)

"""When a fault is active, given what was done to the cluster: integrated over change points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sandbox.world.faults.conditions import Condition
from sandbox.world.noise import Floats
from sandbox.world.ports import ClusterHistory

Change = tuple[float, bool]
"""From this epoch second on, the fault is mended, or is not."""


@dataclass(frozen=True)
class Activity:
    """How a fault stands at some times."""

    active_s: Floats
    """Seconds that it has been active; they stand still while it is mended."""
    strength: Floats
    """1 while active; falls to 0 with the fault's lag once mended, and rises again if undone."""


def mended_changes(
    mends: Sequence[Sequence[Condition]], history: ClusterHistory, onset: float
) -> list[Change]:
    """From the onset on, when any of ``mends`` (each a list of conditions) began or ceased to hold."""
    moments = {onset}
    timelines = {}
    for condition in (condition for mend in mends for condition in mend):
        changes = history.changes(condition.kind, condition.namespace, condition.name)
        timelines[condition] = [(when.timestamp(), state) for when, state in changes]
        moments |= {when for when, _ in timelines[condition] if when > onset}

    def holds(condition: Condition, moment: float) -> bool:
        states = [state for when, state in timelines[condition] if when <= moment]
        return bool(states) and condition.holds(states[-1])

    found: list[Change] = []
    for moment in sorted(moments):
        is_mended = any(all(holds(c, moment) for c in mend) for mend in mends)
        if not found or found[-1][1] != is_mended:
            found.append((moment, is_mended))
    return found


def activity(changes: Sequence[Change], lag_s: float, times: Floats) -> Activity:
    """The fault's activity at ``times``, as a first-order lag behind ``changes``."""
    active_s, strength = np.zeros(times.shape), np.zeros(times.shape)
    seconds, level = 0.0, 0.0 if changes[0][1] else 1.0
    for (begin, is_mended), (end, _) in pairwise([*changes, (np.inf, False)]):
        inside = (times >= begin) & (times < end)
        since = times[inside] - begin
        target = 0.0 if is_mended else 1.0
        active_s[inside] = seconds + (0.0 if is_mended else since)
        strength[inside] = target + (level - target) * np.exp(-since / lag_s)
        if np.isfinite(end):
            seconds += 0.0 if is_mended else end - begin
            level = target + (level - target) * float(np.exp(-(end - begin) / lag_s))
    return Activity(active_s, strength)

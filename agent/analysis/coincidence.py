"""Which change could have caused what began, and how likely it came just before by chance.

A change that causes trouble does so soon: its delay is taken as exponential, with a mean by its kind. Set against it is how
often such changes happen anyway: where something is rolled out every ten minutes, a rollout five minutes before an onset
says nothing. The score is the logarithm of the ratio of both densities at the observed delay (nats; above 0 it speaks for
the change). What came after the onset's latest moment cannot have caused it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

_MEAN_DELAY_SECONDS = {
    "rollout": 600.0,
    "config": 600.0,
    "flag": 300.0,
    "scale": 600.0,
    "job": 300.0,
    "maintenance": 600.0,
}
_USUAL_DELAY_SECONDS = 900.0
_LEAST_EVENTS = 0.5
"""Jeffreys' prior: what was never seen in a while may happen all the same."""


@dataclass(frozen=True)
class Happening:
    """Something that was changed, or that started."""

    at: float
    """Unix seconds."""
    kind: str
    """rollout, config, flag, scale, job, maintenance, or another word."""
    what: str


@dataclass(frozen=True)
class Coincidence:
    """A change before an onset."""

    happening: Happening
    delay_seconds: float
    score: float
    """Nats for its being the cause, before anything else is known of it."""
    by_chance: float
    """How likely at least one change of its kind falls into so short a time before any moment."""


def coincidences(
    happenings: Iterable[Happening],
    onset: tuple[float, float, float],
    history: Sequence[Happening] = (),
    history_seconds: float = 86_400.0,
) -> list[Coincidence]:
    """Changes that could have caused an onset, the likeliest first.

    Args:
        happenings: candidates.
        onset: earliest, likeliest, latest; unix seconds.
        history: all changes of the time before, which tell how often each kind happens.
        history_seconds: how long that time is.
    """
    earliest, at, latest = onset
    counts: dict[str, int] = {}
    for happening in history:
        counts[happening.kind] = counts.get(happening.kind, 0) + 1
    width = max(latest - earliest, 1.0)
    found = []
    for happening in happenings:
        if happening.at > latest:
            continue
        delay = max(at - happening.at, 0.0)
        rate = (counts.get(happening.kind, 0) + _LEAST_EVENTS) / history_seconds
        mean = _MEAN_DELAY_SECONDS.get(happening.kind, _USUAL_DELAY_SECONDS) + width / 2
        found.append(
            Coincidence(
                happening=happening,
                delay_seconds=delay,
                score=float(-np.log(mean * rate) - delay / mean),
                by_chance=float(-np.expm1(-rate * max(delay, width))),
            )
        )
    return sorted(found, key=lambda c: -c.score)

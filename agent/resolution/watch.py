"""Looks at the signals that a change is judged by, and says what was seen, not what caused it.

A signal that started the investigation is good again when its monitor is OK, or when it is on the good side of its level: its
monitor's threshold where it has one, else half the way from its value before the change to its baseline. Neighbours are to be
no worse than before.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from enum import StrEnum
from statistics import median

from agent.errors import ToolError
from agent.model import (
    Json,
    Outcome,
    OutcomeStatus,
    Proposal,
    Reading,
    Series,
    SignalAfter,
    Utc,
    Value,
)
from agent.tools import Registry

_HALF_WAY = 0.5
_WORSE_BY = 0.3
"""A signal is worse when it moved this share of its distance further away from its baseline."""
_ABOUT = 0.2
"""A value within this share of its baseline is normal."""
_NEIGHBOUR_TIMES = 1.5
"""A neighbour is worse from so many times its value before on,"""
_NEIGHBOUR_LEAST = {"latency": 0.05, "errors": 0.02, "restarts": 1.0}
"""and from so much more: seconds, share of requests, restarts within a look's window."""
_LATEST = 3
"""Points whose median is a neighbour's value: one odd point is no trouble."""


class Role(StrEnum):
    """Why a signal is watched."""

    STARTED = "started"
    """It, or its monitor, started the investigation, or told its cause."""
    NEIGHBOUR = "neighbour"
    """A dependant or sibling, which must not suffer."""


class Watched(Value):
    """One signal to watch: a monitor (its id) or a metrics query with the level that is normal for it."""

    name: str
    tool: str
    arguments: Json
    monitor: str = ""
    baseline: float | None = None
    role: Role = Role.STARTED
    measure: str = ""
    """Of a neighbour: latency, errors or restarts."""
    service: str = ""
    """Whose series it is in a grouped answer; empty: the answer has one series."""
    unit: str = ""
    good_below: float | None = None
    good_above: float | None = None
    """The threshold of its monitor: good is strictly on this side of it."""
    settles_seconds: float = 0.0
    """How long it takes at least to show a recovery: its monitor's window, its own resolution."""


class Look(Value):
    """What the watched signals showed at one moment; None where nothing came."""

    values: tuple[float | None, ...]
    at: Utc


async def look(registry: Registry, signals: Sequence[Watched], at: Utc) -> Look:
    """Read every watched signal once; a monitor is 0 when OK and 1 when not. Several of one answer ask once."""
    asked = {_key(s): s for s in signals}
    answers = await asyncio.gather(*(_read(registry, s) for s in asked.values()))
    by_key = dict(zip(asked, answers, strict=True))
    return Look(values=tuple(_value(s, by_key[_key(s)]) for s in signals), at=at)


def _key(signal: Watched) -> str:
    return f"{signal.tool} {json.dumps(signal.arguments, sort_keys=True, default=str)}"


async def _read(registry: Registry, signal: Watched) -> Reading | None:
    try:
        return await registry[signal.tool](signal.arguments)
    except ToolError:
        return None


def _value(signal: Watched, reading: Reading | None) -> float | None:
    if reading is None:
        return None
    if signal.monitor:
        found = reading.data.get("monitors", [])
        states = [m.get("state") for m in found if str(m.get("id")) == signal.monitor]
        known = [s for s in states if s in ("OK", "Alert", "Warn")]
        return float(known[0] != "OK") if known else None
    if signal.service:
        return _of_service(signal, reading.series)
    series = reading.data.get("series") or []
    return series[0].get("last") if len(series) == 1 else None


def _of_service(signal: Watched, found: Sequence[Series]) -> float | None:
    own = next((s for s in found if s.tags.get("service") == signal.service), None)
    if own is None or not own.points:
        return None
    values = [v for _, v in own.points]
    if signal.measure == "restarts":  # a counter: what counts is by how much it rose of late
        return max(0.0, values[-1] - values[0])
    return float(median(values[-_LATEST:]))


def judge(
    proposal: Proposal, signals: Sequence[Watched], before: Look, after: Look, applied_at: Utc
) -> Outcome:
    """What the signals say after a change, without saying that the change did it."""
    seen = list(zip(signals, before.values, after.values, strict=True))
    judged = [
        SignalAfter(
            name=s.name,
            query=str(s.arguments.get("query") or s.monitor),
            before=b,
            after=a,
            good=_good(s, b, a),
            neighbour=s.role is Role.NEIGHBOUR,
        )
        for s, b, a in seen
    ]
    worse = [s.name for s, b, a in seen if _worse(s, b, a)]
    status = _status(signals, judged, worse)
    started = [j for s, j in zip(signals, judged, strict=True) if s.role is Role.STARTED]
    return Outcome(
        proposal=proposal.id,
        status=status,
        statement=_statement(status, started, worse, stayed=proposal.reverts is not None),
        signals=tuple(judged),
        observed_at=after.at,
        watched_seconds=round((after.at - applied_at).total_seconds(), 1),
    )


def worse_signals(signals: Sequence[Watched], before: Look, after: Look) -> tuple[Watched, ...]:
    """Those that got worse."""
    seen = zip(signals, before.values, after.values, strict=True)
    return tuple(s for s, b, a in seen if _worse(s, b, a))


def _good(signal: Watched, before: float | None, after: float | None) -> bool | None:
    if after is None:
        return None
    if signal.monitor:
        return after == 0
    if signal.role is Role.NEIGHBOUR:
        return None if before is None else not _worse(signal, before, after)
    if signal.good_below is not None:
        return after < signal.good_below
    if signal.good_above is not None:
        return after > signal.good_above
    if signal.baseline is None or before is None:
        return None
    if _is_normal(before, signal.baseline):
        return _is_normal(after, signal.baseline)
    return (before - after) / (before - signal.baseline) >= _HALF_WAY


def _worse(signal: Watched, before: float | None, after: float | None) -> bool:
    if before is None or after is None:
        return False
    if signal.monitor:
        return after > before
    if signal.role is Role.NEIGHBOUR:
        least = _NEIGHBOUR_LEAST.get(signal.measure, 0.0)
        return after >= _NEIGHBOUR_TIMES * before and after - before >= least
    if signal.baseline is None:
        return False
    if _is_normal(before, signal.baseline):
        return not _is_normal(after, signal.baseline)
    return (after - before) / (before - signal.baseline) >= _WORSE_BY


def _is_normal(value: float, baseline: float) -> bool:
    """Whether a value is about its baseline: then it has no way to come back, and can only stay or leave."""
    return abs(value - baseline) <= _ABOUT * abs(baseline)


def _status(
    signals: Sequence[Watched], judged: Sequence[SignalAfter], worse: Sequence[str]
) -> OutcomeStatus:
    """Monitors decide where there are some: recovered only if every one of them was read and is OK."""
    own = [(s, j.good) for s, j in zip(signals, judged, strict=True) if s.role is Role.STARTED]
    monitors = [good for s, good in own if s.monitor]
    metrics = [good for s, good in own if not s.monitor]
    deciding = monitors or [m for m in metrics if m is not None]
    if worse:
        return OutcomeStatus.WORSE
    if False in deciding:
        return OutcomeStatus.UNCHANGED
    if not deciding or None in deciding:
        return OutcomeStatus.CANNOT_TELL
    return OutcomeStatus.RECOVERED


def _statement(
    status: OutcomeStatus, judged: Sequence[SignalAfter], worse: Sequence[str], *, stayed: bool
) -> str:
    good = [j.name for j in judged if j.good]
    match status:
        case OutcomeStatus.RECOVERED:
            how = "stayed normal" if stayed else "came back to normal"
            return f"After the change {' and '.join(good[:3])} {how}."
        case OutcomeStatus.WORSE:
            return f"After the change {' and '.join(worse[:3])} got worse."
        case OutcomeStatus.UNCHANGED:
            bad = [j.name for j in judged if j.good is False]
            return f"After the change {' and '.join(bad[:3])} did not come back to normal."
        case _:
            return "After the change no watched signal could be read well enough to tell."

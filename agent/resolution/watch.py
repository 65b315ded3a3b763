"""Watches the signals that started an investigation after a change, and says what was seen, not what caused it.

What is watched is settled before the change: the monitors of the alerted service and the metrics whose evidence told.
A signal is good again when its monitor is OK, or when it has come back at least half the way from its value before the
change to its baseline.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.errors import ToolError
from agent.model import Case, Json, Outcome, OutcomeStatus, Proposal, SignalAfter, Step, Utc, Value
from agent.tools import Registry

MOST_METRICS = 4
_TELLING = 0.5
"""Weight of evidence from which a metric is worth watching."""
_HALF_WAY = 0.5
_WORSE_BY = 0.3
"""A signal is worse when it moved this share of its distance further away from its baseline."""
_ABOUT = 0.2
"""A value within this share of its baseline is normal."""
_MINUTES = 10
"""The window of a look: short, so that what came before the change soon leaves it."""


class Watched(Value):
    """One signal to watch: a monitor (its id) or a metrics query with the level that is normal for it."""

    name: str
    tool: str
    arguments: Json
    monitor: str = ""
    baseline: float | None = None


class Look(Value):
    """What the watched signals showed at one moment; None where nothing came."""

    values: tuple[float | None, ...]
    at: Utc


def watched_signals(case: Case) -> tuple[Watched, ...]:
    """What to watch after a change made for this case."""
    return (*_monitors(case), *_metrics(case)[:MOST_METRICS])


def _monitors(case: Case) -> list[Watched]:
    """The monitor that alerted; where no monitor did, those that were in trouble."""
    wanted = case.signal.fingerprint.split(":")
    alerted: dict[str, Watched] = {}
    troubled: dict[str, Watched] = {}
    for step in _readings(case, "datadog_monitors"):
        if step.check.arguments.get("state"):
            continue  # asked for those in a state: once it recovered, a monitor would be missing there
        for monitor in step.reading.data.get("monitors", []) if step.reading else ():
            number = str(monitor.get("id"))
            watched = Watched(
                name=f"monitor “{monitor.get('name')}”",
                tool=step.check.tool,
                arguments=step.check.arguments,
                monitor=number,
            )
            if number in wanted:
                alerted[number] = watched
            elif monitor.get("state") in ("Alert", "Warn"):
                troubled[number] = watched
    return list((alerted or troubled).values())


def _metrics(case: Case) -> list[Watched]:
    """The metrics that spoke for the leading hypothesis, the most telling first."""
    ranked = case.ranked()
    leader = ranked[0].id if ranked else ""
    weights: dict[int, float] = {}
    for evidence in case.evidence:
        weights[evidence.step] = max(
            weights.get(evidence.step, 0.0), evidence.weights.get(leader, 0.0)
        )
    telling = sorted(
        (s for s in _readings(case, "datadog_metrics") if weights.get(s.number, 0) >= _TELLING),
        key=lambda s: -weights[s.number],
    )
    signals = [_metric(step) for step in telling]
    return list({w.arguments["query"]: w for w in signals if w is not None}.values())


def _metric(step: Step) -> Watched | None:
    series = step.reading.data.get("series") or [] if step.reading else []
    if len(series) != 1 or not series[0].get("change"):
        return None  # several series, or one that did not move, say nothing about recovery
    return Watched(
        name=str(series[0].get("metric") or step.check.arguments["query"]),
        tool=step.check.tool,
        arguments={**step.check.arguments, "minutes": _MINUTES},
        baseline=series[0]["change"]["before"],
    )


def _readings(case: Case, tool: str) -> list[Step]:
    return [s for s in case.steps if s.check.tool == tool and s.reading is not None]


async def look(registry: Registry, signals: Sequence[Watched], at: Utc) -> Look:
    """Read every watched signal once; a monitor is 0 when OK and 1 when not."""
    values = [await _value(registry, signal) for signal in signals]
    return Look(values=tuple(values), at=at)


async def _value(registry: Registry, signal: Watched) -> float | None:
    try:
        reading = await registry[signal.tool](signal.arguments)
    except ToolError:
        return None
    if signal.monitor:
        states = [
            m.get("state")
            for m in reading.data.get("monitors", [])
            if str(m.get("id")) == signal.monitor
        ]
        known = [s for s in states if s in ("OK", "Alert", "Warn")]
        return float(known[0] != "OK") if known else None
    series = reading.data.get("series") or []
    return series[0].get("last") if len(series) == 1 else None


def judge(
    proposal: Proposal, signals: Sequence[Watched], before: Look, after: Look, applied_at: Utc
) -> Outcome:
    """What the signals say after a change, without saying that the change did it."""
    judged = [
        SignalAfter(
            name=s.name,
            query=str(s.arguments.get("query") or s.monitor),
            before=b,
            after=a,
            good=_good(s, b, a),
        )
        for s, b, a in zip(signals, before.values, after.values, strict=True)
    ]
    worse = [
        s.name
        for s, b, a in zip(signals, before.values, after.values, strict=True)
        if _worse(s, b, a)
    ]
    status = _status(signals, judged, worse)
    return Outcome(
        proposal=proposal.id,
        status=status,
        statement=_statement(status, judged, worse, stayed=proposal.reverts is not None),
        signals=tuple(judged),
        observed_at=after.at,
        watched_seconds=round((after.at - applied_at).total_seconds(), 1),
    )


def _good(signal: Watched, before: float | None, after: float | None) -> bool | None:
    if after is None:
        return None
    if signal.monitor:
        return after == 0
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
    monitors = [j.good for s, j in zip(signals, judged, strict=True) if s.monitor]
    metrics = [j.good for s, j in zip(signals, judged, strict=True) if not s.monitor]
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

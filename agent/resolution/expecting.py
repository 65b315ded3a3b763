"""Writes down, before a change is proposed, what would count as success and how long it is watched for at most."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from statistics import median

from agent.house import House, Terms
from agent.investigation.chart_picture import readable
from agent.model import Case, Change, ChangeKind, Expectation, Proposal
from agent.resolution.signals import neighbour_signals, watched_signals
from agent.resolution.watch import Look, Role, Watched, look

_LEAST_HORIZON_SECONDS = 300.0
_UNKNOWN_SECONDS = 600.0
"""For signals of which it is not known how fast they show anything."""
_WINDOWS = 2.0
"""A monitor's window has to fill with what came after the change; the second one is for being late."""
_ROLLOUT_SECONDS = 180.0
_ROLLS = frozenset(
    {
        ChangeKind.RESOURCES,
        ChangeKind.REPLICAS,
        ChangeKind.ROLLBACK,
        ChangeKind.RESTART,
        ChangeKind.CONFIG_VALUE,
        ChangeKind.HPA_BOUNDS,
        ChangeKind.IMAGE,
        ChangeKind.DELETE_POD,
    }
)
"""Kinds after which Pods start, which takes its time."""
_JOBS = frozenset({ChangeKind.SUSPEND_JOB, ChangeKind.RESUME_JOB})
_SHARE_HELD = 0.25
"""Of the horizon, what success has to last at most."""
_SHOWN = 3


async def expect(house: House, case: Case, change: Change, environment: str) -> Expectation:
    """What a change made for this case is to achieve; the signals are read once, for the numbers in its criterion."""
    signals = (
        *watched_signals(case),
        *neighbour_signals(case, change.target, environment),
    )
    registry = house.investigator.equipment.checks.registry
    return expectation_of(
        case, change, signals, await look(registry, signals, house.clock.now()), house.terms
    )


def expectation_of(
    case: Case, change: Change, signals: Sequence[Watched], now: Look, terms: Terms
) -> Expectation:
    """The criterion in a sentence with numbers, and the horizon that fits the signals.

    Args:
        case: the investigation.
        change: the change.
        signals: what is watched.
        now: what they show at this moment.
        terms: the bounds: the longest watch, the longest hold.
    """
    horizon = _horizon(case, change, signals, terms)
    held = min(terms.watch_hold_seconds, _SHARE_HELD * horizon)
    return Expectation(
        criterion=_criterion(signals, now, held),
        horizon_seconds=horizon,
        held_seconds=held,
        signals=tuple(s.model_dump(mode="json") for s in signals),
    )


def signals_of(proposal: Proposal) -> tuple[Watched, ...]:
    """What is watched after a proposal's change, as it was written down before."""
    written = proposal.expectation.signals if proposal.expectation else ()
    return tuple(Watched.model_validate(s) for s in written)


def _horizon(case: Case, change: Change, signals: Sequence[Watched], terms: Terms) -> float:
    own = [s for s in signals if s.role is Role.STARTED]
    settling = max((_WINDOWS * s.settles_seconds for s in own), default=0.0) or _UNKNOWN_SECONDS
    rolling = _ROLLOUT_SECONDS if change.kind in _ROLLS else 0.0
    running = _job_seconds(case, change.target.name) if change.kind in _JOBS else 0.0
    wanted = max(settling + rolling, running) + terms.watch_hold_seconds
    least = min(_LEAST_HORIZON_SECONDS, terms.watch_seconds)
    return round(min(max(wanted, least), terms.watch_seconds), 1)


def _job_seconds(case: Case, name: str) -> float:
    """How long a CronJob's runs take, as the case's look-ups show; 0 when none was seen from start to end."""
    lengths = [
        (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds()
        for step in case.steps
        if step.reading is not None and step.check.tool == "kubernetes_jobs"
        for job in step.reading.data.get("jobs") or []
        if str(job.get("name", "")).startswith(name)
        and (begun := str(job.get("started_at") or ""))
        and (ended := str(job.get("finished_at") or ""))
    ]
    return median(lengths) if lengths else 0.0


def _criterion(signals: Sequence[Watched], now: Look, held: float) -> str:
    seen = list(zip(signals, now.values, strict=True))
    monitors = [f"{s.name} is OK" for s, _ in seen if s.monitor]
    own = [(s, value) for s, value in seen if not s.monitor and s.role is Role.STARTED]
    if monitors:  # they decide; of the metrics, those that they measure say it in numbers
        own = [(s, v) for s, v in own if s.good_below is not None or s.good_above is not None]
    metrics = [said for s, value in own if (said := _aim(s, value))]
    wanted = [*monitors[:_SHOWN], *metrics[:_SHOWN]]
    if not wanted:
        return "Nothing that started this can be measured: what comes after cannot be told."
    lasting = f" for {_span(held)}" if held >= 1 else ""
    return f"{_listed(wanted)}{lasting}{_spared(signals)}."


def _aim(signal: Watched, value: float | None) -> str:
    now = f" (now {readable(value, signal.unit)})" if value is not None else ""
    if signal.good_below is not None:
        return f"{signal.name} is back below {readable(signal.good_below, signal.unit)}{now}"
    if signal.good_above is not None:
        return f"{signal.name} is back above {readable(signal.good_above, signal.unit)}{now}"
    if signal.baseline is None or value is None:
        return ""
    half = (value + signal.baseline) / 2
    side = "below" if value > signal.baseline else "above"
    usual = readable(signal.baseline, signal.unit)
    return f"{signal.name} is back {side} {readable(half, signal.unit)}{now}, ordinarily {usual}"


def _spared(signals: Sequence[Watched]) -> str:
    names = list(dict.fromkeys(s.service for s in signals if s.role is Role.NEIGHBOUR))
    if not names:
        return ""
    left = len(names) - _SHOWN
    shown = names if left <= 1 else [*names[:_SHOWN], f"{left} more"]
    return f", with {_listed(shown)} no worse"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.3g} minutes"

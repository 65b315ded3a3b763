"""What to do about a signal: investigate it, watch it, or stay quiet; with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from agent.awareness.history import is_loud, silenced
from agent.awareness.issues import Weight
from agent.awareness.load import ComingLoad
from agent.model import (
    AlertState,
    Decision,
    Entity,
    Severity,
    Signal,
    SignalKind,
    Triage,
)

_UNIMPORTANT = {
    AlertState.WARNING: "it is a warning, not an alert",
    AlertState.NO_DATA: "it only says that no data came",
    AlertState.RENOTIFIED: "it repeats an alert that is known",
    AlertState.RECOVERED: "it says that the alert is over",
}
_TIER_IMPACT = {1: 0.9, 2: 0.6, 3: 0.35}
_ENVIRONMENT_WEIGHT = {"production": 1.0, "staging": 0.4, "development": 0.15}
_LOAD_BONUS = 0.05
_SEVERITY_BONUS = {
    Severity.CRITICAL: 0.1,
    Severity.HIGH: 0.05,
    Severity.MEDIUM: 0.0,
    Severity.LOW: -0.05,
    Severity.INFO: -0.2,
}


@dataclass(frozen=True)
class TriageRules:
    """What engineers set about triage."""

    least_impact: float = 0.14
    """Below it, an alert is only watched: in development all but a grave one on what others depend on."""
    same_alert_within: timedelta = timedelta(minutes=30)
    """The same alert within this time is not investigated again."""
    flapping_count: int = 4
    """So many of the same alert within ``flapping_within`` is flapping."""
    flapping_within: timedelta = timedelta(hours=2)
    tickets_count: int = 3
    """So many tickets on one entity within ``tickets_within`` are looked into."""
    tickets_within: timedelta = timedelta(hours=1)


@dataclass(frozen=True)
class Known:
    """What is known around a signal when it is decided on."""

    entities: Sequence[Entity] = ()
    """What it names, the likeliest first; the tier is one of its properties."""
    recent: Sequence[Signal] = ()
    """Earlier signals with the same fingerprint, in any order."""
    dependants: int = 0
    """How many services depend on it."""
    weight: Weight | None = None
    """What experience says on signals like it; None: that was not asked."""
    load: ComingLoad | None = None
    tickets: int = 0
    """Tickets on the same entity within the hour, this one among them."""


def decide(
    signal: Signal,
    entities: Sequence[Entity] = (),
    recent: Sequence[Signal] = (),
    dependants: int = 0,
    rules: TriageRules | None = None,
) -> Triage:
    """Decide on a signal from what is at stake, without experience (``judged`` takes all that is known)."""
    return judged(signal, Known(entities, recent, dependants), rules)


def judged(signal: Signal, known: Known, rules: TriageRules | None = None) -> Triage:
    """Decide on a signal.

    Args:
        signal: what was noticed.
        known: what is known around it.
        rules: what engineers set; the defaults when None.
    """
    rules = rules or TriageRules()
    impact = impact_of(signal, known.entities, known.dependants, known.load)
    decision, reason = (
        _on_alert(signal, known, rules, impact)
        if signal.kind is SignalKind.ALERT
        else _on_other(signal, known, rules)
    )
    return Triage(decision=decision, reason=reason, impact=impact)


def _on_other(signal: Signal, known: Known, rules: TriageRules) -> tuple[Decision, str]:
    match signal.kind:
        case SignalKind.REQUEST:
            return Decision.INVESTIGATE, "Investigated: an engineer asked."
        case SignalKind.QUESTION:
            return Decision.INVESTIGATE, "Investigated: it is a question."
        case SignalKind.CHANGE | SignalKind.CORRECTION:
            return Decision.QUIET, "Kept as context: it is no problem by itself."
        case SignalKind.TICKET if known.tickets < rules.tickets_count or not signal.service:
            return Decision.WATCH, "Only watched: it is a single ticket so far."
        case SignalKind.TICKET:
            what = f"{known.tickets} tickets on {signal.service} within an hour"
            return Decision.INVESTIGATE, f"Investigated: {what}."
        case _ if signal.state is AlertState.RECOVERED:
            return Decision.QUIET, "Not investigated: it is over."
        case _ if signal.state is AlertState.RENOTIFIED:
            return Decision.QUIET, "Not investigated: it goes on, and is known."
        case _:
            return (
                Decision.INVESTIGATE,
                f"Investigated: {_importance(signal, known, emerging=True)}.",
            )


def _on_alert(
    signal: Signal, known: Known, rules: TriageRules, impact: float
) -> tuple[Decision, str]:
    if (why := _UNIMPORTANT.get(signal.state)) is not None:
        decision = Decision.WATCH if signal.state is AlertState.WARNING else Decision.QUIET
        return decision, f"Not investigated: {why}."
    if (why := _known(signal, known.recent, rules)) is not None:
        return Decision.WATCH, f"Not investigated: {why}."
    weight = known.weight
    loud = weight is not None and is_loud(weight, signal.occurred_at)
    if weight is not None and not loud:
        critical = is_critical(signal, known.entities)
        silence = silenced(weight, critical=critical, now=signal.occurred_at)
        if silence is Decision.QUIET:
            return silence, f"Quiet: {weight.statement}."
        if silence is Decision.WATCH:
            return silence, f"Only watched: {weight.statement}."
    if impact < rules.least_impact and not loud:
        where = signal.environment or "an unknown environment"
        reason = f"Only watched: an alert in {where} with little impact ({impact:.2f})."
        return Decision.WATCH, reason
    return Decision.INVESTIGATE, f"Investigated: {_importance(signal, known)}."


def is_critical(signal: Signal, entities: Sequence[Entity]) -> bool:
    """Whether it is on a tier 1 service in production."""
    return _tier(signal, entities) == 1 and _environment(signal, entities) == "production"


def impact_of(
    signal: Signal,
    entities: Sequence[Entity],
    dependants: int = 0,
    load: ComingLoad | None = None,
) -> float:
    """How much is at stake, 0..1: tier by environment, raised by severity, by who depends on it and by coming load."""
    tier = _tier(signal, entities)
    base = _TIER_IMPACT.get(tier, 0.5) if tier else 0.5
    weight = _ENVIRONMENT_WEIGHT.get(_environment(signal, entities), 0.7)
    more = min(0.1, 0.02 * dependants) + _SEVERITY_BONUS[signal.severity]
    more += _LOAD_BONUS if load is not None else 0.0
    return round(max(0.0, min(1.0, (base + more) * weight)), 3)


def _environment(signal: Signal, entities: Sequence[Entity]) -> str:
    return signal.environment or next((e.environment for e in entities), "")


def _known(signal: Signal, recent: Sequence[Signal], rules: TriageRules) -> str | None:
    triggered = [
        s
        for s in recent
        if s.key != signal.key
        and s.state is AlertState.TRIGGERED
        and s.fingerprint
        and s.fingerprint == signal.fingerprint
        and s.occurred_at <= signal.occurred_at
    ]
    ages = [signal.occurred_at - s.occurred_at for s in triggered]
    flaps = sum(age <= rules.flapping_within for age in ages)
    if flaps >= rules.flapping_count:
        hours = rules.flapping_within.total_seconds() / 3600
        return f"it is flapping, {flaps} times before within {hours:g} h"
    if any(age <= rules.same_alert_within for age in ages):
        minutes = rules.same_alert_within.total_seconds() / 60
        return f"the same alert came within the last {minutes:g} minutes"
    return None


def _tier(signal: Signal, entities: Sequence[Entity]) -> int | None:
    same = [e for e in entities if e.name == signal.service] or list(entities[:1])
    for entity in same:
        digits = "".join(c for c in str(entity.properties.get("tier", "")) if c.isdigit())
        if digits:
            return int(digits)
    return None


def _importance(signal: Signal, known: Known, *, emerging: bool = False) -> str:
    """What is at stake, in one sentence."""
    tier = _tier(signal, known.entities)
    parts = [signal.service or "the alerted system"]
    if tier:
        parts.append(f"is tier {tier}")
    where = f"in {signal.environment}" if signal.environment else ""
    verb = "is in trouble" if emerging else "alerts"
    words = [" ".join(filter(None, [*parts, where] if tier else [parts[0], verb, where]))]
    if known.dependants:
        verb = "services depend" if known.dependants > 1 else "service depends"
        words.append(f"{known.dependants} {verb} on it")
    if known.load is not None:
        words.append(known.load.in_words(signal.occurred_at))
    return ", ".join([*words, *_experienced(known.weight)])


def _experienced(weight: Weight | None) -> list[str]:
    if weight is None:
        return []
    if not weight.seen and not weight.statement:
        return ["never seen before"]
    return [weight.statement] if weight.statement else []

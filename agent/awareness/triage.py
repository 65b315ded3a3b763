"""What to do about a signal: investigate it, watch it, or stay quiet; with the reason, and the budget it deserves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from agent.model import (
    AlertState,
    Budget,
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

    least_impact: float = 0.05
    """Below it, an alert is only watched."""
    same_alert_within: timedelta = timedelta(minutes=30)
    """The same alert within this time is not investigated again."""
    flapping_count: int = 4
    """So many of the same alert within ``flapping_within`` is flapping."""
    flapping_within: timedelta = timedelta(hours=2)
    quick: Budget = field(
        default_factory=lambda: Budget(seconds=90, tool_calls=40, tokens=100_000, usd=0.2)
    )
    usual: Budget = field(default_factory=Budget)
    deep: Budget = field(
        default_factory=lambda: Budget(seconds=600, tool_calls=120, tokens=400_000, usd=2.0)
    )
    quick_below: float = 0.4
    """Impact below which the quick budget is enough."""
    deep_above: float = 0.95
    """Impact above which the deep budget is given."""


def decide(
    signal: Signal,
    entities: Sequence[Entity] = (),
    recent: Sequence[Signal] = (),
    dependants: int = 0,
    rules: TriageRules | None = None,
) -> Triage:
    """Decide on a signal.

    Args:
        signal: what was noticed.
        entities: what is known of the entity that it names (the tier is one of its properties).
        recent: earlier signals with the same fingerprint, in any order.
        dependants: how many services depend on the entity.
        rules: what engineers set; the defaults when None.
    """
    rules = rules or TriageRules()
    impact = impact_of(signal, entities, dependants)
    if signal.kind is not SignalKind.ALERT:
        who = "an engineer asked" if signal.kind is SignalKind.REQUEST else "it is a question"
        return Triage(decision=Decision.INVESTIGATE, reason=f"Investigated: {who}.", impact=impact)
    if (why := _UNIMPORTANT.get(signal.state)) is not None:
        decision = Decision.WATCH if signal.state is AlertState.WARNING else Decision.QUIET
        return Triage(decision=decision, reason=f"Not investigated: {why}.", impact=impact)
    if (why := _known(signal, recent, rules)) is not None:
        return Triage(decision=Decision.WATCH, reason=f"Not investigated: {why}.", impact=impact)
    if impact < rules.least_impact:
        where = signal.environment or "an unknown environment"
        reason = f"Only watched: an alert in {where} with little impact ({impact:.2f})."
        return Triage(decision=Decision.WATCH, reason=reason, impact=impact)
    reason = f"Investigated: {_importance(signal, entities, dependants)}."
    return Triage(decision=Decision.INVESTIGATE, reason=reason, impact=impact)


def budget_for(triage: Triage, rules: TriageRules | None = None) -> Budget:
    """What an investigation may spend, by its impact."""
    rules = rules or TriageRules()
    if triage.impact < rules.quick_below:
        return rules.quick
    return rules.deep if triage.impact > rules.deep_above else rules.usual


def impact_of(signal: Signal, entities: Sequence[Entity], dependants: int = 0) -> float:
    """How much is at stake, 0..1: tier by environment, raised by severity and by who depends on it."""
    tier = _tier(signal, entities)
    base = _TIER_IMPACT.get(tier, 0.5) if tier else 0.5
    environment = signal.environment or next((e.environment for e in entities), "")
    weight = _ENVIRONMENT_WEIGHT.get(environment, 0.7)
    wide = min(0.1, 0.02 * dependants)
    return round(max(0.0, min(1.0, (base + wide + _SEVERITY_BONUS[signal.severity]) * weight)), 3)


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


def _importance(signal: Signal, entities: Sequence[Entity], dependants: int) -> str:
    tier = _tier(signal, entities)
    parts = [signal.service or "the alerted system"]
    if tier:
        parts.append(f"is tier {tier}")
    where = f"in {signal.environment}" if signal.environment else ""
    words = " ".join(filter(None, [*parts, where] if tier else [parts[0], "alerts", where]))
    return f"{words}, {dependants} services depend on it" if dependants else words

"""What is investigated, watched or left alone, and why."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agent.awareness.triage import decide, impact_of
from agent.model import AlertState, Decision, Entity, Severity, Signal, SignalKind
from tests.unit.agent.investigation.house import NOW, signal_on

ALERT = signal_on("auth", "Login failures on auth", fingerprint="1003")
AUTH = Entity(name="auth", properties={"tier": 1}, environment="production")


def earlier(minutes: float, key: str) -> Signal:
    at = NOW - timedelta(minutes=minutes)
    return ALERT.model_copy(update={"key": key, "occurred_at": at})


def test_an_alert_on_production_is_investigated_and_the_reason_names_what_matters() -> None:
    triage = decide(ALERT, [AUTH], dependants=3)
    assert triage.decision is Decision.INVESTIGATE
    assert triage.reason == ("Investigated: auth is tier 1 in production, 3 services depend on it.")


@pytest.mark.parametrize(
    ("state", "decision"),
    [
        (AlertState.WARNING, Decision.WATCH),
        (AlertState.NO_DATA, Decision.QUIET),
        (AlertState.RENOTIFIED, Decision.QUIET),
        (AlertState.RECOVERED, Decision.QUIET),
    ],
)
def test_other_states_of_an_alert_start_nothing(state: AlertState, decision: Decision) -> None:
    triage = decide(ALERT.model_copy(update={"state": state}), [AUTH])
    assert triage.decision is decision
    assert triage.reason.startswith("Not investigated: it ")


def test_the_same_alert_is_not_investigated_again_at_once_but_later_it_is() -> None:
    assert decide(ALERT, [AUTH], [earlier(10, "a")]).decision is Decision.WATCH
    assert decide(ALERT, [AUTH], [earlier(45, "a")]).decision is Decision.INVESTIGATE


def test_its_own_signal_is_not_an_earlier_one() -> None:
    assert decide(ALERT, [AUTH], [ALERT]).decision is Decision.INVESTIGATE


def test_flapping_is_watched() -> None:
    recent = [earlier(m, f"k{m}") for m in (35, 60, 80, 110)]
    triage = decide(ALERT, [AUTH], recent)
    assert triage.decision is Decision.WATCH
    assert "flapping, 4 times before within 2 h" in triage.reason


@pytest.mark.parametrize("kind", [SignalKind.REQUEST, SignalKind.QUESTION])
def test_what_people_ask_is_always_taken(kind: SignalKind) -> None:
    asked = ALERT.model_copy(update={"kind": kind, "environment": "development"})
    assert decide(asked).decision is Decision.INVESTIGATE


def test_an_unimportant_alert_in_development_is_only_watched() -> None:
    quiet = ALERT.model_copy(
        update={"environment": "development", "severity": Severity.INFO, "namespace": "development"}
    )
    tier_3 = AUTH.model_copy(update={"properties": {"tier": "tier-3"}})
    assert decide(quiet, [tier_3]).decision is Decision.WATCH


def test_impact_follows_environment_tier_and_dependants() -> None:
    staging = ALERT.model_copy(update={"environment": "staging"})
    tier_3 = AUTH.model_copy(update={"properties": {"tier": 3}})
    assert impact_of(ALERT, [AUTH]) > impact_of(ALERT, [tier_3]) > impact_of(staging, [tier_3])
    assert impact_of(ALERT, [AUTH], dependants=5) > impact_of(ALERT, [AUTH])

"""Nothing is wrong, and srebot says so: with numbers, without a proposal, without a cause that is none."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.investigation.quiet import HARMLESS
from agent.model import Ending, Signal, SignalKind
from tests.scenarios import Played, investigate, judge

SAID: dict[tuple[str, int], str] = {
    ("blip", 0): "back at its baseline",
    ("flapping-monitor", 0): "again and again",
    ("unfit-threshold", 0): "against a threshold of 5",
    ("load-test-development", 0): "load test runs in development: Job k6-search-load-test",
    ("noisy-dev", 0): "cart in production",
    ("noisy-dev", 1): "catalog in production",
    ("noisy-dev", 2): "search in production",
    ("noisy-dev", 4): "checkout in production",
}
"""Scenario and which of its alerts -> what the report says to it."""
MOST_TOOL_CALLS = 60


@pytest.mark.parametrize(("scenario", "alert"), SAID)
async def test_an_alert_on_nothing_ends_with_the_numbers(scenario: str, alert: int) -> None:
    played = await investigate(scenario, alert=alert)
    _is_calm(played)
    assert SAID[scenario, alert] in _chain(played), played.explain()


async def test_a_check_that_no_metric_stands_behind_is_set_against_the_services_own_day() -> None:
    played = await investigate("flapping-check")
    _is_calm(played)
    assert "of search is" in _chain(played), played.explain()


@pytest.mark.parametrize("service", ["checkout", "orders-db", "redis-reco"])
async def test_a_healthy_service_that_somebody_asks_about_is_called_healthy(service: str) -> None:
    played = await investigate("quiet-week", asked=asked_about(service))
    _is_calm(played)
    assert f"of {service} is" in _chain(played), played.explain()


async def test_a_sick_service_that_somebody_asks_about_is_not_called_healthy() -> None:
    played = await investigate("login-failure", asked=asked_about("auth"))
    assert played.finding.ending is Ending.CAUSE_FOUND, played.explain()


def asked_about(service: str) -> Signal:
    """``/investigate`` by a person, with no alert behind it."""
    place: dict[str, Any] = {"service": service, "namespace": "production"}
    return Signal(
        key=f"test:{service}",
        kind=SignalKind.REQUEST,
        source="slack",
        title=f"Is {service} well?",
        environment="production",
        occurred_at=datetime.now(UTC),
        **place,
    )


def _chain(played: Played) -> str:
    return "\n".join(claim.text for claim in played.finding.chain)


def _is_calm(played: Played) -> None:
    finding, judged = played.finding, judge(played)
    assert finding.ending is Ending.NOTHING_WRONG, played.explain()
    assert finding.mode in HARMLESS
    assert finding.confidence >= 0.8, played.explain()
    assert re.search(r"\d", _chain(played)), "it says no number"
    assert played.changes == (), played.explain()
    assert judged.right_cause, played.explain()
    assert judged.invented_citations == 0, played.explain()
    assert judged.false_claims == (), played.explain()
    assert played.tool_calls <= MOST_TOOL_CALLS, played.explain()

"""What becomes of a signal: investigated once, pointed to what is under way, or left alone with a reason."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from agent.awareness.intake import Accepted, accept
from agent.knowledge.facts import Seen
from agent.model import (
    AlertState,
    Budget,
    Decision,
    Entity,
    InvestigationStatus,
    Signal,
    SignalKind,
)
from agent.store.repository import Store
from tests.integration.fake_house import NOW, Hands, alert

LATER = NOW + timedelta(minutes=45)


async def taken(store: Store, signal: Signal, bounds: Budget | None = None) -> Accepted:
    return await accept(store, signal, Hands(signal.occurred_at), bounds or Budget())


async def test_an_alert_is_investigated_and_taken_again_gives_the_same(store: Store) -> None:
    first = await taken(store, alert())
    assert first.opened
    assert first.triage.decision is Decision.INVESTIGATE
    assert await taken(store, alert()) == first
    assert len(await store.investigations.list()) == 1


async def test_the_same_alert_soon_after_is_only_watched(store: Store) -> None:
    first = await taken(store, alert())
    again = await taken(store, alert("again", occurred_at=NOW + timedelta(minutes=5)))
    assert (again.opened, again.investigation) == (False, first.investigation)
    assert "the same alert came" in again.triage.reason


async def test_while_it_is_looked_into_the_same_alert_opens_nothing_however_much_later(
    store: Store,
) -> None:
    first = await taken(store, alert())
    again = await taken(store, alert("again", occurred_at=LATER))
    assert (again.opened, again.investigation) == (False, first.investigation)
    assert again.triage.decision is Decision.WATCH
    assert f"investigation {first.investigation}" in again.triage.reason


@pytest.mark.parametrize(
    "status",
    [
        InvestigationStatus.CLOSED,
        InvestigationStatus.STOPPED,
        InvestigationStatus.FAILED,
        InvestigationStatus.WAITING_FOR_INPUT,
    ],
)
async def test_once_nobody_looks_into_it_the_alert_is_investigated_anew(
    store: Store, status: InvestigationStatus
) -> None:
    first = await taken(store, alert())
    assert first.investigation is not None
    await store.investigations.set_status(first.investigation, status, NOW)
    again = await taken(store, alert("again", occurred_at=LATER))
    assert again.opened
    assert again.investigation != first.investigation


async def test_of_two_at_the_same_moment_one_is_investigated(store: Store) -> None:
    both = [alert("one"), alert("two")]
    for signal in both:
        await store.signals.add(signal)
    found = [await taken(store, signal) for signal in both]
    assert [f.opened for f in found] == [True, False]


async def test_alerts_without_a_fingerprint_are_not_taken_for_one_another(store: Store) -> None:
    nameless = {"fingerprint": "", "service": ""}
    found = [await taken(store, alert(key, **nameless)) for key in ("one", "two")]
    assert all(f.opened for f in found)


async def test_a_recovery_points_to_the_investigation_and_opens_none(store: Store) -> None:
    first = await taken(store, alert())
    over = await taken(store, alert("over", state=AlertState.RECOVERED))
    assert (over.opened, over.investigation) == (False, first.investigation)
    assert over.triage.decision is Decision.QUIET


@pytest.mark.parametrize(
    ("changed", "decision"),
    [
        ({"state": AlertState.WARNING}, Decision.WATCH),
        ({"state": AlertState.NO_DATA}, Decision.QUIET),
        ({"state": AlertState.RENOTIFIED}, Decision.QUIET),
    ],
)
async def test_what_deserves_no_attention_is_kept_with_its_reason(
    store: Store, changed: dict[str, Any], decision: Decision
) -> None:
    found = await taken(store, alert(**changed))
    assert (found.opened, found.triage.decision) == (False, decision)
    assert found.triage.reason
    assert await store.signals.get(alert().key) is not None


async def test_a_request_is_always_investigated_also_where_an_alert_is_looked_into(
    store: Store,
) -> None:
    await taken(store, alert())
    asked = alert("asked", kind=SignalKind.REQUEST, fingerprint="", requested_by="U1")
    assert (await taken(store, asked)).opened


async def test_the_entity_that_a_text_speaks_of_is_found(store: Store) -> None:
    redis = Entity(
        name="redis-reco", kind="statefulset", namespace="production", environment="production"
    )
    await store.graph.take("kubernetes", Seen(entities=(redis,)))
    asked = alert(
        kind=SignalKind.REQUEST, service="", environment="", title="redis-reco is slow", text=""
    )
    found = await taken(store, asked)
    assert found.investigation is not None
    signal = (await store.investigations.get(found.investigation)).signal
    assert (signal.service, signal.namespace) == ("redis-reco", "production")


async def test_the_budget_never_exceeds_what_engineers_set(store: Store) -> None:
    bounds = Budget(seconds=10, tool_calls=5, tokens=100, usd=0.01)
    found = await taken(store, alert(), bounds)
    assert found.investigation is not None
    assert (await store.investigations.get(found.investigation)).budget == bounds

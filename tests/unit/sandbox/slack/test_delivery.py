"""Events reach the app once it can be reached, and are retried the way Slack retries them."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from starlette.websockets import WebSocket

from sandbox.slack.delivery import Ack, Delivery, NotDeliveredError, Parcel
from sandbox.slack.socket import SocketModeTransport, _Connection


class FlakyApp:
    """A transport that fails as often as told, then acknowledges."""

    def __init__(self, failures: int = 0, reachable: bool = True) -> None:
        self.failures = failures
        self.reachable = reachable
        self.parcels: list[Parcel] = []
        self.acknowledged = asyncio.Event()

    def ready(self) -> bool:
        return self.reachable

    async def send(self, parcel: Parcel, timeout_seconds: float) -> Ack:
        self.parcels.append(parcel)
        if len(self.parcels) <= self.failures:
            raise NotDeliveredError("timeout")
        self.acknowledged.set()
        return Ack()


async def test_an_unacknowledged_event_comes_again_with_its_attempt_and_reason() -> None:
    app = FlakyApp(failures=2)
    delivery = Delivery(app, retry_schedule_seconds=(0.0, 0.01, 0.02))
    delivery.emit({"event_id": "Ev1"})
    await asyncio.wait_for(app.acknowledged.wait(), 30)
    assert [(p.retry_attempt, p.retry_reason) for p in app.parcels] == [
        (0, ""),
        (1, "timeout"),
        (2, "timeout"),
    ]
    assert {p.payload["event_id"] for p in app.parcels} == {"Ev1"}


async def test_it_gives_up_after_three_retries() -> None:
    app = FlakyApp(failures=99)
    delivery = Delivery(app, retry_schedule_seconds=(0.0, 0.0, 0.0))
    delivery.emit({"event_id": "Ev1"})
    await asyncio.sleep(0.1)
    assert len(app.parcels) == 4


async def test_events_wait_for_an_app_that_is_away_and_keep_their_order() -> None:
    app = FlakyApp(reachable=False)
    delivery = Delivery(app)
    for number in range(3):
        delivery.emit({"event_id": f"Ev{number}"})
    await asyncio.sleep(0.01)
    assert app.parcels == []
    app.reachable = True
    delivery.app_appeared()
    await asyncio.sleep(0.05)
    assert [p.payload["event_id"] for p in app.parcels] == ["Ev0", "Ev1", "Ev2"]


async def test_an_app_that_stays_away_too_long_misses_the_event() -> None:
    app = FlakyApp(reachable=False)
    delivery = Delivery(app, retry_schedule_seconds=(0.0, 0.01))
    delivery.emit({"event_id": "Ev1"})
    await asyncio.sleep(0.1)
    app.reachable = True
    delivery.app_appeared()
    await asyncio.sleep(0.05)
    assert app.parcels == []


async def test_an_interaction_gets_one_try_only() -> None:
    app = FlakyApp(failures=1)
    delivery = Delivery(app)
    assert await delivery.request("interactive", {}, accepts_response=True) is None
    assert len(app.parcels) == 1


def test_events_from_before_the_loop_runs_are_kept_for_it() -> None:
    async def serve(delivery: Delivery, app: FlakyApp) -> None:
        delivery.app_appeared()
        await asyncio.wait_for(app.acknowledged.wait(), 30)

    app = FlakyApp()
    delivery = Delivery(app)
    delivery.emit({"event_id": "Ev1"})
    assert app.parcels == []
    asyncio.run(serve(delivery, app))
    assert len(app.parcels) == 1


@pytest.mark.parametrize("retry", [True, False])
async def test_x_slack_no_retry_is_honoured(retry: bool) -> None:
    class Refusing(FlakyApp):
        async def send(self, parcel: Parcel, timeout_seconds: float) -> Ack:
            self.parcels.append(parcel)
            raise NotDeliveredError("http_error", retry=retry)

    app = Refusing()
    Delivery(app, retry_schedule_seconds=(0.0, 0.0, 0.0)).emit({"event_id": "Ev1"})
    await asyncio.sleep(0.1)
    assert len(app.parcels) == (4 if retry else 1)


class Dropped:
    """A WebSocket that takes what it is sent and never acknowledges it."""

    async def send_text(self, text: str) -> None:
        del text


async def test_it_stops_when_the_connection_breaks_at_that_very_moment() -> None:
    """The delivery hears of both at once, and must not wait for the app's return."""
    transport = SocketModeTransport()
    connection = _Connection(cast(WebSocket, Dropped()))
    transport._connections.append(connection)
    delivery = Delivery(transport)
    delivery.emit({"event_id": "Ev1"})
    await asyncio.sleep(0.01)
    assert connection.unacknowledged
    transport._connections.remove(connection)
    connection.drop()
    await asyncio.wait_for(delivery.close(), 5)

"""The company's alerts by webhook, at a receiver that is sometimes in trouble; and at srebot's own."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pdpyras
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.model import Signal
from bot.slack.alert_messages import VENDORS, parse_all
from bot.web.webhooks.receiver import READERS
from bot.web.webhooks.verification import Sender, is_genuine
from sandbox.pagerduty.directory import Directory
from sandbox.serving import running
from sandbox.slack.senders import AlertPost
from sandbox.webhooks.delivery import WebhookOutbox
from sandbox.webhooks.signing import SECRETS
from sandbox.world.company import load_company
from tests.unit.sandbox.slack.server import serving


class Receiver:
    """Keeps what comes; answers each sender with ``answers`` first, then 202."""

    def __init__(self, **answers: list[int]) -> None:
        self._answers = answers
        self.kept: dict[str, list[tuple[Mapping[str, str], bytes, Any]]] = defaultdict(list)
        self.tries: dict[str, int] = defaultdict(int)
        self.app = Starlette(routes=[Route("/webhooks/{sender}", self._take, methods=["POST"])])

    async def _take(self, request: Request) -> Response:
        sender, body = request.path_params["sender"], await request.body()
        self.tries[sender] += 1
        waiting = self._answers.get(sender)
        if waiting:
            return Response(status_code=waiting.pop(0))
        self.kept[sender].append((request.headers, body, await request.json()))
        return Response(status_code=202)

    async def waits_for(self, sender: str, count: int) -> None:
        async with asyncio.timeout(20):
            while len(self.kept[sender]) < count:
                await asyncio.sleep(0.05)


@asynccontextmanager
async def receiving(receiver: Receiver) -> AsyncIterator[str]:
    async with serving(receiver.app) as url:
        yield url


def connected(workspace: Any) -> None:
    """The app counts as there, so that the script begins."""
    workspace.app_connected = lambda: True


async def test_the_storm_comes_by_webhook_and_srebot_reads_all_of_it() -> None:
    receiver = Receiver()
    async with receiving(receiver) as url:
        options: dict[str, Any] = {"time_scale": 0.01, "alert_delay_seconds": 0, "webhooks_to": url}
        with running("alert-storm", **options) as company:
            company.call(connected, company.sandbox.workspace)
            for sender, count in (
                ("datadog", 5),
                ("pagerduty", 2),
                ("alertmanager", 2),
                ("grafana", 1),
            ):
                await receiver.waits_for(sender, count)
            session = pdpyras.APISession("sandbox-pd-token", default_from="mira@sundial.example")
            session.url = f"{company.url}/pagerduty"
            standing = {"statuses[]": "triggered"}
            (opened, _) = await asyncio.to_thread(session.list_all, "incidents", params=standing)
            changed = {"id": opened["id"], "type": "incident", "status": "acknowledged"}
            await asyncio.to_thread(session.rput, f"incidents/{opened['id']}", json=changed)
            await receiver.waits_for("pagerduty", 3)
            messages = company.call(company.sandbox.workspace.messages, "C0ALERTS", "U0ENGINEER")
    now = datetime.now(UTC)
    read: defaultdict[str, list[Signal]] = defaultdict(list)
    for name, letters in receiver.kept.items():
        for sent, body, payload in letters:
            sender = Sender(name)
            assert is_genuine(sender, SECRETS[sender.value], sent, body, now), name
            read[name] += READERS[sender](payload, now)
    assert {signal.service for signal in read["alertmanager"]} >= {"payments", "orders", "checkout"}
    assert {signal.service for signal in read["pagerduty"]} == {"orders-db", "checkout"}
    assert "Gateway errors" in {signal.title for signal in read["datadog"]}
    assert [signal.service for signal in read["grafana"]] == ["checkout"]
    posted = {
        alert.fingerprint
        for message in messages
        if message.get("username", "").lower() in VENDORS
        for alert in parse_all(message, message["username"])
    }
    assert {s.fingerprint for signals in read.values() for s in signals} == posted
    kinds = [payload["event"]["event_type"] for _, _, payload in receiver.kept["pagerduty"]]
    assert kinds == ["incident.triggered", "incident.triggered", "incident.acknowledged"]


async def delivered(receiver: Receiver, sender: Any, seconds: float = 5.0) -> list[Any]:
    """Send one alert; returns what was given up."""
    async with receiving(receiver) as url:
        directory = Directory(load_company(datetime.now(UTC)))
        outbox = WebhookOutbox(url, SECRETS, directory, lambda: datetime.now(UTC), pace=0.01)
        outbox.alert(sender, AlertPost("Cart is slow", "", "triggered", datetime.now(UTC)))
        work = asyncio.create_task(outbox.run())
        try:
            async with asyncio.timeout(seconds):
                while not receiver.kept[sender] and not outbox.given_up:
                    await asyncio.sleep(0.02)
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
        return outbox.given_up


async def test_a_receiver_in_trouble_is_tried_again() -> None:
    receiver = Receiver(datadog=[503, 500], alertmanager=[429, 503])
    assert await delivered(receiver, "datadog") == []
    assert await delivered(receiver, "alertmanager") == []
    assert receiver.tries == {"datadog": 3, "alertmanager": 3}


async def test_a_receiver_that_refuses_is_not() -> None:
    receiver = Receiver(datadog=[429], grafana=[401])
    assert len(await delivered(receiver, "datadog")) == 1
    assert len(await delivered(receiver, "grafana")) == 1
    assert receiver.tries == {"datadog": 1, "grafana": 1}


async def test_at_last_a_sender_gives_up() -> None:
    receiver = Receiver(datadog=[503] * 50)
    assert len(await delivered(receiver, "datadog")) == 1
    assert receiver.tries == {"datadog": 6}

"""Webhooks over real HTTP: refused without the secret, durable before they are acknowledged, sent again when they are not."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr
from slack_bolt.async_app import AsyncApp
from starlette.applications import Starlette

from agent.model import Conversation
from bot.settings import WebhookSettings
from bot.slack import http as slack_http
from bot.web.body import LIMIT_BYTES
from bot.web.webhooks import receiver
from bot.web.webhooks.receiver import Webhooks
from tests.unit.bot.slack.fakes import FakeAnswering
from tests.unit.bot.web.webhooks import payloads
from tests.unit.sandbox.slack.server import serving

SECRET = "s3cret"


class Now:
    def now(self) -> datetime:
        return datetime.now(UTC)


async def alerts() -> Conversation:
    return Conversation(channel="C0ALERTS")


@pytest.fixture
def core() -> FakeAnswering:
    return FakeAnswering()


@pytest.fixture
async def root(core: FakeAnswering) -> AsyncIterator[str]:
    set_ = {f"{s}_secret": SecretStr(SECRET) for s in ("datadog", "pagerduty", "alertmanager")}
    webhooks = Webhooks(core, WebhookSettings(**set_), Now(), alerts)
    async with serving(Starlette(routes=list(webhooks.routes()))) as url:
        yield url


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def post(
    http: aiohttp.ClientSession, url: str, body: bytes | dict[str, Any], **headers: str
) -> tuple[int, dict[str, Any], Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with http.post(url, data=data, headers=named) as answer:
        text = await answer.text()
        said = json.loads(text) if text.startswith("{") else {"error": text}
        return answer.status, said, answer.headers


async def test_an_alert_is_kept_and_acknowledged(
    core: FakeAnswering, root: str, http: aiohttp.ClientSession
) -> None:
    url = f"{root}/webhooks/datadog"
    status, said, _ = await post(http, url, payloads.DATADOG, X_Srebot_Secret=SECRET)
    assert (status, said) == (202, {"accepted": 1})
    (signal,) = core.signals.values()
    assert signal.conversation == Conversation(channel="C0ALERTS")


async def test_a_group_is_kept_whole(
    core: FakeAnswering, root: str, http: aiohttp.ClientSession
) -> None:
    group = payloads.grouped(*(payloads.grouped_alert(s) for s in ("cart", "search", "auth")))
    url, bearer = f"{root}/webhooks/alertmanager", f"Bearer {SECRET}"
    status, said, _ = await post(http, url, group, Authorization=bearer)
    assert (status, said["accepted"]) == (202, 3)
    assert {s.service for s in core.signals.values()} == {"cart", "search", "auth"}


async def test_a_signature_counts_for_the_bytes_as_they_came(
    core: FakeAnswering, root: str, http: aiohttp.ClientSession
) -> None:
    body = json.dumps(payloads.PAGERDUTY, indent=3).encode()
    signature = f"v1={hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}"
    url = f"{root}/webhooks/pagerduty"
    assert (await post(http, url, body, X_PagerDuty_Signature=signature))[0] == 202
    again = await post(http, url, payloads.PAGERDUTY, X_PagerDuty_Signature=signature)
    assert again[0] == 401
    assert len(core.signals) == 1


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("datadog", {}, 401),
        ("datadog", {"X_Srebot_Secret": "guess"}, 401),
        ("alertmanager", {"Authorization": "Bearer guess"}, 401),
        ("pagerduty", {"X_PagerDuty_Signature": "v1=00"}, 401),
        ("grafana", {"X_Grafana_Alerting_Signature": "00"}, 404),
        ("opsgenie", {}, 404),
    ],
)
async def test_who_is_not_the_sender_is_refused(
    core: FakeAnswering,
    root: str,
    http: aiohttp.ClientSession,
    path: str,
    headers: dict[str, str],
    status: int,
) -> None:
    answered, said, _ = await post(http, f"{root}/webhooks/{path}", payloads.DATADOG, **headers)
    assert answered == status
    assert said["error"].endswith(".")
    assert SECRET not in str(said)
    assert core.received == 0


async def test_while_nothing_can_be_kept_the_sender_is_asked_to_come_again(
    core: FakeAnswering, root: str, http: aiohttp.ClientSession
) -> None:
    core.broken = True
    url = f"{root}/webhooks/datadog"
    status, _, headers = await post(http, url, payloads.DATADOG, X_Srebot_Secret=SECRET)
    assert (status, headers["Retry-After"]) == (503, "5")
    core.broken = False
    assert (await post(http, url, payloads.DATADOG, X_Srebot_Secret=SECRET))[0] == 202
    assert len(core.signals) == 1


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"{not json", "The body is not JSON"),
        (b"[1]", "not an object"),
        (b"\xff\xfe\xfa", "The body is not JSON"),
        (b"[" * 200_000, "The body is not JSON"),
        (b"", "The body is not JSON"),
    ],
)
async def test_what_is_no_payload_is_refused_with_a_sentence(
    root: str, http: aiohttp.ClientSession, body: bytes, sentence: str
) -> None:
    url = f"{root}/webhooks/datadog"
    status, said, _ = await post(http, url, body, X_Srebot_Secret=SECRET)
    assert status == 400
    assert sentence in said["error"]


async def test_unknown_events_are_acknowledged_and_ignored(
    core: FakeAnswering, root: str, http: aiohttp.ClientSession
) -> None:
    url = f"{root}/webhooks/datadog"
    status, said, _ = await post(http, url, {"hello": "there"}, X_Srebot_Secret=SECRET)
    assert (status, said) == (202, {"accepted": 0})
    assert core.received == 0


async def test_what_is_too_large_is_refused(
    core: FakeAnswering, root: str, http: aiohttp.ClientSession
) -> None:
    url, large = f"{root}/webhooks/datadog", b"x" * (LIMIT_BYTES + 1)
    assert (await post(http, url, large, X_Srebot_Secret=SECRET))[0] == 413

    async def unannounced() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"x" * 100_000

    async with http.post(url, data=unannounced(), headers={"X-Srebot-Secret": SECRET}) as answer:
        assert answer.status == 413
    assert core.received == 0


async def test_what_is_too_large_for_slack_is_refused_before_its_signature_is_looked_at(
    http: aiohttp.ClientSession,
) -> None:
    app = AsyncApp(token="xoxb-1", signing_secret="s")
    async with serving(Starlette(routes=list(slack_http.routes(app)))) as url:
        large = b"x" * (LIMIT_BYTES + 1)
        assert (await post(http, f"{url}{slack_http.PATH}", large))[0] == 413
        assert (await post(http, f"{url}{slack_http.PATH}", b"x"))[0] == 401


async def test_a_sender_in_a_loop_is_slowed_down_and_no_other(
    root: str, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver, "BURST", 2.0)
    monkeypatch.setattr(receiver, "PER_SECOND", 0.01)
    secrets = {"datadog_secret": SecretStr(SECRET), "alertmanager_secret": SecretStr(SECRET)}
    webhooks = Webhooks(FakeAnswering(), WebhookSettings(**secrets), Now(), alerts)
    async with serving(Starlette(routes=list(webhooks.routes()))) as url:
        tries = [
            await post(http, f"{url}/webhooks/datadog", {}, X_Srebot_Secret=SECRET)
            for _ in range(3)
        ]
        bearer = f"Bearer {SECRET}"
        other = await post(http, f"{url}/webhooks/alertmanager", {}, Authorization=bearer)
    assert [status for status, _, _ in tries] == [202, 202, 429]
    assert tries[-1][2]["Retry-After"] == "1"
    assert other[0] == 202

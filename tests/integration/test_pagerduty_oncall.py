"""Who is on call, as PagerDuty's API says it, believed for at most a minute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from agent.errors import ToolError
from integrations.pagerduty.client import PagerDutyClient
from integrations.pagerduty.oncall import FRESH_SECONDS, PagerDutyOnCall
from sandbox.pagerduty.api import create_app
from tests.integration.test_integrations_pagerduty import TOKEN
from tests.unit.sandbox.datadog.fake_world import FakeWorld
from tests.unit.sandbox.datadog.serving import served


@pytest.fixture
def client() -> Iterator[PagerDutyClient]:
    with served("/pagerduty", create_app(FakeWorld())) as url:
        made = PagerDutyClient(TOKEN, url=url, events_url=url)
        yield made
        made.close()


async def first_level(client: PagerDutyClient, policy: str = "") -> set[str]:
    params: dict[str, Any] = {"include": ["users"]}
    if policy:
        params["escalation_policy_ids"] = [policy]
    shifts = await client.entries("oncalls", "on call", params)
    return {s["user"]["email"].lower() for s in shifts if s["escalation_level"] == 1}


async def test_those_on_call_for_a_service_and_for_any(client: PagerDutyClient) -> None:
    on_call = PagerDutyOnCall(client)
    service, *_ = await client.entries("services", "services")
    policy = service["escalation_policy"]["id"]
    found = await on_call.emails(service["name"])
    assert found == await first_level(client, policy) != set()
    assert found <= await on_call.emails("") == await first_level(client)


async def test_nobody_is_on_call_for_what_pagerduty_does_not_know(client: PagerDutyClient) -> None:
    assert await PagerDutyOnCall(client).emails("no-such-service") == frozenset()


async def test_an_answer_is_believed_for_a_minute(
    client: PagerDutyClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    on_call = PagerDutyOnCall(client, lambda: now[0])
    found = await on_call.emails("")

    async def changed(*_: object) -> list[object]:
        return []

    monkeypatch.setattr(client, "entries", changed)
    now[0] = FRESH_SECONDS - 1
    assert await on_call.emails("") == found
    now[0] = FRESH_SECONDS
    assert await on_call.emails("") == frozenset()


async def test_what_cannot_be_asked_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with served("/pagerduty", create_app(FakeWorld())) as url:
        stranger = PagerDutyClient("wrong", url=url, events_url=url)
        with pytest.raises(ToolError):
            await PagerDutyOnCall(stranger).emails("")
        stranger.close()

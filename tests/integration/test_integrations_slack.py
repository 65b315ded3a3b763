"""The search over Slack's history against the sandbox's workspace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from agent.errors import AccessDenied
from integrations.slack_history import SlackHistoryTools, probe
from sandbox.slack.ratelimit import RateLimits
from sandbox.slack.workspace import SlackWorkspace
from sandbox.world.ports import Channel, ChatMessage
from tests.unit.sandbox.slack.company import COMPANY
from tests.unit.sandbox.slack.server import serving_slack

RECENTLY = datetime.now(UTC) - timedelta(hours=5)
SECRETS = Channel("C0SECRETS", "leads", "", ("U0LEAD", "U0SREBOT"), is_private=True)


def said(channel: str, minutes: int, text: str, *replies: str) -> ChatMessage:
    at = RECENTLY + timedelta(minutes=minutes)
    answers = tuple(
        ChatMessage(channel, "U0ENGINEER", at + timedelta(seconds=30 + i), r)
        for i, r in enumerate(replies)
    )
    return ChatMessage(channel, "U0LEAD", at, text, answers)


@pytest.fixture
async def web() -> AsyncIterator[AsyncWebClient]:
    company = replace(
        COMPANY,
        channels=(*COMPANY.channels, SECRETS),
        chatter=(
            said("C0ALERTS", 0, "the redis-reco backup moved to 00:10", "it slows redis-reco down"),
            said("C0ALERTS", 5, "lunch?"),
            said("C0RANDOM", 6, "redis-reco backup jokes where the bot is not"),
            said("C0SECRETS", 7, "redis-reco backup costs, between us"),
        ),
    )
    workspace = SlackWorkspace(company, limits=RateLimits(enabled=False))
    async with serving_slack(workspace) as url:
        yield AsyncWebClient("xoxb-sandbox", base_url=url)


async def test_what_was_said_is_found_best_first_with_names_and_links(web: AsyncWebClient) -> None:
    reading = await SlackHistoryTools(web).slack_discussions("redis-reco backup")
    found = reading.data["messages"]
    assert [(m["channel"], m["user"], m["text"]) for m in found] == [
        ("alerts", "Leo Lead", "the redis-reco backup moved to 00:10"),
        ("alerts", "Erin Engineer", "it slows redis-reco down"),
    ]
    assert "/archives/C0ALERTS/p" in found[0]["link"]
    assert "thread_ts=" in found[1]["link"]


async def test_private_channels_are_left_out_although_the_bot_is_in_them(
    web: AsyncWebClient,
) -> None:
    reading = await SlackHistoryTools(web).slack_discussions("costs between us")
    assert reading.data["messages"] == []
    assert "nobody mentioned" in reading.observation


async def test_its_own_words_are_no_evidence(web: AsyncWebClient) -> None:
    await web.chat_postMessage(channel="C0ALERTS", text="I suspect the redis-reco flux capacitor")
    reading = await SlackHistoryTools(web).slack_discussions("flux capacitor")
    assert reading.data["messages"] == []


async def test_a_wrong_token_is_a_refusal(web: AsyncWebClient) -> None:
    stranger = AsyncWebClient("xoxb-wrong", base_url=web.base_url)
    with pytest.raises(AccessDenied, match="invalid_auth"):
        await SlackHistoryTools(stranger).slack_discussions("anything")
    assert [p.ok for p in await probe(stranger)] == [False]


async def test_the_probe_sees_the_granted_scopes(web: AsyncWebClient) -> None:
    assert all(p.ok for p in await probe(web)), await probe(web)

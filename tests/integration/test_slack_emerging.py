"""The announcement of an emerging Issue in Slack: once, in its channel, within the day's budget."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from agent.awareness.issues import Issue, IssueKind
from agent.model import Conversation, Decision, Severity, Signal, SignalKind, Triage
from agent.store.repository import Store
from bot.slack.client import build_client
from bot.slack.limits import escape
from bot.slack.notifier import SlackNotifier
from sandbox.slack.ratelimit import RateLimits
from sandbox.slack.workspace import SlackWorkspace
from tests.integration.slack_bot import ALERTS, ENGINEER, VIEWS, settings
from tests.unit.sandbox.slack.company import COMPANY
from tests.unit.sandbox.slack.server import serving_slack

NOW = datetime(2026, 11, 25, 3, 10, tzinfo=UTC)
SENTENCE = (
    "Minor now, critical at 05:47 (between 05:30 and 06:10): memory of redis-reco grows <fast>."
)
SIGNAL = Signal(
    key="emerging:production/service/redis-reco:1",
    kind=SignalKind.EMERGING,
    source="srebot",
    title="memory of redis-reco reaches its limit at 05:47 UTC",
    text=SENTENCE + "\n\n" + "\n".join(f"- sign {n} of 9" for n in range(9)),
    severity=Severity.HIGH,
    service="redis-reco",
    occurred_at=NOW,
    link="https://app.datadoghq.eu/metric/explorer?exp_query=x",
)


def issue(number: int = 1) -> Issue:
    return Issue(
        id=number,
        kind=IssueKind.EMERGING,
        title=SIGNAL.title,
        environment="production",
        triage=Triage(decision=Decision.INVESTIGATE, reason="Investigated: redis-reco is tier 1."),
        opened_at=NOW,
        last_signal_at=NOW,
    )


@dataclass
class Slack:
    """A workspace and what a process that has just started makes of it."""

    workspace: SlackWorkspace
    client: AsyncWebClient
    store: Store

    def notifier(self, budget: int = 5) -> SlackNotifier:
        async def keep(_: int, __: Conversation) -> None: ...

        async def place() -> Conversation:
            return Conversation(channel=ALERTS)

        return SlackNotifier(
            self.client,
            self.store.messages,
            VIEWS,
            keep,
            self.store.attention,
            None,
            place,
            budget,
        )

    def channel(self) -> list[dict[str, Any]]:
        found = self.workspace.messages(ALERTS, ENGINEER)
        return [m for m in found if "Minor now" in m.get("text", "")]


@pytest.fixture
async def slack(store: Store) -> AsyncIterator[Slack]:
    workspace = SlackWorkspace(COMPANY, limits=RateLimits(enabled=False))
    async with serving_slack(workspace) as url:
        yield Slack(workspace, build_client(settings(url)), store)


async def test_it_is_a_message_of_its_own_whose_thread_is_given(slack: Slack) -> None:
    thread = await slack.notifier().emerging(issue(), SIGNAL)
    (message,) = slack.channel()
    assert thread == Conversation(channel=ALERTS, thread=message["ts"])
    assert message["text"] == escape(SENTENCE), "the notification is the sentence"
    shown = str(message["blocks"])
    assert "&lt;fast&gt;" in shown, "text from outside marks nothing up"
    assert "sign 0 of 9" not in shown, "the sentence has said it"
    assert "sign 1 of 9" in shown
    assert "5 more signs" in shown, "the record has the rest"
    assert "no alert yet" in shown
    assert "redis-reco is tier 1" in shown


async def test_it_shows_once_after_a_crash_and_counts_in_the_ledger(slack: Slack) -> None:
    first = await slack.notifier().emerging(issue(), SIGNAL)
    assert await slack.notifier().emerging(issue(), SIGNAL) == first
    assert len(slack.channel()) == 1
    entry = await slack.store.attention.get("emerging-1")
    assert entry is not None
    assert (entry.kind, entry.issue, entry.thread) == ("emerging", 1, first.thread)


async def test_past_the_budget_it_is_left_to_the_digest(slack: Slack) -> None:
    assert (await slack.notifier(budget=1).emerging(issue(1), SIGNAL)).channel == ALERTS
    assert await slack.notifier(budget=1).emerging(issue(2), SIGNAL) == Conversation(channel="")
    assert len(slack.channel()) == 1
    again = await slack.notifier(budget=1).emerging(issue(1), SIGNAL)
    assert again.channel == ALERTS, "what was said stays said"

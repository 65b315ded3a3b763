"""What the notifier says unasked is entered in the ledger, once, and nothing that somebody waits for is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.awareness.issues import Precision
from agent.model import Conversation, InvestigationStatus, SignalKind
from agent.store.repository import Store
from bot.slack.client import build_client
from bot.slack.notifier import SlackNotifier
from sandbox.slack.ratelimit import RateLimits
from sandbox.slack.workspace import SlackWorkspace
from tests.integration.slack_bot import ALERTS, ENGINEER, LEAD, VIEWS, settings
from tests.unit.bot.slack import cases
from tests.unit.sandbox.slack.company import COMPANY
from tests.unit.sandbox.slack.server import serving_slack


async def alerts() -> Conversation:
    return Conversation(channel=ALERTS)


async def keep(*_: Any) -> None:
    """Conversations are not what these tests are about."""


@pytest.fixture
def workspace() -> SlackWorkspace:
    return SlackWorkspace(COMPANY, limits=RateLimits(enabled=False))


@pytest.fixture
async def notifier(store: Store, workspace: SlackWorkspace) -> AsyncIterator[SlackNotifier]:
    async with serving_slack(workspace) as url:
        client = build_client(settings(url))
        yield SlackNotifier(
            client, store.messages, VIEWS, keep, store.attention, digest_place=alerts
        )


async def entries(store: Store) -> list[tuple[str, str]]:
    return [(e.kind, e.thread) for e in await store.attention.pending()]


async def test_a_thread_under_an_alert_is_entered_once_however_often_it_is_edited(
    store: Store, workspace: SlackWorkspace, notifier: SlackNotifier
) -> None:
    root = await workspace.post(LEAD, ALERTS, "[an alert]")
    place = Conversation(channel=ALERTS, thread=root)
    for status in (InvestigationStatus.RUNNING, InvestigationStatus.CLOSED):
        await notifier.summary(cases.case(cases.signal(conversation=place), status=status))
    assert await entries(store) == [("thread", root)]
    (entry,) = await store.attention.pending()
    assert (entry.investigation, entry.channel) == (7, ALERTS)


@pytest.mark.parametrize("kind", [SignalKind.REQUEST, SignalKind.QUESTION])
async def test_what_somebody_asked_for_is_not(
    store: Store, notifier: SlackNotifier, kind: SignalKind
) -> None:
    place = Conversation(channel=ALERTS)
    await notifier.summary(cases.case(cases.signal(kind=kind, conversation=place)))
    assert await entries(store) == []


async def test_a_digest_is_posted_once_and_entered_with_its_own_thread(
    store: Store, workspace: SlackWorkspace, notifier: SlackNotifier
) -> None:
    kept = [cases.decided(1), cases.decided(2, combination="other")]
    for _ in range(2):
        await notifier.digest(kept, [cases.emerging()], "digest-2026-11-24")
    said = [m for m in workspace.messages(ALERTS, ENGINEER) if "kept quiet" in m["text"]]
    (message,) = said
    assert await entries(store) == [("digest", message["ts"])]
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    assert await store.attention.precision(day, 40) == [
        Precision(
            channel=ALERTS,
            used=0,
            ignored=0,
            contradicted=0,
            pending=1,
            posted_today=1,
            budget=40,
        )
    ]

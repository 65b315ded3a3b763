"""Patterns and notes in Slack: everybody looks, full members change, over a real workspace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.model import Conversation, Pattern, PatternState
from bot.slack.app import build_app
from bot.slack.client import build_client
from sandbox.slack.ratelimit import RateLimits
from sandbox.slack.workspace import SlackWorkspace
from tests.integration.slack_bot import (
    ALERTS,
    ENGINEER,
    OUTSIDER,
    VIEWS,
    eventually,
    over_sockets,
    settings,
    whispers,
)
from tests.unit.bot.slack.fakes import FakeAnswering, reads
from tests.unit.sandbox.slack.company import COMPANY
from tests.unit.sandbox.slack.patience import be_patient
from tests.unit.sandbox.slack.server import serving_slack

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
THREADS: dict[str, int] = {}


def pattern(number: int, **changes: object) -> Pattern:
    values: dict[str, object] = {
        "id": number,
        "symptoms": ("Login failures on auth",),
        "mode": "connection_pool_exhaustion",
        "entity": "auth",
        "alerted": "auth",
        "role": "alerted",
        "investigation": number,
        "last_seen": NOW,
        "why": ("auth alerted then",),
    }
    return Pattern.model_validate(values | changes)


class Book:
    """Patterns in memory."""

    def __init__(self) -> None:
        self.known = {1: pattern(1), 2: pattern(2, entity="<orders>", state=PatternState.DISPUTED)}
        self.done: list[tuple[Any, ...]] = []

    async def found(self, text: str = "") -> tuple[Pattern, ...]:
        return tuple(p for p in self.known.values() if text in p.entity)

    async def one(self, number: int) -> Pattern:
        return self.known[number]

    async def sources(self, number: int) -> tuple[int, ...]:
        return (1, 7)

    async def edit(self, edited: Pattern, user: str) -> str:
        self.done.append(("edit", edited.symptoms, edited.state, user))
        return "kept"

    async def merge(self, number: int, into: int, user: str) -> str:
        self.done.append(("merge", number, into, user))
        return "merged"

    async def split(self, number: int, investigation: int, user: str) -> str:
        self.done.append(("split", number, investigation, user))
        return "apart"

    async def retire(self, number: int, user: str) -> str:
        self.done.append(("retire", number, user))
        return "deleted"


class Notes:
    """Notes in memory."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, str, str]] = []

    async def keep(
        self, place: Conversation, text: str, author: str, kept_by: str, link: str = ""
    ) -> str:
        self.kept.append((text, author, kept_by))
        return "Kept as a note on redis-reco."


@pytest.fixture
def workspace() -> SlackWorkspace:
    return SlackWorkspace(COMPANY, limits=RateLimits(enabled=False))


@pytest.fixture
async def both(workspace: SlackWorkspace) -> AsyncIterator[tuple[Book, Notes]]:
    book, notes = Book(), Notes()
    THREADS.clear()
    async with _hearing(workspace, book, notes):
        yield book, notes


@asynccontextmanager
async def _hearing(workspace: SlackWorkspace, book: Book, notes: Notes) -> AsyncIterator[None]:
    be_patient(workspace)
    async with serving_slack(workspace) as url:
        client = build_client(settings(url))
        known = reads(investigations=THREADS)
        app = build_app(
            client, FakeAnswering(), VIEWS, known, settings(url), book=book, notes=notes
        )
        await client.auth_test()
        async with over_sockets(workspace, app):
            await eventually(workspace.app_connected)
            yield


async def listed(workspace: SlackWorkspace, user: str = ENGINEER) -> dict[str, Any]:
    await workspace.command(user, ALERTS, "/investigate", "patterns")

    def look() -> dict[str, Any] | None:
        shown = [m for m in workspace.messages(ALERTS, user) if m.get("is_ephemeral")]
        return next((m for m in shown if "taught" in str(m)), None)

    return await eventually(look)


async def click(workspace: SlackWorkspace, user: str, action: str) -> None:
    message = await listed(workspace, user)
    await workspace.click(user, ALERTS, message["ts"], "pattern-1", action, None)


async def test_they_are_listed_with_why_and_state_escaped(
    workspace: SlackWorkspace, both: tuple[Book, Notes]
) -> None:
    shown = str(await listed(workspace))
    assert "connection pool exhaustion at auth" in shown
    assert "auth alerted then" in shown
    assert "disputed: shown, speaks for nothing" in shown
    assert "&lt;orders&gt;" in shown


async def test_a_full_member_edits_by_a_form(
    workspace: SlackWorkspace, both: tuple[Book, Notes]
) -> None:
    await click(workspace, ENGINEER, "pattern_edit")
    view = await eventually(lambda: workspace.open_view(ENGINEER))
    assert view["callback_id"] == "pattern_edited"
    state = {"type": "static_select", "selected_option": {"value": "disputed"}}
    values = {
        "symptoms": {"symptoms": {"type": "plain_text_input", "value": "logins hang\n\n503s"}},
        "mode": {"mode": {"type": "plain_text_input", "value": "slow_query"}},
        "entity": {"entity": {"type": "plain_text_input", "value": "auth-db"}},
        "fix_note": {"fix_note": {"type": "plain_text_input", "value": ""}},
        "state": {"state": state},
    }
    await workspace.submit_view(ENGINEER, view["id"], values)
    await eventually(lambda: both[0].done)
    assert both[0].done == [("edit", ("logins hang", "503s"), PatternState.DISPUTED, ENGINEER)]


async def test_who_is_no_full_member_changes_nothing(
    workspace: SlackWorkspace, both: tuple[Book, Notes], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> bool:
        return False

    monkeypatch.setattr("bot.slack.members.Members.is_full", never)
    await click(workspace, OUTSIDER, "pattern_retire")
    view = await eventually(lambda: workspace.open_view(OUTSIDER))
    assert "Only full members" in str(view)
    assert both[0].done == []


async def test_deleting_says_what_it_did(
    workspace: SlackWorkspace, both: tuple[Book, Notes]
) -> None:
    await click(workspace, ENGINEER, "pattern_retire")
    view = await eventually(lambda: workspace.open_view(ENGINEER))
    assert "deleted" in str(view)
    assert both[0].done == [("retire", 1, ENGINEER)]


async def test_a_reply_that_holds_beyond_its_thread_may_be_kept_and_is_offered_once(
    workspace: SlackWorkspace, both: tuple[Book, Notes]
) -> None:
    parent = await workspace.post(ENGINEER, ALERTS, "redis-reco is slow", None)
    THREADS[parent] = 7
    said = "always check the backup job first"
    await workspace.post(ENGINEER, ALERTS, said, parent)

    def offers() -> list[dict[str, Any]]:
        thread = workspace.thread(ALERTS, parent, ENGINEER)
        return [m for m in thread if m.get("is_ephemeral") and "keep_note" in str(m)]

    [offer] = await eventually(offers)
    block = next(b["block_id"] for b in offer["blocks"] if b["type"] == "actions")
    await workspace.click(ENGINEER, ALERTS, offer["ts"], block, "keep_note", None)
    await eventually(lambda: both[1].kept)
    assert both[1].kept == [(said, ENGINEER, ENGINEER)]
    await workspace.post(ENGINEER, ALERTS, "never restart it while it runs", parent)
    await eventually(lambda: len(workspace.thread(ALERTS, parent, ENGINEER)) >= 4)
    assert len(offers()) == 1
    assert any("Kept as a note" in w for w in await whispers(workspace, ENGINEER, ALERTS, parent))


async def test_the_shortcut_keeps_what_a_message_says(
    workspace: SlackWorkspace, both: tuple[Book, Notes]
) -> None:
    ts = await workspace.post(ENGINEER, ALERTS, "the reindex runs at three", None)
    await workspace.shortcut(OUTSIDER, ALERTS, ts, "keep_note")
    await eventually(lambda: both[1].kept)
    assert both[1].kept == [("the reindex runs at three", ENGINEER, OUTSIDER)]

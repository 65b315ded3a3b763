"""What people see and say of quiet decisions, support channels and reactions, over a real workspace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from agent.awareness.issues import Precision
from agent.model import SignalKind
from bot.slack.views import quiet
from sandbox.slack.ratelimit import RateLimits
from sandbox.slack.workspace import SlackWorkspace
from sandbox.world.ports import Channel
from tests.integration.slack_bot import (
    ALERTS,
    ENGINEER,
    LEAD,
    OUTSIDER,
    RANDOM,
    VIEWS,
    eventually,
    hearing,
    over_sockets,
    whispers,
)
from tests.unit.bot.slack import cases
from tests.unit.bot.slack.fakes import FakeAnswering, FakeLedger, reads
from tests.unit.sandbox.slack.company import COMPANY

SUPPORT = "C0SUPPORT"
THREADS: dict[str, int] = {}
KEPT = (cases.decided(1), cases.decided(2, combination="other", title="Disk is nearly full"))
PRECISION = Precision(
    channel=ALERTS, used=3, ignored=1, contradicted=0, pending=0, posted_today=4, budget=40
)
ZENDESK = {"name": "Zendesk", "app_id": "A0ZENDESK", "bot_id": "B0ZENDESK"}


@pytest.fixture
def workspace() -> SlackWorkspace:
    support = Channel(SUPPORT, "support", "Help", ("U0SREBOT", ENGINEER, LEAD))
    company = replace(COMPANY, channels=(*COMPANY.channels, support))
    return SlackWorkspace(company, limits=RateLimits(enabled=False))


@pytest.fixture
def ledger() -> FakeLedger:
    return FakeLedger(channels=(PRECISION,))


@pytest.fixture
async def core(workspace: SlackWorkspace, ledger: FakeLedger) -> AsyncIterator[FakeAnswering]:
    answering = FakeAnswering()
    THREADS.clear()
    known = reads(investigations=THREADS, quiet=KEPT, systems=("checkout", "redis-reco"))
    more = {"support_channels": ("support",)}
    async with hearing(workspace, answering, known, over_sockets, ledger, **more) as app:
        workspace.bot_client = app.client  # type: ignore[attr-defined]
        yield answering


async def say(workspace: SlackWorkspace, message: Any, thread: str = "") -> str:
    client = workspace.bot_client  # type: ignore[attr-defined]
    answer = await client.chat_postMessage(
        channel=ALERTS, thread_ts=thread or None, **message.payload()
    )
    return str(answer["ts"])


def whispered(workspace: SlackWorkspace) -> list[str]:
    return [m["text"] for m in workspace.messages(ALERTS, ENGINEER) if m.get("is_ephemeral")]


def shown(workspace: SlackWorkspace, ts: str, user: str = ENGINEER) -> dict[str, Any]:
    return next(m for m in workspace.messages(ALERTS, user) if m["ts"] == ts)


@pytest.mark.parametrize("channel", [ALERTS, RANDOM])
async def test_what_was_kept_quiet_shows_on_demand_to_one_person(
    workspace: SlackWorkspace, core: FakeAnswering, channel: str
) -> None:
    result = await workspace.command(ENGINEER, channel, "/investigate", "quiet")
    assert result.ok
    (told,) = [m for m in workspace.messages(channel, ENGINEER) if m.get("is_ephemeral")]
    assert "Disk is nearly full" in str(told["blocks"])
    assert [m for m in workspace.messages(channel, OUTSIDER) if m.get("is_ephemeral")] == []
    assert core.signals == {}


async def test_all_of_the_week_shows_too(workspace: SlackWorkspace, core: FakeAnswering) -> None:
    await workspace.command(ENGINEER, ALERTS, "/investigate", "  Quiet  ALL ")
    (told,) = [m for m in workspace.messages(ALERTS, ENGINEER) if m.get("is_ephemeral")]
    assert "the last 7 days" in told["text"]


async def test_a_request_that_begins_alike_is_a_request(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    await workspace.command(ENGINEER, ALERTS, "/investigate", "quiet queue on cart")
    assert [s.kind for s in core.signals.values()] == [SignalKind.REQUEST]


async def test_an_entry_shown_to_one_person_can_be_judged(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    await workspace.command(ENGINEER, ALERTS, "/investigate", "quiet")
    (told,) = [m for m in workspace.messages(ALERTS, ENGINEER) if m.get("is_ephemeral")]
    result = await workspace.click(ENGINEER, ALERTS, told["ts"], "quiet-2", "quiet_told")
    assert result.ok
    assert list(core.judged.values()) == [(2, ENGINEER, True)]
    await eventually(lambda: "Noted for decision 2: told=True." in whispered(workspace))


async def test_an_entry_of_the_digest_is_marked_for_all_to_see(
    workspace: SlackWorkspace, core: FakeAnswering, ledger: FakeLedger
) -> None:
    ts = await say(workspace, quiet.digest(VIEWS, KEPT, []))
    for user, action in (
        (ENGINEER, "quiet_told"),
        (LEAD, "quiet_right"),
        (ENGINEER, "quiet_right"),
    ):
        assert (await workspace.click(user, ALERTS, ts, "quiet-1", action)).ok
    await eventually(lambda: str(shown(workspace, ts)).count(": right") == 2)
    assert [(d, u, t) for d, u, t in core.judged.values()] == [
        (1, ENGINEER, True),
        (1, LEAD, False),
        (1, ENGINEER, False),
    ]
    assert "should have been told" not in str(shown(workspace, ts, LEAD)["blocks"])
    assert ("opened", ts, LEAD) in ledger.entries
    assert "told=True" in (await whispers(workspace, ENGINEER, ALERTS, ts))[0]


@pytest.mark.parametrize(
    ("emoji", "entry", "right"),
    [
        ("+1", "right", True),
        ("thumbsup::skin-tone-3", "right", True),
        ("-1", "wrong", False),
        ("eyes", "opened", None),
    ],
)
async def test_a_reaction_on_its_message_is_a_word_on_it(
    workspace: SlackWorkspace,
    core: FakeAnswering,
    ledger: FakeLedger,
    emoji: str,
    entry: str,
    right: bool | None,
) -> None:
    root = await workspace.post(LEAD, ALERTS, "an alert")
    ts = await say(workspace, VIEWS.report(cases.case(finding=cases.finding())), root)
    ledger.own[ts], THREADS[root] = root, 7
    await workspace.react(ENGINEER, ALERTS, ts, emoji)
    await eventually(lambda: ledger.entries)
    assert ledger.entries == [(entry, root, ENGINEER)]
    told = [] if right is None else [(7, ENGINEER, right, "")]
    await eventually(lambda: list(core.words.values()) == told)


async def test_reactions_on_what_others_said_are_left_alone(
    workspace: SlackWorkspace, core: FakeAnswering, ledger: FakeLedger
) -> None:
    other = await workspace.post(LEAD, ALERTS, "between us")
    mine = await say(workspace, VIEWS.update(cases.case(), "a line"))
    ledger.own[mine] = mine
    await workspace.react(ENGINEER, ALERTS, other, "-1")
    await workspace.react(ENGINEER, ALERTS, mine, "+1")
    await eventually(lambda: ledger.entries)
    assert ledger.entries == [("right", mine, ENGINEER)]


async def test_replies_clicks_and_buttons_are_entered_in_the_ledger(
    workspace: SlackWorkspace, core: FakeAnswering, ledger: FakeLedger
) -> None:
    root = await workspace.post(LEAD, ALERTS, "an alert")
    await workspace.post(ENGINEER, ALERTS, "I saw that too", root)
    await eventually(lambda: ("replied", root, ENGINEER) in ledger.entries)
    ts = await say(workspace, VIEWS.report(cases.case(finding=cases.finding())), root)
    block = next(
        b["block_id"]
        for m in workspace.thread(ALERTS, root, LEAD)
        if m["ts"] == ts
        for b in m["blocks"]
        if b["type"] == "context_actions"
    )
    await workspace.click(LEAD, ALERTS, ts, block, "finding_feedback", {"value": "wrong:7"})
    assert ("wrong", root, LEAD) in ledger.entries


async def test_home_shows_of_how_much_use_speaking_unasked_was(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    await workspace.open_home(ENGINEER, "home")
    view = await eventually(lambda: workspace.home(ENGINEER))
    assert "75 %" in str(view["blocks"])


async def test_a_complaint_in_a_support_channel_is_a_ticket(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    ts = await workspace.post(ENGINEER, SUPPORT, "#48213: customers can't log in")
    await eventually(lambda: core.signals)
    signal = core.signals[f"slack:{SUPPORT}:{ts}"]
    assert (signal.kind, signal.source) == (SignalKind.TICKET, "slack")
    assert signal.tags == {"ticket": "48213"}
    assert signal.requested_by == ENGINEER
    assert signal.conversation is not None
    assert signal.conversation.thread == ts


async def test_what_is_broken_must_be_a_system_that_is_known(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    await workspace.post(ENGINEER, SUPPORT, "my bike is broken")
    ts = await workspace.post(ENGINEER, SUPPORT, "checkout is broken")
    await eventually(lambda: core.signals)
    assert set(core.signals) == {f"slack:{SUPPORT}:{ts}"}


async def test_a_question_about_a_known_system_is_answered_and_no_other(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    await workspace.post(ENGINEER, SUPPORT, "who owns the football tickets?")
    await workspace.post(ENGINEER, SUPPORT, "lunch?")
    ts = await workspace.post(ENGINEER, SUPPORT, "what depends on redis-reco?")
    await eventually(lambda: core.signals)
    (signal,) = core.signals.values()
    assert (signal.kind, signal.conversation and signal.conversation.thread) == (
        SignalKind.QUESTION,
        ts,
    )


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("New ticket #991: customers can't check out\n*Status:* open", True),
        ("Ticket #991 updated: customers can't check out", False),
        ("New ticket #992: please send me an invoice", False),
    ],
)
async def test_a_ticket_desks_bot_posts_tickets(
    workspace: SlackWorkspace, core: FakeAnswering, text: str, taken: bool
) -> None:
    title, _, rest = text.partition("\n")
    workspace.post_as_sender(
        ZENDESK, SUPPORT, attachments=[{"title": title, "text": rest or title}]
    )
    last = await workspace.post(ENGINEER, SUPPORT, "checkout gives 500")
    await eventually(lambda: f"slack:{SUPPORT}:{last}" in core.signals)
    tickets = [s for s in core.signals.values() if s.source == "zendesk"]
    assert [t.tags for t in tickets] == ([{"ticket": "991"}] if taken else [])


async def test_elsewhere_and_in_threads_nothing_is_heard(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    root = await workspace.post(LEAD, SUPPORT, "hello")
    await workspace.post(ENGINEER, ALERTS, "customers can't log in")
    await workspace.post(ENGINEER, SUPPORT, "customers can't log in", root)
    last = await workspace.post(ENGINEER, SUPPORT, "checkout gives 500")
    await eventually(lambda: core.signals)
    assert set(core.signals) == {f"slack:{SUPPORT}:{last}"}

"""What srebot tells people in Slack: each thing once, whatever breaks on the way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from agent.model import Conversation, InvestigationStatus, ProposalStatus, SignalKind
from agent.store.repository import Store
from bot.slack.client import build_client
from bot.slack.limits import Message
from bot.slack.notifier import SlackNotifier
from bot.slack.outbox import Outbox
from sandbox.slack.ratelimit import RateLimits
from sandbox.slack.workspace import SlackWorkspace
from tests.integration.slack_bot import ALERTS, ENGINEER, LEAD, RANDOM, VIEWS, eventually, settings
from tests.unit.bot.slack import cases
from tests.unit.sandbox.slack.company import COMPANY
from tests.unit.sandbox.slack.server import serving_slack


@dataclass
class Slack:
    """A workspace, the notifier in it, and what it remembered."""

    workspace: SlackWorkspace
    client: AsyncWebClient
    store: Store
    conversations: dict[int, Conversation] = field(default_factory=dict)

    async def keep(self, investigation: int, conversation: Conversation) -> None:
        self.conversations[investigation] = conversation

    def notifier(self) -> SlackNotifier:
        """As a process that has just started has it."""
        return SlackNotifier(self.client, self.store.messages, VIEWS, self.keep)

    async def alert(self) -> Conversation:
        ts = await self.workspace.post(LEAD, ALERTS, "[an alert]")
        return Conversation(channel=ALERTS, thread=ts)

    def thread(self, place: Conversation) -> list[dict[str, Any]]:
        return list(self.workspace.thread(place.channel, place.thread, ENGINEER))[1:]


@pytest.fixture
def limits() -> RateLimits:
    return RateLimits(enabled=False)


@pytest.fixture
async def slack(store: Store, limits: RateLimits) -> AsyncIterator[Slack]:
    workspace = SlackWorkspace(COMPANY, limits=limits)
    async with serving_slack(workspace) as url:
        yield Slack(workspace, build_client(settings(url)), store)


def case_in(place: Conversation, **fields: Any) -> Any:
    key = f"slack:{place.channel}:{place.thread}"
    return cases.case(cases.signal(key=key, conversation=place), **fields)


def answering_but(client: AsyncWebClient, monkeypatch: pytest.MonkeyPatch, *errors: str) -> None:
    """Have Slack refuse the next posts with these errors."""
    post, waiting = client.chat_postMessage, list(errors)

    async def refusing(**arguments: Any) -> Any:
        if waiting:
            raise SlackApiError("refused", {"ok": False, "error": waiting.pop(0)})
        return await post(**arguments)

    monkeypatch.setattr(client, "chat_postMessage", refusing)


async def test_a_summary_is_placed_in_the_alerts_thread_and_edited_there(slack: Slack) -> None:
    place, notifier = await slack.alert(), slack.notifier()
    assert await notifier.summary(case_in(place)) == place
    done = case_in(place, finding=cases.finding(), status=InvestigationStatus.CLOSED)
    await notifier.summary(done)
    (message,) = slack.thread(place)
    assert "redis-reco-backup takes memory" in str(message["blocks"])
    assert message["text"].startswith("Cause found")
    root = slack.workspace.thread(ALERTS, place.thread, ENGINEER)[0]
    assert [r["name"] for r in root["reactions"]] == ["white_check_mark"]


async def test_a_command_is_answered_below_a_message_of_its_own(slack: Slack) -> None:
    asked = cases.signal(
        key="command:1",
        kind=SignalKind.REQUEST,
        conversation=Conversation(channel=ALERTS),
        requested_by=ENGINEER,
    )
    case = cases.case(asked)
    notifier = slack.notifier()
    place = await notifier.summary(case)
    assert place.thread
    assert slack.conversations == {7: place}
    # The case was read before its thread was known.
    await notifier.update(case, "round-1", "The backup began at 00:10")
    assert [m["text"] for m in slack.thread(place)] == ["The backup began at 00:10"]
    session = slack.workspace.session_status(ALERTS, place.thread)
    assert session is not None
    assert session["status"] == "processing"


async def test_every_message_shows_once_however_often_it_is_told(slack: Slack) -> None:
    place = await slack.alert()
    case = case_in(place, finding=cases.finding(), status=InvestigationStatus.CLOSED)
    proposal = cases.proposal()
    for notifier in (slack.notifier(), slack.notifier()):
        await notifier.taken(case.signal)
        await notifier.report(case)
        await notifier.update(case, "page", "Paged.")
        await notifier.proposal(case, proposal)
        await notifier.decision(case, proposal, cases.approval())
        await notifier.outcome(case, proposal, cases.outcome())
        await notifier.say(place, "quiet", "I stay quiet.")
    assert len(slack.thread(place)) == 7
    other = case.model_copy(
        update={"investigation": case.investigation.model_copy(update={"id": 8})}
    )
    await slack.notifier().update(other, "page", "Paged.")
    assert len(slack.thread(place)) == 8


async def test_a_proposal_loses_its_buttons_when_it_is_decided(slack: Slack) -> None:
    place, notifier = await slack.alert(), slack.notifier()
    case = case_in(place, finding=cases.finding())
    await notifier.proposal(case, cases.proposal())
    assert "approve_change" in str(slack.thread(place))
    await notifier.proposal(case, cases.proposal(status=ProposalStatus.APPLIED), "Applied.")
    (message,) = slack.thread(place)
    assert "approve_change" not in str(message)
    assert "applied" in str(message["blocks"])


async def test_a_crash_after_posting_and_before_the_receipt_doubles_nothing(slack: Slack) -> None:
    for place in (await slack.alert(), Conversation(channel=ALERTS)):
        key = f"report-{place.thread or 'top'}"
        await slack.store.messages.claim(key, place.channel, place.thread, "report")
        sent = await slack.client.chat_postMessage(
            channel=place.channel,
            thread_ts=place.thread or None,
            text="said",
            metadata={"event_type": "srebot_message", "event_payload": {"key": key}},
        )
        outbox = Outbox(slack.client, slack.store.messages)
        assert await outbox.post(key, "report", place, Message("said")) == (sent["ts"], False)
        receipt = await outbox.receipt(key)
        assert receipt is not None
        assert (receipt.state, receipt.ts) == ("sent", sent["ts"])


async def test_a_crash_before_posting_loses_nothing(slack: Slack) -> None:
    place = await slack.alert()
    await slack.store.messages.claim("report-7", place.channel, place.thread, "report")
    outbox = Outbox(slack.client, slack.store.messages)
    _, posted = await outbox.post("report-7", "report", place, Message("said"))
    assert posted
    assert [m["text"] for m in slack.thread(place)] == ["said"]


async def test_two_at_once_post_once(slack: Slack) -> None:
    place = await slack.alert()
    outbox = Outbox(slack.client, slack.store.messages)
    posts = [outbox.post("k", "say", place, Message("said")) for _ in range(5)]
    assert len({ts for ts, _ in await asyncio.gather(*posts)}) == 1
    assert len(slack.thread(place)) == 1


async def test_refused_blocks_become_plain_words_with_a_link(
    slack: Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = await slack.alert()
    answering_but(slack.client, monkeypatch, "invalid_blocks")
    await slack.notifier().report(case_in(place, finding=cases.finding()))
    report = slack.thread(place)[0]
    assert "redis-reco-backup takes memory" in report["text"]
    assert "https://srebot.example/investigations/7" in report["text"]
    assert "blocks" not in report or report["blocks"] == []


async def test_a_thread_that_is_gone_is_answered_in_the_channel(slack: Slack) -> None:
    gone = Conversation(channel=ALERTS, thread="1700000000.000001")
    await slack.notifier().say(gone, "k", "still here")
    assert slack.workspace.messages(ALERTS, ENGINEER)[-1]["text"] == "still here"


async def test_a_public_channel_is_entered_and_a_closed_one_let_go(slack: Slack) -> None:
    notifier = slack.notifier()
    await notifier.say(Conversation(channel=RANDOM), "open", "hello")
    assert slack.workspace.messages(RANDOM, ENGINEER)[-1]["text"] == "hello"
    await notifier.say(Conversation(channel="C0LEADS"), "closed", "hello")
    await notifier.say(Conversation(channel="C0NOWHERE"), "nowhere", "hello")


async def test_an_outage_is_raised_and_the_next_try_posts_once(
    slack: Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, notifier = await slack.alert(), slack.notifier()
    answering_but(slack.client, monkeypatch, "internal_error")
    with pytest.raises(SlackApiError):
        await notifier.say(place, "k", "said")
    await notifier.say(place, "k", "said")
    assert [m["text"] for m in slack.thread(place)] == ["said"]


async def test_many_states_take_few_edits_and_the_last_one_shows(
    slack: Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, notifier = await slack.alert(), slack.notifier()
    edits: list[str] = []
    update = slack.client.chat_update

    async def counting(**arguments: Any) -> Any:
        edits.append(arguments["text"])
        return await update(**arguments)

    monkeypatch.setattr(slack.client, "chat_update", counting)
    began = time.monotonic()
    for number in range(40):
        seen = cases.hypotheses(f"hypothesis {number}")
        await notifier.summary(case_in(place, hypotheses=seen))
    assert time.monotonic() - began < 15, "a running investigation does not wait for its edits"
    stopped = case_in(place, status=InvestigationStatus.STOPPED)
    await notifier.summary(stopped)
    await notifier.summary(stopped)
    assert "Stopped" in slack.thread(place)[0]["text"]
    assert len(edits) <= 4


class TestRateLimits:
    """Slack's own limits are on."""

    @pytest.fixture
    def limits(self) -> RateLimits:
        return RateLimits()

    async def test_a_burst_is_spread_and_nothing_is_lost(self, slack: Slack) -> None:
        place, notifier = await slack.alert(), slack.notifier()
        began = time.monotonic()
        await asyncio.gather(*(notifier.say(place, f"k{n}", f"said {n}") for n in range(6)))
        assert time.monotonic() - began > 2
        assert {m["text"] for m in slack.thread(place)} == {f"said {n}" for n in range(6)}

    async def test_a_refusal_is_waited_out(self, slack: Slack) -> None:
        place = await slack.alert()
        for _ in range(4):  # another process speaks in the channel too
            slack.workspace.state.limiter._buckets.clear()
            await slack.client.chat_postMessage(channel=ALERTS, text="x")
        bucket = slack.workspace.state.limiter._buckets[f"post:{ALERTS}"]
        bucket.tokens = 0.0
        await slack.notifier().say(place, "k", "said")
        assert [m["text"] for m in slack.thread(place)] == ["said"]


async def test_reacting_twice_is_no_error(slack: Slack) -> None:
    place = await slack.alert()
    case = case_in(place)
    for _ in range(2):
        await slack.notifier().taken(case.signal)
    await eventually(lambda: slack.workspace.messages(ALERTS, ENGINEER)[-1].get("reactions"))
    assert slack.workspace.messages(ALERTS, ENGINEER)[-1]["reactions"][0]["name"] == "eyes"

"""Corrections that people write in Slack reach the core; talk, and words of guests, do not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from agent.model import Conversation, SignalKind
from sandbox.slack.identity import BOT_USER_ID
from sandbox.slack.ratelimit import RateLimits
from sandbox.slack.workspace import SlackWorkspace
from tests.integration.slack_bot import ALERTS, ENGINEER, OUTSIDER, eventually, hearing, whispers
from tests.unit.bot.slack.fakes import FakeAnswering, reads
from tests.unit.sandbox.slack.company import COMPANY

KNOWN = frozenset({"cart", "redis-reco", "search", "auth-db"})
TEAMS = frozenset({"identity"})
HEARD: set[str] = set()


async def known(phrase: str, team: bool) -> bool:
    return phrase in (TEAMS if team else KNOWN)


async def hears(place: Conversation) -> bool:
    return place.thread in HEARD


@pytest.fixture
def workspace() -> SlackWorkspace:
    return SlackWorkspace(COMPANY, limits=RateLimits(enabled=False))


@pytest.fixture
async def core(workspace: SlackWorkspace) -> AsyncIterator[FakeAnswering]:
    answering = FakeAnswering()
    HEARD.clear()
    looks = replace(reads(), hears_corrections=hears, known=known)
    async with hearing(workspace, answering, looks):
        yield answering


def corrections(core: FakeAnswering) -> list[str]:
    return [s.text for s in core.signals.values() if s.kind is SignalKind.CORRECTION]


async def answered_thread(workspace: SlackWorkspace) -> str:
    """A thread in which srebot answered not long ago."""
    ts = await workspace.post(ENGINEER, ALERTS, "a question that was answered")
    HEARD.add(ts)
    return ts


async def settled(workspace: SlackWorkspace, core: FakeAnswering) -> None:
    """What was posted before has been heard: a question that comes after it was."""
    before = core.received
    await workspace.post(ENGINEER, ALERTS, f"<@{BOT_USER_ID}> who owns search?")
    await eventually(lambda: core.received > before)


async def test_by_mention_with_its_permalink_and_its_author(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    ts = await workspace.post(
        ENGINEER, ALERTS, f"<@{BOT_USER_ID}> No, cart no longer uses `redis-reco`"
    )
    await eventually(lambda: core.signals)
    (signal,) = core.signals.values()
    assert signal.kind is SignalKind.CORRECTION
    assert signal.requested_by == ENGINEER
    assert f"/archives/{ALERTS}/p{ts.replace('.', '')}" in signal.link
    assert signal.conversation == Conversation(channel=ALERTS, thread=ts)


async def test_in_the_thread_of_an_answer_without_a_mention(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    ts = await answered_thread(workspace)
    await workspace.post(ENGINEER, ALERTS, "cart no longer uses redis-reco", ts)
    await eventually(lambda: corrections(core))
    (signal,) = core.signals.values()
    assert signal.conversation == Conversation(channel=ALERTS, thread=ts)


async def test_elsewhere_nothing_is_overheard(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    ts = await workspace.post(ENGINEER, ALERTS, "some other thread")
    await workspace.post(ENGINEER, ALERTS, "cart no longer uses redis-reco", ts)
    await workspace.post(ENGINEER, ALERTS, "cart no longer uses redis-reco")
    await settled(workspace, core)
    assert corrections(core) == []


@pytest.mark.parametrize(
    "text",
    [
        "cart is not working",
        "cart uses redis-rec0",
        "maybe cart uses redis-reco",
        "does cart use redis-reco?",
        "lunch uses time",
    ],
)
async def test_talk_in_such_a_thread_is_no_correction(
    workspace: SlackWorkspace, core: FakeAnswering, text: str
) -> None:
    ts = await answered_thread(workspace)
    await workspace.post(ENGINEER, ALERTS, text, ts)
    await settled(workspace, core)
    assert corrections(core) == []


async def test_said_to_srebot_one_unknown_name_is_enough_to_be_told_so(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    await workspace.post(ENGINEER, ALERTS, f"<@{BOT_USER_ID}> cart uses redis-rec0")
    await eventually(lambda: corrections(core))


@pytest.mark.parametrize("text", ["cart is not working", "cart needs a restart", "foo uses bar"])
async def test_said_to_srebot_other_words_are_questions_or_requests(
    workspace: SlackWorkspace, core: FakeAnswering, text: str
) -> None:
    await workspace.post(ENGINEER, ALERTS, f"<@{BOT_USER_ID}> {text}")
    await eventually(lambda: core.signals)
    assert corrections(core) == []


async def test_teams_are_known_as_teams(workspace: SlackWorkspace, core: FakeAnswering) -> None:
    await workspace.post(ENGINEER, ALERTS, f"<@{BOT_USER_ID}> auth-db belongs to identity")
    await eventually(lambda: corrections(core))


@pytest.mark.parametrize(
    "marks",
    [
        {"is_restricted": True},
        {"is_ultra_restricted": True},
        {"is_stranger": True},
        {"team_id": "T0OTHER"},
        {"is_bot": True},
    ],
)
async def test_guests_strangers_and_bots_are_told_that_they_may_not(
    workspace: SlackWorkspace, core: FakeAnswering, marks: dict[str, object]
) -> None:
    workspace.state.directory.user(OUTSIDER).update(marks)
    text = f"<@{BOT_USER_ID}> cart no longer uses redis-reco"
    ts = await workspace.post(OUTSIDER, ALERTS, text)
    await eventually(
        lambda: any(m.get("is_ephemeral") for m in workspace.thread(ALERTS, ts, OUTSIDER))
    )
    (whisper,) = await whispers(workspace, OUTSIDER, ALERTS, ts)
    assert "Only full members" in whisper
    assert core.signals == {}

"""What people and alert senders do in Slack reaches the core, over Socket Mode and over signed HTTP alike."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from agent.model import AlertState, InvestigationStatus, Severity, SignalKind
from bot.slack.views.outcome import outcome_message
from sandbox.slack.ratelimit import RateLimits
from sandbox.slack.senders import AlertPost, post_alert
from sandbox.slack.workspace import SlackWorkspace
from tests.integration.slack_bot import (
    ALERTS,
    ENGINEER,
    LEAD,
    OUTSIDER,
    RANDOM,
    VIEWS,
    eventually,
    hearing,
    over_http,
    over_sockets,
    whispers,
)
from tests.unit.bot.slack import cases
from tests.unit.bot.slack.fakes import FakeAnswering, reads
from tests.unit.sandbox.slack.company import COMPANY
from tests.unit.sandbox.slack.server import serving

THREADS: dict[str, int] = {}


@pytest.fixture
def workspace() -> SlackWorkspace:
    return SlackWorkspace(COMPANY, limits=RateLimits(enabled=False))


@pytest.fixture(params=[over_sockets, over_http], ids=["socket", "http"])
async def core(
    request: pytest.FixtureRequest, workspace: SlackWorkspace
) -> AsyncIterator[FakeAnswering]:
    answering = FakeAnswering()
    THREADS.clear()
    known = reads((cases.proposal(),), THREADS, (cases.case(status=InvestigationStatus.CLOSED),))
    async with hearing(workspace, answering, known, request.param) as app:
        workspace.bot_client = app.client  # type: ignore[attr-defined]
        yield answering


def alert(workspace: SlackWorkspace, channel: str = ALERTS, **fields: Any) -> str:
    post = AlertPost(
        "Redis command latency is high on redis-reco",
        "Average command latency of redis-reco is above 2 ms.",
        fields.pop("state", "triggered"),
        datetime.now(UTC),
        "1001",
        ("service:redis-reco", "env:production"),
        "P2",
        **fields,
    )
    return post_alert(workspace, "datadog", channel, post)


async def bot_says(workspace: SlackWorkspace, message: Any, thread: str = "") -> str:
    client = workspace.bot_client  # type: ignore[attr-defined]
    answer = await client.chat_postMessage(
        channel=ALERTS, thread_ts=thread or None, **message.payload()
    )
    return str(answer["ts"])


def block_of(workspace: SlackWorkspace, ts: str, action: str) -> str:
    stored = next(m for m in workspace.messages(ALERTS, ENGINEER) if m["ts"] == ts)
    return next(
        b["block_id"]
        for b in stored["blocks"]
        if any(e.get("action_id") == action for e in b.get("elements", ()))
    )


async def test_the_command_is_taken_before_it_is_acknowledged(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    result = await workspace.command(ENGINEER, ALERTS, "/investigate", "cart is slow in staging")
    (signal,) = core.signals.values()
    assert result.ok
    assert "cart is slow in staging" in result.text
    assert (signal.kind, signal.title, signal.environment, signal.requested_by) == (
        SignalKind.REQUEST,
        "cart is slow in staging",
        "staging",
        ENGINEER,
    )
    assert signal.conversation is not None
    assert (signal.conversation.channel, signal.conversation.thread) == (ALERTS, "")


@pytest.mark.parametrize("text", ["", "help", "  "])
async def test_the_command_explains_itself(
    workspace: SlackWorkspace, core: FakeAnswering, text: str
) -> None:
    result = await workspace.command(ENGINEER, ALERTS, "/investigate", text)
    assert "/investigate checkout is slow" in result.text
    assert core.signals == {}


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("--budget 5m cart is slow", "5m"),
        ("cart is slow --budget=deep", "deep"),
        ("cart is slow —budget quick", "quick"),  # as Slack's clients turn two hyphens
        ("cart is slow", ""),
    ],
)
async def test_a_budget_goes_with_the_command(
    workspace: SlackWorkspace, core: FakeAnswering, text: str, budget: str
) -> None:
    result = await workspace.command(ENGINEER, ALERTS, "/investigate", text)
    (signal,) = core.signals.values()
    assert (signal.title, signal.budget) == ("cart is slow", budget)
    assert "On it: “cart is slow”" in result.text


@pytest.mark.parametrize("budget", ["plenty", "-5m", "0m", ""])
async def test_a_budget_that_makes_no_sense_starts_nothing(
    workspace: SlackWorkspace, core: FakeAnswering, budget: str
) -> None:
    result = await workspace.command(ENGINEER, ALERTS, "/investigate", f"cart --budget {budget}")
    assert "Nothing was started" in result.text
    assert core.signals == {}


async def test_dig_deeper_counts_once(workspace: SlackWorkspace, core: FakeAnswering) -> None:
    ts = await bot_says(workspace, VIEWS.report(cases.case(finding=cases.finding())))
    block = block_of(workspace, ts, "dig_deeper")
    for _ in range(2):
        await workspace.click(LEAD, ALERTS, ts, block, "dig_deeper")
    assert list(core.deepened.values()) == [(7, LEAD)]


async def test_where_the_bot_cannot_post_the_command_says_so(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    result = await workspace.command(LEAD, "C0LEADS", "/investigate", "cart is slow")
    assert "/invite" in result.text
    assert core.signals == {}


async def test_an_alert_is_answered_in_its_thread(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    ts = alert(workspace)
    await eventually(lambda: core.signals)
    (signal,) = core.signals.values()
    assert signal.key == f"slack:{ALERTS}:{ts}"
    assert (signal.kind, signal.source, signal.state) == (
        SignalKind.ALERT,
        "datadog",
        AlertState.TRIGGERED,
    )
    assert (signal.severity, signal.service, signal.environment) == (
        Severity.HIGH,
        "redis-reco",
        "production",
    )
    assert signal.conversation is not None
    assert signal.conversation.thread == ts


async def test_alerts_elsewhere_replies_of_senders_and_talk_are_left_alone(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    workspace.invite_app(RANDOM)
    alert(workspace, RANDOM)
    first = alert(workspace)
    alert(workspace, thread_ts=first)
    await workspace.post(ENGINEER, ALERTS, "lunch?")
    last = alert(workspace, state="recovered")
    await eventually(lambda: f"slack:{ALERTS}:{last}" in core.signals)
    assert set(core.signals) == {f"slack:{ALERTS}:{first}", f"slack:{ALERTS}:{last}"}


async def test_a_mention_is_a_question_or_a_request(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    asked = await workspace.post(ENGINEER, ALERTS, "<@U0SREBOT> who owns redis-reco?")
    wanted = await workspace.post(ENGINEER, ALERTS, "<@U0SREBOT> why is cart so slow?")
    await eventually(lambda: len(core.signals) == 2)
    question, request = (core.signals[f"slack:{ALERTS}:{ts}"] for ts in (asked, wanted))
    assert (question.kind, question.text) == (SignalKind.QUESTION, "who owns redis-reco?")
    assert (request.kind, request.text) == (SignalKind.REQUEST, "why is cart so slow?")
    assert question.conversation is not None
    assert question.conversation.thread == asked


async def test_a_request_under_an_alert_is_about_that_alert(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    workspace.invite_app(RANDOM)
    root = alert(workspace, RANDOM)
    ts = await workspace.post(ENGINEER, RANDOM, "<@U0SREBOT> investigate this", root)
    await eventually(lambda: core.signals)
    signal = core.signals[f"slack:{RANDOM}:{ts}"]
    assert (signal.kind, signal.service) == (SignalKind.REQUEST, "redis-reco")
    assert "investigate this" in signal.text
    assert signal.conversation is not None
    assert signal.conversation.thread == root


async def test_a_direct_message_is_a_question(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    ts = await workspace.post(ENGINEER, "D0ENGINEER", "what depends on redis-reco?")
    await eventually(lambda: core.signals)
    assert core.signals[f"slack:D0ENGINEER:{ts}"].kind is SignalKind.QUESTION


async def test_replies_are_heard_where_srebot_takes_part_and_nowhere_else(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    mine = await workspace.post(LEAD, ALERTS, "a thread it follows")
    other = await workspace.post(LEAD, ALERTS, "a thread of people")
    core.followed = frozenset({mine})
    await workspace.post(ENGINEER, ALERTS, "between us", other)
    told = await workspace.post(ENGINEER, ALERTS, "the backup moved yesterday", mine)
    again = await workspace.post(ENGINEER, ALERTS, "<@U0SREBOT> is it the backup?", mine)
    await eventually(lambda: len(core.replies) == 2)
    assert core.replies[f"slack:{ALERTS}:{told}"].text == "the backup moved yesterday"
    assert core.replies[f"slack:{ALERTS}:{again}"].text == "is it the backup?"
    assert core.signals == {}


async def test_stop_in_its_thread_stops_the_investigation(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    root = alert(workspace)
    THREADS[root] = 7
    await workspace.post(LEAD, ALERTS, "stop", root)
    await eventually(lambda: core.stopped)
    assert list(core.stopped.values()) == [(7, LEAD)]


async def test_the_shortcut_on_an_alert_is_a_request(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    workspace.invite_app(RANDOM)
    ts = alert(workspace, RANDOM, state="warn")
    for _ in range(2):  # a double click
        assert (await workspace.shortcut(ENGINEER, RANDOM, ts, "investigate_this")).ok
    (signal,) = core.signals.values()
    assert (signal.kind, signal.service, signal.requested_by) == (
        SignalKind.REQUEST,
        "redis-reco",
        ENGINEER,
    )
    assert signal.conversation is not None
    assert signal.conversation.thread == ts
    assert "On it" in (await whispers(workspace, ENGINEER, RANDOM, ts))[0]


async def test_an_approval_is_confirmed_with_a_reason(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    proposal = cases.proposal()
    ts = await bot_says(workspace, VIEWS.proposal(cases.case(), proposal))
    block = block_of(workspace, ts, "approve_change")
    assert (await workspace.click(ENGINEER, ALERTS, ts, block, "approve_change")).ok
    view = await eventually(lambda: workspace.open_view(ENGINEER))
    assert core.decisions == {}
    values = {"reason": {"reason": {"type": "plain_text_input", "value": "saw it last week"}}}
    assert (await workspace.submit_view(ENGINEER, view["id"], values)).ok
    assert list(core.decisions.values()) == [(proposal.id, ENGINEER, True, "saw it last week")]


async def test_a_rejection_needs_a_reason(workspace: SlackWorkspace, core: FakeAnswering) -> None:
    ts = await bot_says(workspace, VIEWS.proposal(cases.case(), cases.proposal()))
    block = block_of(workspace, ts, "reject_change")
    await workspace.click(ENGINEER, ALERTS, ts, block, "reject_change")
    view = await eventually(lambda: workspace.open_view(ENGINEER))
    (field,) = (b for b in view["blocks"] if b["type"] == "input")
    assert not field["optional"]
    blank = {"reason": {"reason": {"type": "plain_text_input", "value": "  "}}}
    assert "Say why" in (await workspace.submit_view(ENGINEER, view["id"], blank)).errors["reason"]
    assert core.decisions == {}
    why = {"reason": {"reason": {"type": "plain_text_input", "value": "we need that backup"}}}
    assert (await workspace.submit_view(ENGINEER, view["id"], why)).ok
    assert list(core.decisions.values()) == [
        (cases.PROPOSAL, ENGINEER, False, "we need that backup")
    ]


async def test_a_change_that_is_not_the_one_shown_is_not_decided(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    ts = await bot_says(workspace, VIEWS.proposal(cases.case(), cases.proposal()))
    block = block_of(workspace, ts, "approve_change")
    await workspace.click(ENGINEER, ALERTS, ts, block, "approve_change")
    view = await eventually(lambda: workspace.open_view(ENGINEER))
    core.proposals[cases.PROPOSAL] = cases.proposal("another diff")
    result = await workspace.submit_view(ENGINEER, view["id"], {})
    assert "no longer the one" in result.errors["reason"]
    assert core.decisions == {}


async def test_a_freeze_is_asked_for_shown_and_lifted(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    async def says(text: str, user: str = ENGINEER) -> str:
        shown = await workspace.command(user, ALERTS, "/investigate", text)
        return str(shown.text)

    assert "Nothing is frozen" in await says("freeze status")
    assert "may not" in await says("freeze", OUTSIDER)
    assert await says("freeze <!channel> Black Friday") == "Frozen."
    assert core.freeze_in_force is not None
    assert core.freeze_in_force.reason.endswith("Black Friday")
    assert "Changes are frozen" in await says("freeze status")
    assert "may not" in await says("unfreeze", OUTSIDER)
    assert await says("unfreeze") == "No longer frozen."
    assert "Nothing is frozen" in await says("freeze status")
    assert core.signals == {}, "none of it is something to investigate"


async def test_an_outsider_is_refused_and_only_they_see_why(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    await workspace.post(OUTSIDER, ALERTS, "hello")
    ts = await bot_says(workspace, VIEWS.proposal(cases.case(), cases.proposal()))
    block = block_of(workspace, ts, "approve_change")
    await workspace.click(OUTSIDER, ALERTS, ts, block, "approve_change")
    assert core.refusals == [(cases.PROPOSAL, OUTSIDER)]
    assert workspace.open_view(OUTSIDER) is None
    assert "sre-approvers" in (await whispers(workspace, OUTSIDER, ALERTS, ts))[0]
    assert await whispers(workspace, ENGINEER, ALERTS, ts) == []
    assert core.decisions == {}


async def test_who_lost_the_right_meanwhile_is_told_in_the_modal(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    ts = await bot_says(workspace, VIEWS.proposal(cases.case(), cases.proposal()))
    block = block_of(workspace, ts, "approve_change")
    await workspace.click(ENGINEER, ALERTS, ts, block, "approve_change")
    view = await eventually(lambda: workspace.open_view(ENGINEER))
    core.entitled = frozenset()
    result = await workspace.submit_view(ENGINEER, view["id"], {})
    assert "sre-approvers" in result.errors["reason"]
    assert core.decisions == {}


async def test_a_decision_that_could_not_be_kept_leaves_the_modal_open_with_a_sentence(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    ts = await bot_says(workspace, VIEWS.proposal(cases.case(), cases.proposal()))
    block = block_of(workspace, ts, "approve_change")
    await workspace.click(ENGINEER, ALERTS, ts, block, "approve_change")
    view = await eventually(lambda: workspace.open_view(ENGINEER))
    core.broken = True
    result = await workspace.submit_view(ENGINEER, view["id"], {})
    assert "try again" in result.errors["reason"]


async def test_a_change_can_be_taken_back(workspace: SlackWorkspace, core: FakeAnswering) -> None:
    ts = await bot_says(
        workspace, outcome_message(VIEWS, cases.case(), cases.proposal(), cases.outcome())
    )
    block = block_of(workspace, ts, "revert_change")
    for _ in range(2):
        await workspace.click(ENGINEER, ALERTS, ts, block, "revert_change")
    assert list(core.reverted.values()) == [(cases.PROPOSAL, ENGINEER)]


async def test_a_wrong_finding_is_asked_about(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    ts = await bot_says(workspace, VIEWS.report(cases.case(finding=cases.finding())))
    block = block_of(workspace, ts, "finding_feedback")
    await workspace.click(LEAD, ALERTS, ts, block, "finding_feedback", {"value": "wrong:7"})
    view = await eventually(lambda: workspace.open_view(LEAD))
    said = {"cause": {"cause": {"type": "plain_text_input", "value": "a full disk"}}}
    assert (await workspace.submit_view(LEAD, view["id"], said)).ok
    assert list(core.words.values()) == [(7, LEAD, False, ""), (7, LEAD, False, "a full disk")]


async def test_the_stop_button_and_slacks_own(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    ts = await bot_says(workspace, VIEWS.summary(cases.case()))
    block = block_of(workspace, ts, "stop_investigation")
    await workspace.click(ENGINEER, ALERTS, ts, block, "stop_investigation")
    assert list(core.stopped.values()) == [(7, ENGINEER)]
    THREADS[ts] = 8
    client = workspace.bot_client  # type: ignore[attr-defined]
    await client.agents_sessions_setStatus(channel_id=ALERTS, thread_ts=ts, status="processing")
    await workspace.stop_session(LEAD, ALERTS, ts)
    await eventually(lambda: (8, LEAD) in core.stopped.values())


async def test_home_and_prompts(workspace: SlackWorkspace, core: FakeAnswering) -> None:
    await workspace.open_home(ENGINEER, "home")
    view = await eventually(lambda: workspace.home(ENGINEER))
    assert "redis-reco" in str(view["blocks"])
    await workspace.open_home(ENGINEER, "messages")
    prompts = await eventually(lambda: workspace.suggested_prompts("D0ENGINEER"))
    assert 1 <= len(prompts) <= 4


async def test_what_could_not_be_kept_is_delivered_again_and_counts_once(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    workspace.state.delivery.ack_timeout_seconds = 0.5
    workspace.state.delivery.retry_schedule_seconds = (0.1, 0.1, 0.1)
    core.broken = True
    ts = await workspace.post(ENGINEER, ALERTS, "<@U0SREBOT> who owns cart?")
    await eventually(lambda: core.received >= 2)
    core.broken = False
    await eventually(lambda: core.signals)
    assert list(core.signals) == [f"slack:{ALERTS}:{ts}"]
    assert len(await whispers(workspace, ENGINEER, ALERTS)) == 1


async def test_a_command_that_could_not_be_kept_says_so(
    workspace: SlackWorkspace, core: FakeAnswering
) -> None:
    core.broken = True
    result = await workspace.command(ENGINEER, ALERTS, "/investigate", "cart is slow")
    assert "try again" in result.text


async def test_unsigned_requests_are_turned_away() -> None:
    workspace = SlackWorkspace(COMPANY, limits=RateLimits(enabled=False))
    answering = FakeAnswering()
    async with hearing(workspace, answering, reads(), over_http) as app:
        from starlette.applications import Starlette

        from bot.slack import http

        async with (
            serving(Starlette(routes=list(http.routes(app)))) as root,
            aiohttp.ClientSession() as session,
        ):
            body = {"command": "/investigate", "text": "cart", "user_id": ENGINEER}
            async with session.post(f"{root}{http.PATH}", data=body) as response:
                assert response.status == 401
    assert answering.signals == {}

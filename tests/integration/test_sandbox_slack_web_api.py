"""The Web API as slack_sdk's own clients see it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, datetime
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.identity import BOT_TOKEN
from sandbox.slack.ports import WorkspaceChange
from sandbox.slack.ratelimit import RateLimits
from sandbox.slack.senders import SENDERS, AlertPost, post_alert
from sandbox.slack.workspace import SlackWorkspace
from sandbox.world.company import load_company
from tests.unit.sandbox.slack.company import COMPANY
from tests.unit.sandbox.slack.server import serving_slack

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def workspace() -> SlackWorkspace:
    return SlackWorkspace(COMPANY, limits=RateLimits(enabled=False))


@pytest.fixture
async def base_url(workspace: SlackWorkspace) -> AsyncIterator[str]:
    async with serving_slack(workspace) as url:
        yield url


@pytest.fixture
def client(base_url: str) -> AsyncWebClient:
    return AsyncWebClient("xoxb-sandbox", base_url=base_url)


async def refusal(call: Awaitable[Any]) -> Any:
    with pytest.raises(SlackApiError) as caught:
        await call
    return caught.value.response


async def test_the_synchronous_client_works_too(base_url: str) -> None:
    client = WebClient("xoxb-sandbox", base_url=base_url)
    identity = await asyncio.to_thread(client.auth_test)
    assert identity["user_id"] == "U0SREBOT"
    channels = await asyncio.to_thread(client.conversations_list, types="public_channel,im")
    assert {c["id"] for c in channels["channels"]} >= {"C0ALERTS", "C0RANDOM", "D0ENGINEER"}


@pytest.mark.parametrize(
    ("token", "error"),
    [(None, "not_authed"), ("xoxb-x", "invalid_auth"), ("xapp-sandbox", "not_allowed_token_type")],
)
async def test_tokens_are_checked(base_url: str, token: str | None, error: str) -> None:
    client = AsyncWebClient(token, base_url=base_url)
    assert (await refusal(client.auth_test()))["error"] == error


async def test_a_missing_scope_names_itself(
    workspace: SlackWorkspace, client: AsyncWebClient
) -> None:
    workspace.state.scopes = {"users:read"}
    answer = await refusal(client.chat_postMessage(channel="C0ALERTS", text="hi"))
    assert (answer["error"], answer["needed"]) == ("missing_scope", "chat:write")


async def test_history_shows_what_was_said_before_and_threads_count(
    client: AsyncWebClient,
) -> None:
    (parent,) = (await client.conversations_history(channel="C0ALERTS"))["messages"]
    assert (parent["text"], parent["reply_count"]) == ("cart is slow again", 1)
    thread = await client.conversations_replies(channel="C0ALERTS", ts=parent["ts"])
    assert [m["text"] for m in thread["messages"]] == ["cart is slow again", "looking"]


async def test_messages_are_posted_updated_reacted_to_and_deleted(client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel="#alerts", text="one")
    ts = posted["ts"]
    reply = await client.chat_postMessage(channel="C0ALERTS", text="two", thread_ts=ts)
    await client.chat_update(channel="C0ALERTS", ts=ts, text="one, edited")
    await client.reactions_add(channel="C0ALERTS", timestamp=ts, name="eyes")
    again = client.reactions_add(channel="C0ALERTS", timestamp=ts, name="eyes")
    assert (await refusal(again))["error"] == "already_reacted"
    newest = (await client.conversations_history(channel="C0ALERTS", limit=1))["messages"][0]
    assert newest["text"] == "one, edited"
    assert newest["reactions"] == [{"name": "eyes", "users": ["U0SREBOT"], "count": 1}]
    assert newest["latest_reply"] == reply["ts"]
    await client.chat_delete(channel="C0ALERTS", ts=reply["ts"])
    newest = (await client.conversations_history(channel="C0ALERTS", limit=1))["messages"][0]
    assert "reply_count" not in newest


async def test_pages_of_history_join_without_gap_or_overlap(client: AsyncWebClient) -> None:
    for number in range(7):
        await client.chat_postMessage(channel="C0ALERTS", text=str(number))
    seen = []
    async for page in await client.conversations_history(channel="C0ALERTS", limit=3):
        seen += [m["text"] for m in page["messages"]]
    assert seen == ["6", "5", "4", "3", "2", "1", "0", "cart is slow again"]


async def test_channels_that_the_app_is_not_in(client: AsyncWebClient) -> None:
    post = client.chat_postMessage
    assert (await refusal(post(channel="C0RANDOM", text="x")))["error"] == "not_in_channel"
    assert (await refusal(post(channel="C0LEADS", text="x")))["error"] == "channel_not_found"
    await client.conversations_join(channel="C0RANDOM")
    assert (await post(channel="C0RANDOM", text="x"))["ok"]


async def test_refusals_of_content(client: AsyncWebClient) -> None:
    async def error(**message: Any) -> str:
        return str((await refusal(client.chat_postMessage(channel="C0ALERTS", **message)))["error"])

    section = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3000}}
    assert await error(text="") == "no_text"
    assert await error(text="x", thread_ts="1.000001") == "thread_not_found"
    assert await error(text="x", blocks="{") == "invalid_blocks_format"
    assert await error(markdown_text="x" * 12_001) == "msg_too_long"
    assert await error(text="x", blocks=[section] * 5) == "msg_blocks_too_long"


async def test_invalid_blocks_say_where(client: AsyncWebClient) -> None:
    header = {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}
    answer = await refusal(client.chat_postMessage(channel="C0ALERTS", text="x", blocks=[header]))
    assert answer["error"] == "invalid_blocks"
    assert (
        "[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]"
        in answer["response_metadata"]["messages"]
    )


async def test_only_its_own_messages_can_be_changed(
    workspace: SlackWorkspace, client: AsyncWebClient
) -> None:
    ts = await workspace.post("U0ENGINEER", "C0ALERTS", "mine")
    update = client.chat_update(channel="C0ALERTS", ts=ts, text="x")
    assert (await refusal(update))["error"] == "cant_update_message"
    update = client.chat_update(channel="C0ALERTS", ts="1.000001", text="x")
    assert (await refusal(update))["error"] == "message_not_found"


async def test_a_channel_takes_a_short_burst_and_then_one_message_a_second() -> None:
    async with serving_slack(SlackWorkspace(COMPANY)) as base_url:
        client = AsyncWebClient("xoxb-sandbox", base_url=base_url)
        for _ in range(3):
            await client.chat_postMessage(channel="C0ALERTS", text="x")
        answer = await refusal(client.chat_postMessage(channel="C0ALERTS", text="x"))
        assert (answer.status_code, answer["error"]) == (429, "ratelimited")
        assert int(answer.headers["Retry-After"]) == 1
        assert (await client.chat_postMessage(channel="D0ENGINEER", text="x"))["ok"]


async def test_ephemeral_messages_are_seen_by_one_person(
    workspace: SlackWorkspace, client: AsyncWebClient
) -> None:
    await client.chat_postEphemeral(channel="C0ALERTS", user="U0ENGINEER", text="psst")
    assert workspace.messages("C0ALERTS", "U0ENGINEER")[-1]["text"] == "psst"
    assert workspace.messages("C0ALERTS", "U0LEAD")[-1]["text"] != "psst"
    history = await client.conversations_history(channel="C0ALERTS")
    assert "psst" not in [m["text"] for m in history["messages"]]


async def test_an_uploaded_image_can_stand_in_a_block(
    workspace: SlackWorkspace, client: AsyncWebClient
) -> None:
    uploaded = await client.files_upload_v2(filename="graph.png", content=PNG, title="Graph")
    file_id = uploaded["file"]["id"]
    assert workspace.file(file_id) == (PNG, "graph.png", "image/png")
    image = {"type": "image", "alt_text": "graph", "slack_file": {"id": file_id}}
    assert (await client.chat_postMessage(channel="C0ALERTS", text="x", blocks=[image]))["ok"]
    image["slack_file"] = {"id": "F0NOWHERE"}
    post = client.chat_postMessage(channel="C0ALERTS", text="x", blocks=[image])
    assert (await refusal(post))["error"] == "invalid_blocks"


async def test_a_streamed_answer_grows_and_ends(
    workspace: SlackWorkspace, client: AsyncWebClient
) -> None:
    ts = await workspace.post("U0ENGINEER", "C0ALERTS", "why?")
    start = client.chat_startStream(channel="C0ALERTS", thread_ts=ts)
    assert (await refusal(start))["error"] == "missing_recipient_user_id"
    stream = await client.chat_startStream(
        channel="C0ALERTS",
        thread_ts=ts,
        recipient_user_id="U0ENGINEER",
        recipient_team_id="T0SANDBOX",
        task_display_mode="plan",
    )
    task = {"type": "task_update", "id": "1", "title": "Memory", "status": "in_progress"}
    await client.chat_appendStream(
        channel="C0ALERTS",
        ts=stream["ts"],
        chunks=[{"type": "plan_update", "title": "Looking"}, task],
    )
    ended = await client.chat_stopStream(
        channel="C0ALERTS",
        ts=stream["ts"],
        markdown_text="**It is memory**",
        chunks=[{**task, "status": "complete"}],
    )
    plan, markdown = ended["message"]["blocks"]
    assert (plan["title"], plan["tasks"][0]["status"]) == ("Looking", "complete")
    assert markdown["text"] == "**It is memory**"
    late = client.chat_appendStream(channel="C0ALERTS", ts=stream["ts"], markdown_text="x")
    assert (await refusal(late))["error"] == "message_not_in_streaming_state"


async def test_agent_sessions_are_made_by_their_first_status(
    workspace: SlackWorkspace, client: AsyncWebClient
) -> None:
    ts = await workspace.post("U0ENGINEER", "C0ALERTS", "why?")
    place = {"channel_id": "C0ALERTS", "thread_ts": ts}
    early = client.agents_sessions_rename(**place, title="x")
    assert (await refusal(early))["error"] == "session_not_found"
    await client.agents_sessions_setStatus(**place, status="processing", title="Slow cart")
    await client.agents_sessions_rename(**place, title="Redis")
    session = workspace.session_status("C0ALERTS", ts)
    assert session is not None
    assert (session["status"], session["title"]) == ("processing", "Redis")
    wrong = client.agents_sessions_setStatus(**place, status="asleep")
    assert (await refusal(wrong))["error"] == "invalid_arguments"


async def test_home_is_published_and_its_hash_guards_it(
    workspace: SlackWorkspace, client: AsyncWebClient
) -> None:
    view = {"type": "home", "blocks": [{"type": "divider"}]}
    await client.views_publish(user_id="U0ENGINEER", view=view)
    assert workspace.home("U0ENGINEER") is not None
    stale = client.views_publish(user_id="U0ENGINEER", view=view, hash="0.0")
    assert (await refusal(stale))["error"] == "hash_conflict"


@pytest.mark.parametrize("sender", sorted(SENDERS))
async def test_alerts_come_in_attachments_that_history_shows(
    workspace: SlackWorkspace, client: AsyncWebClient, sender: Any
) -> None:
    alert = AlertPost(
        title="Cart latency is high",
        text="p95 over 2 s",
        state="triggered",
        at=datetime.now(UTC),
        monitor_id="101",
        tags=("service:cart", "env:production"),
        severity="P2",
        link="https://app.datadoghq.com/monitors/101",
        value=2.4,
    )
    ts = post_alert(workspace, sender, "C0ALERTS", alert)
    newest = (await client.conversations_history(channel="C0ALERTS", limit=1))["messages"][0]
    assert (newest["ts"], newest["subtype"], newest["text"]) == (ts, "bot_message", "")
    assert "Cart latency is high" in str(newest["attachments"])
    assert newest["app_id"] == SENDERS[sender]["app_id"]


async def test_onlookers_are_told_what_moved(
    workspace: SlackWorkspace, client: AsyncWebClient
) -> None:
    changes = workspace.changes()
    ts = (await client.chat_postMessage(channel="C0ALERTS", text="x"))["ts"]
    change = await asyncio.wait_for(anext(changes), 30)
    assert change == WorkspaceChange("message", channel="C0ALERTS", ts=ts)


async def test_guests_and_strangers_are_marked_and_see_only_what_they_are_in() -> None:
    workspace = SlackWorkspace(load_company(datetime.now(UTC)))
    async with serving_slack(workspace) as url:
        client = AsyncWebClient(token=BOT_TOKEN, base_url=url)
        guest = (await client.users_info(user="U0GUEST"))["user"]
        stranger = (await client.users_info(user="U0STRANGER"))["user"]
        mine = (await client.auth_test())["team_id"]
        channel = (await client.conversations_info(channel="C0MAILPROVIDER"))["channel"]
    assert (guest["is_restricted"], guest["is_stranger"], guest["team_id"]) == (True, False, mine)
    assert stranger["is_stranger"] and stranger["team_id"] != mine
    assert channel["is_ext_shared"]
    for user in (guest, stranger):
        names = [c["name"] for c in workspace.channels(user["id"]) if "name" in c]
        assert names == ["ext-mailprovider"]

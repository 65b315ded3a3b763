"""A Bolt app meets the workspace over Socket Mode and over request URLs; both must look the same to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.slack.ratelimit import RateLimits
from sandbox.slack.workspace import SlackWorkspace
from tests.unit.sandbox.slack.company import COMPANY
from tests.unit.sandbox.slack.server import serving, serving_slack

ENGINEER, ALERTS = "U0ENGINEER", "C0ALERTS"


class Bot:
    """A small Bolt app that notes what it is told."""

    def __init__(self, base_url: str) -> None:
        self.client = AsyncWebClient("xoxb-sandbox", base_url=base_url)
        self.app = AsyncApp(
            client=self.client,
            signing_secret="sandbox-signing-secret",
            ignoring_self_events_enabled=False,
        )
        self.seen: list[dict[str, Any]] = []
        self.app.use(self._note)
        self.app.event("message")(self._ignore)
        self.app.event("app_mention")(self._answer)
        for event in ("reaction_added", "app_home_opened", "agent_session_stopped"):
            self.app.event(event)(self._ignore)
        self.app.command("/investigate")(self._command)
        self.app.shortcut("investigate_this")(self._shortcut)
        self.app.action("open")(self._open_modal)
        self.app.view("reason")(self._submitted)

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [b["event"] for b in self.seen if b.get("event", {}).get("type") == kind]

    async def _note(self, body: dict[str, Any], next_: Callable[..., Any]) -> None:
        self.seen.append(body)
        await next_()

    async def _ignore(self) -> None:
        pass

    async def _answer(self, event: dict[str, Any], say: Any) -> None:
        buttons = {
            "type": "actions",
            "block_id": "buttons",
            "elements": [
                {
                    "type": "button",
                    "action_id": "open",
                    "text": {"type": "plain_text", "text": "Open"},
                    "value": "42",
                }
            ],
        }
        await say(text="Looking", thread_ts=event["ts"], blocks=[buttons])

    async def _command(self, ack: Any, command: dict[str, Any], respond: Any) -> None:
        await ack(f"Looking into {command['text']}")
        await respond(f"Found it: {command['text']}", response_type="in_channel")

    async def _shortcut(self, ack: Any) -> None:
        await ack()

    async def _open_modal(self, ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        self.trigger_id = body["trigger_id"]
        await client.views_open(
            trigger_id=body["trigger_id"],
            view={
                "type": "modal",
                "callback_id": "reason",
                "title": {"type": "plain_text", "text": "Why?"},
                "submit": {"type": "plain_text", "text": "Send"},
                "blocks": [
                    {
                        "type": "input",
                        "block_id": "why",
                        "label": {"type": "plain_text", "text": "Reason"},
                        "element": {"type": "plain_text_input", "action_id": "text"},
                    }
                ],
            },
        )

    async def _submitted(self, ack: Any, view: dict[str, Any]) -> None:
        if view["state"]["values"]["why"]["text"]["value"] == "because":
            await ack(response_action="errors", errors={"why": "Say more"})
        else:
            await ack()


@asynccontextmanager
async def over_sockets(workspace: SlackWorkspace, bot: Bot) -> AsyncIterator[None]:
    handler = AsyncSocketModeHandler(bot.app, "xapp-sandbox", web_client=bot.client)
    await handler.connect_async()
    try:
        yield
    finally:
        await handler.close_async()


@asynccontextmanager
async def over_http(workspace: SlackWorkspace, bot: Bot) -> AsyncIterator[None]:
    handler = AsyncSlackRequestHandler(bot.app)

    async def endpoint(request: Request) -> Response:
        return await handler.handle(request)

    app = Starlette(routes=[Route("/slack/events", endpoint, methods=["POST"])])
    async with serving(app) as root:
        workspace.set_request_url(f"{root}/slack/events")
        yield


@pytest.fixture
def workspace() -> SlackWorkspace:
    return SlackWorkspace(COMPANY, limits=RateLimits(enabled=False))


@pytest.fixture(params=[over_sockets, over_http], ids=["socket", "http"])
async def bot(request: pytest.FixtureRequest, workspace: SlackWorkspace) -> AsyncIterator[Bot]:
    async with serving_slack(workspace) as base_url:
        bot = Bot(base_url)
        await bot.client.auth_test()
        async with request.param(workspace, bot):
            await eventually(workspace.app_connected)
            yield bot


async def eventually(condition: Callable[[], Any], seconds: float = 30) -> Any:
    deadline = asyncio.get_running_loop().time() + seconds
    while not (result := condition()):
        assert asyncio.get_running_loop().time() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)
    return result


async def answered_mention(workspace: SlackWorkspace) -> dict[str, Any]:
    ts = await workspace.post(ENGINEER, ALERTS, "<@U0SREBOT> why is cart slow?")
    return await eventually(
        lambda: (
            workspace.thread(ALERTS, ts, ENGINEER)[1:2]
            and workspace.thread(ALERTS, ts, ENGINEER)[1]
        )
    )


async def test_a_mention_arrives_twice_and_is_answered_in_its_thread(
    workspace: SlackWorkspace, bot: Bot
) -> None:
    answer = await answered_mention(workspace)
    assert answer["text"] == "Looking"
    (mention,) = bot.events("app_mention")
    message = bot.events("message")[0]
    assert mention["ts"] == message["ts"]
    assert message["channel_type"] == "channel"
    body = bot.seen[0]
    assert body["api_app_id"] == "A0SREBOT"
    assert body["authorizations"][0]["user_id"] == "U0SREBOT"


async def test_a_command_is_acknowledged_and_answers_later(
    workspace: SlackWorkspace, bot: Bot
) -> None:
    result = await workspace.command(ENGINEER, ALERTS, "/investigate", "cart")
    assert (result.ok, result.text) == (True, "Looking into cart")
    posted = lambda: [m["text"] for m in workspace.messages(ALERTS, ENGINEER)]  # noqa: E731
    await eventually(lambda: "Found it: cart" in posted())
    assert "Found it: cart" in [m["text"] for m in workspace.messages(ALERTS, "U0LEAD")]
    assert "Looking into cart" not in [m["text"] for m in workspace.messages(ALERTS, "U0LEAD")]


async def test_a_command_in_a_thread_never_reaches_the_app(
    workspace: SlackWorkspace, bot: Bot
) -> None:
    result = await workspace.command(ENGINEER, ALERTS, "/investigate", "x", thread_ts="1.0")
    assert (result.ok, result.text) == (False, "/investigate is not supported in threads. Sorry!")
    assert bot.seen == []


async def test_a_button_opens_a_modal_that_is_corrected_and_submitted(
    workspace: SlackWorkspace, bot: Bot
) -> None:
    message = await answered_mention(workspace)
    assert (await workspace.click(ENGINEER, ALERTS, message["ts"], "buttons", "open")).ok
    view = await eventually(lambda: workspace.open_view(ENGINEER))
    click = bot.seen[-1]
    assert click["container"]["thread_ts"] == message["thread_ts"]
    assert click["actions"][0]["value"] == "42"

    nothing = await workspace.submit_view(ENGINEER, view["id"], {})
    assert nothing.errors == {"why": "Please complete this required field."}
    refused = await workspace.submit_view(ENGINEER, view["id"], said("because"))
    assert (refused.ok, refused.errors) == (False, {"why": "Say more"})
    assert (await workspace.submit_view(ENGINEER, view["id"], said("memory"))).ok
    assert workspace.open_view(ENGINEER) is None


def said(text: str) -> dict[str, dict[str, Any]]:
    return {"why": {"text": {"type": "plain_text_input", "value": text}}}


async def test_a_trigger_opens_one_view_only(workspace: SlackWorkspace, bot: Bot) -> None:
    message = await answered_mention(workspace)
    await workspace.click(ENGINEER, ALERTS, message["ts"], "buttons", "open")
    await eventually(lambda: workspace.open_view(ENGINEER))
    modal = {"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": []}
    with pytest.raises(SlackApiError, match="exchanged_trigger_id"):
        await bot.client.views_open(trigger_id=bot.trigger_id, view=modal)


async def test_a_shortcut_carries_the_message(workspace: SlackWorkspace, bot: Bot) -> None:
    ts = await workspace.post(ENGINEER, ALERTS, "odd")
    assert (await workspace.shortcut(ENGINEER, ALERTS, ts, "investigate_this")).ok
    payload = next(b for b in bot.seen if b.get("type") == "message_action")
    assert payload["message"]["text"] == "odd"


async def test_reactions_home_and_the_stop_button_are_events(
    workspace: SlackWorkspace, bot: Bot
) -> None:
    ts = await workspace.post(ENGINEER, ALERTS, "odd")
    await workspace.react(ENGINEER, ALERTS, ts, "eyes")
    await workspace.open_home(ENGINEER, "home")
    await bot.client.agents_sessions_setStatus(channel_id=ALERTS, thread_ts=ts, status="processing")
    await workspace.stop_session(ENGINEER, ALERTS, ts)
    (stopped,) = await eventually(lambda: bot.events("agent_session_stopped"))
    assert (stopped["thread_ts"], stopped["user"]) == (ts, ENGINEER)
    assert (await eventually(lambda: bot.events("reaction_added")))[0]["item"]["ts"] == ts
    assert (await eventually(lambda: bot.events("app_home_opened")))[0]["tab"] == "home"


async def test_edits_and_deletions_of_its_own_messages_come_back_to_the_app(
    workspace: SlackWorkspace, bot: Bot
) -> None:
    ts = (await bot.client.chat_postMessage(channel=ALERTS, text="a"))["ts"]
    await bot.client.chat_update(channel=ALERTS, ts=ts, text="b")
    await bot.client.chat_delete(channel=ALERTS, ts=ts)

    def subtypes() -> set[str | None]:
        return {e.get("subtype") for e in bot.events("message")}

    await eventually(lambda: {"message_changed", "message_deleted"} <= subtypes())


async def test_an_unknown_element_is_not_clicked(workspace: SlackWorkspace, bot: Bot) -> None:
    message = await answered_mention(workspace)
    assert not (await workspace.click(ENGINEER, ALERTS, message["ts"], "buttons", "gone")).ok


@asynccontextmanager
async def raw_socket(base_url: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    opened = await AsyncWebClient(base_url=base_url).apps_connections_open(app_token="xapp-sandbox")
    async with aiohttp.ClientSession() as session, session.ws_connect(opened["url"]) as socket:
        hello = await socket.receive_json()
        assert hello["type"] == "hello"
        assert hello["connection_info"] == {"app_id": "A0SREBOT"}
        yield socket


async def test_an_event_not_acknowledged_comes_again_on_the_other_connection(
    workspace: SlackWorkspace,
) -> None:
    workspace.state.delivery.ack_timeout_seconds = 0.5
    async with (
        serving_slack(workspace) as base_url,
        raw_socket(base_url) as first,
        raw_socket(base_url) as second,
    ):
        await workspace.post(ENGINEER, ALERTS, "hello")
        attempts = [await asyncio.wait_for(s.receive_json(), 30) for s in (first, second)]
        await second.send_str(json.dumps({"envelope_id": attempts[1]["envelope_id"]}))
        assert [(a["retry_attempt"], a["retry_reason"]) for a in attempts] == [
            (0, ""),
            (1, "timeout"),
        ]
        assert len({a["payload"]["event_id"] for a in attempts}) == 1
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(first.receive_json(), 0.8)


async def test_events_that_happen_while_the_app_is_away_are_kept(
    workspace: SlackWorkspace,
) -> None:
    await workspace.post(ENGINEER, ALERTS, "anybody?")
    assert not workspace.app_connected()
    async with serving_slack(workspace) as base_url, raw_socket(base_url) as socket:
        envelope = await asyncio.wait_for(socket.receive_json(), 30)
        assert envelope["payload"]["event"]["text"] == "anybody?"


async def test_a_click_without_an_app_says_so(workspace: SlackWorkspace) -> None:
    result = await workspace.command(ENGINEER, ALERTS, "/investigate", "x")
    assert (result.ok, result.text) == (False, "srebot did not respond in time")


async def test_a_ticket_opens_one_socket_and_refresh_closes_it(workspace: SlackWorkspace) -> None:
    async with serving_slack(workspace) as base_url, raw_socket(base_url) as socket:
        await workspace.disconnect_app("warning")
        assert (await socket.receive_json())["reason"] == "warning"
        await workspace.disconnect_app("refresh_requested")
        assert (await socket.receive_json())["reason"] == "refresh_requested"
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE


async def test_the_sdks_client_comes_back_after_a_refresh(workspace: SlackWorkspace) -> None:
    async with serving_slack(workspace) as base_url:
        bot = Bot(base_url)
        async with over_sockets(workspace, bot):
            await eventually(workspace.app_connected)
            await workspace.disconnect_app()
            await workspace.post(ENGINEER, ALERTS, "still there?")
            await eventually(lambda: bot.events("message"), seconds=20)

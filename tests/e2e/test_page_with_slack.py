"""The page over the simulated Slack itself, with an app connected by Slack's own SDK."""
# ruff: noqa: F811 - pytest's fixtures are imported, and named again as parameters

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncSay
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.routing import Mount

from sandbox.page.app import create_app
from sandbox.slack.api import create_app as create_slack
from sandbox.slack.identity import APP_TOKEN, BOT_TOKEN
from sandbox.slack.workspace import SlackWorkspace
from sandbox.world.company import load_company
from tests.browser import Served, browser, served, tab  # noqa: F401

pytestmark = pytest.mark.browser


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


MODAL = {
    "type": "modal",
    "callback_id": "reason",
    "title": plain("Reject"),
    "submit": plain("Send"),
    "blocks": [
        {
            "type": "input",
            "block_id": "why",
            "label": plain("Why?"),
            "element": {"type": "plain_text_input", "action_id": "text"},
        }
    ],
}


def build_app(client: AsyncWebClient, heard: list[Any]) -> AsyncApp:
    """A small app: a command, two buttons, a modal, a home, a shortcut."""
    app = AsyncApp(token=BOT_TOKEN, client=client)

    @app.command("/investigate")
    async def investigate(ack: AsyncAck, say: AsyncSay, command: dict[str, Any]) -> None:
        await ack("Taken. Look into the thread.")
        buttons = [
            {"type": "button", "text": plain("Approve"), "action_id": "approve", "value": "p1"},
            {"type": "button", "text": plain("Reject"), "action_id": "reject", "value": "p1"},
        ]
        section = {"type": "section", "text": {"type": "mrkdwn", "text": f"*{command['text']}*"}}
        await say(text="found", blocks=[section, {"type": "actions", "elements": buttons}])

    @app.action("approve")
    async def approve(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        heard.append(("approve", body["user"]["id"], body["actions"][0]["value"]))
        await client.chat_update(
            channel=body["channel"]["id"], ts=body["message"]["ts"], text="applied", blocks=[]
        )

    @app.action("reject")
    async def reject(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    @app.view("reason")
    async def reason(ack: AsyncAck, view: dict[str, Any]) -> None:
        why = view["state"]["values"]["why"]["text"]["value"]
        if len(why) < 5:
            await ack(response_action="errors", errors={"why": "Say more."})
            return
        await ack()
        heard.append(("reason", why))

    @app.shortcut("investigate_this")
    async def shortcut(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        heard.append(("shortcut", body["message"]["text"]))

    @app.event("app_home_opened")
    async def home(event: dict[str, Any]) -> None:
        blocks = [{"type": "header", "text": plain("Good night")}]
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    @app.event("message")
    async def message() -> None:
        return None

    return app


class Site:
    """The sandbox's Slack, its page, and the app that is connected to it."""

    def __init__(self, server: Served, workspace: SlackWorkspace, heard: list[Any]) -> None:
        self.server, self.workspace, self.heard = server, workspace, heard
        self.person = next(
            u["id"] for u in workspace.users() if not u["is_bot"] and u["id"] != "USLACKBOT"
        )
        channels = workspace.channels(self.person)
        self.channel = next(c["id"] for c in channels if "alert" in c.get("name", ""))
        self.direct = next(c["id"] for c in channels if c["is_im"])

    def at(self, channel: str, extra: str = "") -> str:
        return f"{self.server.url}/?user={self.person}&channel={channel}{extra}"


@pytest.fixture
def site() -> Iterator[Site]:
    workspace, heard = SlackWorkspace(load_company(datetime.now(UTC))), []
    page = create_app(workspace)
    app = Starlette(routes=[Mount("/slack", create_slack(workspace)), Mount("/", page)])
    with served(app, on_stop=page.state.streams.close) as server:
        bolt = build_app(
            AsyncWebClient(token=BOT_TOKEN, base_url=f"{server.url}/slack/api/"), heard
        )

        async def connect() -> AsyncSocketModeHandler:
            handler = AsyncSocketModeHandler(bolt, APP_TOKEN)
            await handler.connect_async()
            return handler

        handler = server.run(connect)
        site = Site(server, workspace, heard)
        server.call(lambda: workspace.invite_app(site.channel))
        yield site
        server.run(handler.close_async)
        server.run(workspace.close)


def test_a_command_is_answered_and_its_button_updates_the_message(tab: Page, site: Site) -> None:
    tab.goto(site.at(site.channel))
    box = tab.locator("#channel .composer textarea")
    box.fill("/investigate cart is slow")
    box.press("Enter")
    expect(tab.locator("#channel strong", has_text="cart is slow")).to_be_visible()
    expect(tab.locator(".is-ephemeral")).to_contain_text("Taken. Look into the thread.")
    tab.get_by_role("button", name="Approve").click()
    expect(tab.locator("#channel .message", has_text="applied")).to_contain_text("(edited)")
    assert site.heard == [("approve", site.person, "p1")]


def test_a_modal_is_opened_by_a_button_and_submitted(tab: Page, site: Site) -> None:
    tab.goto(site.at(site.channel))
    box = tab.locator("#channel .composer textarea")
    box.fill("/investigate search")
    box.press("Enter")
    tab.get_by_role("button", name="Reject").click()
    why = tab.locator("#modal input")
    send = tab.locator("#modal").get_by_role("button", name="Send")
    send.click()
    expect(tab.locator("#modal .input-error").first).to_contain_text("required field")
    why.fill("no")
    send.click()
    expect(tab.locator("#modal .input-error").first).to_have_text("Say more.")
    why.fill("wrong service")
    why.press("Enter")
    expect(tab.locator("#modal form")).to_have_count(0)
    assert site.heard == [("reason", "wrong service")]


def test_home_shortcut_and_reactions(tab: Page, site: Site) -> None:
    tab.goto(site.at(site.direct, "&tab=home"))
    expect(tab.locator(".home")).to_contain_text("Good night")
    ts = site.server.run(lambda: site.workspace.post(site.person, site.channel, "is it me?"))
    tab.goto(site.at(site.channel, f"&thread={ts}"))
    message = tab.locator("#thread .message").first
    message.hover()
    message.get_by_title("React with :eyes:").click()
    mine = message.locator(".reaction.is-mine")
    expect(mine).to_contain_text("1")
    mine.click()
    expect(mine).to_have_count(0)
    message.hover()
    message.get_by_title("More actions").click()
    tab.get_by_role("menuitem", name="Investigate this").click()
    expect(tab.locator(".popover")).to_have_count(0)
    tab.wait_for_timeout(300)
    assert site.heard == [("shortcut", "is it me?")]


def test_nobody_answers_when_the_app_is_gone(tab: Page) -> None:
    workspace = SlackWorkspace(load_company(datetime.now(UTC)))
    page = create_app(workspace)
    with served(page, on_stop=page.state.streams.close) as server:
        tab.goto(server.url)
        expect(tab.locator(".connection")).not_to_have_class("connection is-up")
        box = tab.locator("#channel .composer textarea")
        box.fill("/investigate x")
        box.press("Enter")
        expect(tab.locator(".toast")).to_contain_text("did not respond")
        expect(box).to_have_value("/investigate x")
        server.run(workspace.close)

"""The bot's Slack side against a simulated workspace, over Socket Mode or signed HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from pydantic import SecretStr
from slack_bolt.async_app import AsyncApp
from starlette.applications import Starlette

from bot.settings import SlackSettings
from bot.slack import http, socket
from bot.slack.app import build_app
from bot.slack.client import build_client
from bot.slack.desk import Reads
from bot.slack.views.render import Views
from sandbox.slack.identity import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from sandbox.slack.workspace import SlackWorkspace
from tests.unit.bot.slack.fakes import FakeAnswering, FakeLedger
from tests.unit.sandbox.slack.patience import be_patient
from tests.unit.sandbox.slack.server import serving, serving_slack

ENGINEER, LEAD, OUTSIDER, ALERTS, RANDOM = "U0ENGINEER", "U0LEAD", "U0OUT", "C0ALERTS", "C0RANDOM"
VIEWS = Views("https://srebot.example")


def settings(api_url: str) -> SlackSettings:
    """The settings of the sandbox's app."""
    return SlackSettings(
        bot_token=SecretStr(BOT_TOKEN),
        app_token=SecretStr(APP_TOKEN),
        signing_secret=SecretStr(SIGNING_SECRET),
        api_url=api_url,
    )


@asynccontextmanager
async def over_sockets(workspace: SlackWorkspace, app: AsyncApp) -> AsyncIterator[None]:
    """Deliver by Socket Mode."""
    async with socket.connected(app, APP_TOKEN):
        yield


@asynccontextmanager
async def over_http(workspace: SlackWorkspace, app: AsyncApp) -> AsyncIterator[None]:
    """Deliver to a request URL."""
    async with serving(Starlette(routes=list(http.routes(app)))) as root:
        workspace.set_request_url(f"{root}{http.PATH}")
        yield


@asynccontextmanager
async def hearing(
    workspace: SlackWorkspace,
    answering: FakeAnswering,
    reads: Reads,
    transport: Callable[..., Any] = over_sockets,
    ledger: FakeLedger | None = None,
    **more: Any,
) -> AsyncIterator[AsyncApp]:
    """The app, connected to the workspace; ``more`` are settings of its own."""
    be_patient(workspace)
    async with serving_slack(workspace) as url:
        own = settings(url).model_copy(update=more)
        client = build_client(own)
        app = build_app(client, answering, VIEWS, reads, own, ledger)
        await client.auth_test()
        async with transport(workspace, app):
            await eventually(workspace.app_connected)
            yield app


async def eventually(condition: Callable[[], Any], seconds: float = 30) -> Any:
    """Wait until it holds, and return what it gave."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not (result := condition()):
        assert asyncio.get_running_loop().time() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)
    return result


async def whispers(
    workspace: SlackWorkspace, user: str, channel: str, thread: str = ""
) -> list[str]:
    """The ephemeral messages that a person sees there."""
    shown = workspace.thread(channel, thread, user) if thread else workspace.messages(channel, user)
    return [m["text"] for m in shown if m.get("is_ephemeral")]

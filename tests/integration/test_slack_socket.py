"""Socket Mode where Slack does not admit a connection at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from starlette.websockets import WebSocket

from bot.slack import socket
from bot.slack.client import build_client
from sandbox.slack.identity import APP_TOKEN
from sandbox.slack.socket import SocketModeTransport
from sandbox.slack.workspace import SlackWorkspace
from tests.integration.slack_bot import ALERTS, ENGINEER, eventually, settings
from tests.unit.sandbox.slack.company import COMPANY
from tests.unit.sandbox.slack.server import serving_slack


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tickets of the connections that Slack turned away: only the first."""
    tickets: list[str] = []
    serve = SocketModeTransport.serve

    async def refusing(self: SocketModeTransport, websocket: WebSocket) -> None:
        ticket = websocket.query_params["ticket"]
        if not tickets or ticket in tickets:
            tickets.append(ticket)
            await websocket.close(code=4401)
            return
        await serve(self, websocket)

    monkeypatch.setattr(SocketModeTransport, "serve", refusing)
    return tickets


async def test_a_url_that_admits_nobody_is_given_up_for_another(refused: list[str]) -> None:
    workspace, heard = SlackWorkspace(COMPANY), list[Any]()
    async with serving_slack(workspace) as url:
        own = settings(url)
        app = AsyncApp(client=build_client(own), signing_secret="x")

        async def hear(event: Any) -> None:
            heard.append(event)

        app.event("message")(hear)
        async with asyncio.timeout(60), socket.connected(app, APP_TOKEN, url_seconds=1.0):
            await eventually(workspace.app_connected)
            await workspace.post(ENGINEER, ALERTS, "anybody?")
            await eventually(lambda: heard)
    assert len(refused) == 1
    assert heard[0]["text"] == "anybody?"

"""Request URLs and response URLs on the bare wire, without an SDK between."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.slack.ratelimit import RateLimits
from sandbox.slack.workspace import SlackWorkspace
from tests.unit.sandbox.slack.company import COMPANY
from tests.unit.sandbox.slack.server import serving, serving_slack

ENGINEER, ALERTS = "U0ENGINEER", "C0ALERTS"


class Endpoint:
    """An app's request URL that fails at first."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.answer: Any = None
        self.served = asyncio.Event()

    async def __call__(self, request: Request) -> Response:
        body = await request.body()
        if b"url_verification" in body:
            return PlainTextResponse(json.loads(body)["challenge"])
        self.requests.append((dict(request.headers), body))
        if len(self.requests) <= self.failures:
            return PlainTextResponse("oh no", status_code=500)
        self.served.set()
        return JSONResponse(self.answer) if self.answer else PlainTextResponse("")

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/events", self.__call__, methods=["POST"])])


def new_workspace() -> SlackWorkspace:
    workspace = SlackWorkspace(COMPANY, limits=RateLimits(enabled=False))
    workspace.state.delivery.retry_schedule_seconds = (0.0, 0.01, 0.02)
    return workspace


async def connect(workspace: SlackWorkspace, root: str) -> None:
    workspace.set_request_url(f"{root}/events")
    while not workspace.app_connected():
        await asyncio.sleep(0.01)


async def test_requests_are_signed_and_retried_with_number_and_reason() -> None:
    workspace, endpoint = new_workspace(), Endpoint(failures=1)
    async with serving(endpoint.app()) as root:
        await connect(workspace, root)
        await workspace.post(ENGINEER, ALERTS, "hello")
        await asyncio.wait_for(endpoint.served.wait(), 30)
    (first, _), (second, body) = endpoint.requests
    assert "x-slack-retry-num" not in first
    assert (second["x-slack-retry-num"], second["x-slack-retry-reason"]) == ("1", "http_error")
    base = b"v0:" + second["x-slack-request-timestamp"].encode() + b":" + body
    digest = hmac.new(b"sandbox-signing-secret", base, hashlib.sha256).hexdigest()
    assert second["x-slack-signature"] == f"v0={digest}"
    await workspace.close()


async def test_an_event_waits_for_a_request_url_that_is_down() -> None:
    workspace, endpoint = new_workspace(), Endpoint()
    workspace.state.delivery.retry_schedule_seconds = (0.0, 30.0)
    async with serving(Endpoint().app()) as gone:
        pass
    workspace.set_request_url(f"{gone}/events")
    await workspace.post(ENGINEER, ALERTS, "hello")
    async with serving(endpoint.app()) as root:
        await connect(workspace, root)
        await asyncio.wait_for(endpoint.served.wait(), 30)
    await workspace.close()


async def test_a_command_is_a_form_and_its_answer_a_message() -> None:
    workspace, endpoint = new_workspace(), Endpoint()
    endpoint.answer = {"response_type": "in_channel", "text": "Looking"}
    async with serving(endpoint.app()) as root:
        await connect(workspace, root)
        result = await workspace.command(ENGINEER, ALERTS, "/investigate", "slow cart")
    assert (result.ok, result.text) == (True, "Looking")
    assert b"command=%2Finvestigate&text=slow+cart" in endpoint.requests[0][1]
    assert workspace.messages(ALERTS, "U0LEAD")[-1]["text"] == "Looking"
    await workspace.close()


async def test_a_response_url_replaces_and_deletes_what_it_came_from() -> None:
    workspace, endpoint = new_workspace(), Endpoint()
    divider = {"type": "divider"}
    button = {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "x"}}
    actions = {"type": "actions", "block_id": "b", "elements": [button]}
    async with (
        serving(endpoint.app()) as root,
        serving_slack(workspace) as base_url,
        aiohttp.ClientSession() as session,
    ):
        await connect(workspace, root)
        headers = {"Authorization": "Bearer xoxb-sandbox"}
        message = {"channel": ALERTS, "text": "choose", "blocks": [actions, divider]}
        async with session.post(
            f"{base_url}chat.postMessage", json=message, headers=headers
        ) as response:
            ts = (await response.json())["ts"]
        endpoint.requests.clear()
        await workspace.click(ENGINEER, ALERTS, ts, "b", "a")
        bodies = [body for _, body in endpoint.requests if body.startswith(b"payload=")]
        url = json.loads(_form(bodies[0])["payload"])["response_url"]
        for index in range(6):
            replacement = {"replace_original": True, "text": f"chosen {index}"}
            async with session.post(url, json=replacement) as response:
                assert response.status == (200 if index < 5 else 404)
    last = workspace.messages(ALERTS, ENGINEER)[-1]
    assert (last["ts"], last["text"], last.get("blocks")) == (ts, "chosen 4", None)


def _form(body: bytes) -> dict[str, str]:

    return dict(parse_qsl(body.decode()))

"""HTTP mode: Slack's requests, whose signature Bolt checks."""

from __future__ import annotations

from collections.abc import Sequence

from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.web.body import BodyLimit

PATH = "/slack/events"
"""The request URL of events, interactivity and commands alike."""


def routes(app: AsyncApp) -> Sequence[Route]:
    """The routes to mount in the web application."""
    handler = AsyncSlackRequestHandler(app)

    async def events(request: Request) -> Response:
        return await handler.handle(request)

    return [Route(PATH, events, methods=["POST"], middleware=[Middleware(BodyLimit)])]

"""HTTP mode: Slack's requests, whose signature Bolt checks."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence

from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.web.body import BodyLimit

PATH = "/slack/events"
"""The request URL of events, interactivity and commands alike."""


_UNSIGNED = 401
_QUIET_SECONDS = 60.0
"""Refused requests are audited at most so often, with how many there were: anybody can send them."""
Suspicious = Callable[[str, str, str], Awaitable[None]]
"""Who (an address), what, and details."""


def routes(app: AsyncApp, suspicious: Suspicious | None = None) -> Sequence[Route]:
    """The routes to mount in the web application.

    Args:
        app: hears what is signed.
        suspicious: told of requests that Slack did not sign, or not lately: forged or replayed ones.
    """
    handler, refusals = AsyncSlackRequestHandler(app), _Refusals(suspicious)

    async def events(request: Request) -> Response:
        answer = await handler.handle(request)
        if answer.status_code == _UNSIGNED:
            await refusals.note(request)
        return answer

    return [Route(PATH, events, methods=["POST"], middleware=[Middleware(BodyLimit)])]


class _Refusals:
    """Requests that were turned away since they were last told of."""

    def __init__(self, suspicious: Suspicious | None) -> None:
        self._suspicious = suspicious
        self._count = 0
        self._quiet_until = float("-inf")

    async def note(self, request: Request) -> None:
        self._count += 1
        if self._suspicious is None or time.monotonic() < self._quiet_until:
            return
        self._quiet_until = time.monotonic() + _QUIET_SECONDS
        count, self._count = self._count, 0
        sender = request.client.host if request.client else "unknown"
        sent_at = request.headers.get("x-slack-request-timestamp", "none")
        details = f"{count} not signed by Slack, or too old; the last was stamped {sent_at}"
        await self._suspicious(f"address:{sender}", "request", details)

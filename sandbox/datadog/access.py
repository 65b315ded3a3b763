"""Datadog's front door: keys, then rate limits."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.datadog.errors import error_response
from sandbox.rate_limit import FixedWindow, Verdict

API_KEY = "sandbox-api-key"
APPLICATION_KEY = "sandbox-app-key"
_NEEDS_ONLY_API_KEY = "/api/v1/validate"


class Access:
    """ASGI middleware that answers 403 without the keys and 429 beyond the limit.

    Every admitted answer carries the ``X-RateLimit-*`` headers that clients back off by.
    """

    def __init__(self, app: ASGIApp, window: FixedWindow) -> None:
        self._app = app
        self._window = window

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if not _may_enter(scope):
            await error_response(403, "Forbidden")(scope, receive, send)
            return
        verdict = self._window.admit(API_KEY)
        send = self._with_limit_headers(send, verdict)
        if verdict.allowed:
            await self._app(scope, receive, send)
        else:
            limit = self._window.limit
            message = (
                f"Rate limit of {limit.requests} requests in {limit.period_seconds} seconds "
                "reached. Please try again later."
            )
            await error_response(429, message)(scope, receive, send)

    def _with_limit_headers(self, send: Send, verdict: Verdict) -> Send:
        limit = self._window.limit

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-RateLimit-Limit"] = str(limit.requests)
                headers["X-RateLimit-Period"] = str(limit.period_seconds)
                headers["X-RateLimit-Remaining"] = str(verdict.remaining)
                headers["X-RateLimit-Reset"] = str(verdict.reset_seconds)
                headers["X-RateLimit-Name"] = "sandbox"
            await send(message)

        return send_with_headers


def _may_enter(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    if headers.get("dd-api-key") != API_KEY:
        return False
    if str(scope["path"]).endswith(_NEEDS_ONLY_API_KEY):
        return True
    return headers.get("dd-application-key") == APPLICATION_KEY

"""PagerDuty's front door: the token, then rate limits.

The Events API under ``/v2/`` takes no token; the routing key in the body stands for one.
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.pagerduty.errors import RATE_LIMITED, UNAUTHORIZED, error_response
from sandbox.rate_limit import FixedWindow, Verdict

API_TOKEN = "sandbox-pd-token"  # noqa: S105 - the sandbox's public token, no secret
_EVENTS_PREFIX = "/v2/"


class Access:
    """ASGI middleware that answers 401 without the token and 429 beyond the limit."""

    def __init__(self, app: ASGIApp, window: FixedWindow) -> None:
        self._app = app
        self._window = window

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if not _may_enter(scope):
            response = error_response(401, UNAUTHORIZED, "Unauthorized")
            await response(scope, receive, send)
            return
        verdict = self._window.admit(API_TOKEN)
        send = self._with_limit_headers(send, verdict)
        if verdict.allowed:
            await self._app(scope, receive, send)
        else:
            response = error_response(429, RATE_LIMITED, "Rate Limit Exceeded")
            await response(scope, receive, send)

    def _with_limit_headers(self, send: Send, verdict: Verdict) -> Send:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["ratelimit-limit"] = str(self._window.limit.requests)
                headers["ratelimit-remaining"] = str(verdict.remaining)
                headers["ratelimit-reset"] = str(verdict.reset_seconds)
                if not verdict.allowed:
                    headers["Retry-After"] = str(verdict.reset_seconds)
            await send(message)

        return send_with_headers


def _may_enter(scope: Scope) -> bool:
    path = str(scope["path"]).removeprefix(str(scope.get("root_path", "")))
    if path.startswith(_EVENTS_PREFIX):
        return True
    authorization = Headers(scope=scope).get("authorization", "")
    return authorization == f"Token token={API_TOKEN}"

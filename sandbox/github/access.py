"""GitHub's front door: who a token belongs to, what it may do, and its rate limit."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.github.errors import ApiError, Forbidden, NotFound, error_response
from sandbox.rate_limit import FixedWindow, RateLimit, Verdict
from sandbox.world.ports import Person

SREBOT_TOKEN = "sandbox-github-srebot"  # noqa: S105 - the sandbox's public tokens, no secrets
READ_TOKEN = "sandbox-github-read"  # noqa: S105
LIMIT = RateLimit(5_000, 3_600)
"""What GitHub gives a personal access token."""


@dataclass(frozen=True)
class Principal:
    """Who acts: a user by a fine-grained token with permissions on the one repository."""

    login: str
    number: int
    permissions: Mapping[str, str]
    """``contents``, ``pull_requests`` -> ``read`` or ``write``."""

    def must(self, permission: str, level: str) -> None:
        """Refuse what the token was not given.

        Raises:
            ApiError: 404 for what it may not even see, 403 for what it may not change.
        """
        given = self.permissions.get(permission)
        if given is None and level == "read":
            raise NotFound
        if given is None or (level == "write" and given != "write"):
            raise Forbidden


def token_of(person: Person) -> str:
    """The token of one of the company's people, which may read, write and merge."""
    return f"sandbox-github-{person.handle}"


def principals(people: Iterable[Person]) -> dict[str, Principal]:
    """Everybody with a token, by their tokens."""
    everything = {"contents": "write", "pull_requests": "write"}
    found = {
        SREBOT_TOKEN: Principal("srebot", 1, everything),
        READ_TOKEN: Principal("auditor", 2, dict.fromkeys(everything, "read")),
    }
    members = (p for p in people if p.membership == "full")
    for number, person in enumerate(members, 100):
        found[token_of(person)] = Principal(person.handle, number, everything)
    return found


class Access:
    """ASGI middleware that answers 401 to unknown tokens and 403 beyond the limit; who it is goes into the scope."""

    def __init__(self, app: ASGIApp, known: Mapping[str, Principal], window: FixedWindow) -> None:
        self._app, self._known, self._window = app, known, window

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
        principal = self._known.get(token.strip())
        if principal is None or scheme.lower() not in ("bearer", "token"):
            # The repository is private: to somebody without a token it is not there at all.
            refused = ApiError(401, "Bad credentials") if token else NotFound()
            await error_response(refused)(scope, receive, send)
            return
        verdict = self._window.admit(token)
        send = self._with_headers(send, verdict)
        if not verdict.allowed:
            message = f"API rate limit exceeded for user ID {principal.number}."
            await error_response(ApiError(403, message))(scope, receive, send)
            return
        scope["principal"] = principal
        await self._app(scope, receive, send)

    def _with_headers(self, send: Send, verdict: Verdict) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["x-github-media-type"] = "github.v3; format=json"
                headers["x-ratelimit-limit"] = str(self._window.limit.requests)
                headers["x-ratelimit-remaining"] = str(verdict.remaining)
                headers["x-ratelimit-reset"] = str(int(time.time()) + verdict.reset_seconds)
            await send(message)

        return sending

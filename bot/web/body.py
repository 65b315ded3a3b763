"""Requests whose body is too large are refused before it is in memory."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LIMIT_BYTES = 1_000_000


class BodyLimit:
    """Answers 413 where a request's body is, or becomes, larger than ``LIMIT_BYTES``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting what it brings."""
        announced = Headers(scope=scope).get("content-length", "0")
        _refuse_above(int(announced) if announced.isdecimal() else 0)
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            _refuse_above(received)
            return message

        await self._app(scope, counted, send)


def _refuse_above(size: int) -> None:
    if size > LIMIT_BYTES:
        raise HTTPException(413, f"The request is larger than {LIMIT_BYTES:,} bytes.\n")

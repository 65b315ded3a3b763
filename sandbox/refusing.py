"""A vendor's front door while the vendor is down, or does not let this customer in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.world.outages import Outage, Vendor

ErrorAnswer = Callable[[int, str], Response]
_SAYS = {
    401: "Unauthorized",
    403: "Forbidden",
    429: "Too many requests",
    500: "Internal server error",
    502: "Bad gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


class Refusing:
    """ASGI middleware that answers what an outage concerns with its status, and lets the rest through."""

    def __init__(self, app: ASGIApp, outages: Sequence[Outage], answer: ErrorAnswer) -> None:
        self._app = app
        self._outages = outages
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or refuse it."""
        outage = self._outage_of(scope) if scope["type"] == "http" else None
        if outage is None:
            await self._app(scope, receive, send)
            return
        text = _SAYS.get(outage.status, "Error")
        await self._answer(outage.status, text)(scope, receive, send)

    def _outage_of(self, scope: Scope) -> Outage | None:
        path = str(scope["path"]).removeprefix(str(scope.get("root_path", "")))
        return next((o for o in self._outages if not o.what or path.startswith(o.what)), None)


def refusing(
    app: ASGIApp, vendor: Vendor, outages: Sequence[Outage], answer: ErrorAnswer
) -> ASGIApp:
    """The application behind the outages of its vendor."""
    own = [o for o in outages if o.vendor == vendor]
    return Refusing(app, own, answer) if own else app

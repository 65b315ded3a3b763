"""Pages are given out under srebot's own names only.

Otherwise any site could point its name at the loopback interface (DNS rebinding) and read them through the browser of
whoever visits it on the machine where srebot runs. An address instead of a name cannot be pointed anywhere else.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.web.templating import page


class OwnHosts:
    """Answers 421 where the request's Host is neither an address, nor localhost, nor the host of ``public_url``."""

    def __init__(self, app: ASGIApp, public_url: str = "") -> None:
        self._app = app
        self._own = {"localhost", urlsplit(public_url).hostname or "localhost"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        app = self._app
        if not self._is_own(Headers(scope=scope).get("host", "")):
            text = "These pages are not given out under this name; set SREBOT_PUBLIC_URL to where they are reached."
            app = page("error.html", 421, title="Wrong name", text=text)
        await app(scope, receive, send)

    def _is_own(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in self._own or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True

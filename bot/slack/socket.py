"""Socket Mode: Slack's envelopes over a WebSocket that the bot opens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient

_PING_SECONDS = 10.0
_URL_SECONDS = 25.0
"""For so long one URL is tried: two or three times."""
_CLOSE_SECONDS = 15.0


@asynccontextmanager
async def connected(
    app: AsyncApp, app_token: str, url_seconds: float = _URL_SECONDS
) -> AsyncIterator[AsyncSocketModeHandler]:
    """Hear Slack while the context lasts; it is tried until it is connected, as often as the connection is lost.

    Args:
        app: whose listeners hear.
        app_token: ``xapp-...``.
        url_seconds: after so long without a connection another URL is asked for.
    """
    handler = _Handler(app, app_token, url_seconds)
    try:
        await handler.connect_async()  # type: ignore[no-untyped-call]
        yield handler
    finally:
        # A peer that vanished must not keep the bot from stopping.
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await handler.close_async()  # type: ignore[no-untyped-call]


class _Handler(AsyncSocketModeHandler):
    """Bolt's, with a client of ours."""

    def __init__(self, app: AsyncApp, app_token: str, url_seconds: float) -> None:
        self.app = app
        self.app_token = app_token
        self.client = _Client(app, app_token, url_seconds)
        self.client.socket_mode_request_listeners.append(self.handle)  # type: ignore[arg-type]


class _Client(SocketModeClient):
    """The SDK's, which would try one URL for ever: Slack's admit a single connection, and only for a while."""

    def __init__(self, app: AsyncApp, app_token: str, url_seconds: float) -> None:
        super().__init__(
            app_token,
            app.logger,
            app.client,
            auto_reconnect_enabled=True,
            ping_interval=_PING_SECONDS,
        )
        self._url_seconds = url_seconds

    async def connect(self) -> None:
        """Connect, however long it takes."""
        while not self.closed:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._url_seconds):
                    await super().connect()  # type: ignore[no-untyped-call]
                    return
            self.wss_uri = None

"""Serves the web pages inside the bot's own event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette

from agent.errors import SrebotError

_GRACE_SECONDS = 3


class _Server(uvicorn.Server):
    """A server that leaves the process' signals to the bot, and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing is captured."""
        yield


class WebServer:
    """Listens from the start, so that its URL is known before the pages are.

    Args:
        host: address to listen on.
        port: 0 takes a free one.

    Raises:
        SrebotError: the port is taken.
    """

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            raise SrebotError(
                f"Cannot listen on {host}:{port} ({error.strerror}); set SREBOT_PORT to another port."
            ) from error

    @property
    def url(self) -> str:
        """Where the pages are reached on this machine."""
        host, port = self._socket.getsockname()[:2]
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104
        return f"http://{shown}:{port}"

    @asynccontextmanager
    async def serving(self, app: Starlette) -> AsyncIterator[None]:
        """Serve ``app`` while the context lasts."""
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets=[self._socket]))
        try:
            await server.listening.wait()
            yield
        finally:
            server.should_exit = True
            await task
            self._socket.close()

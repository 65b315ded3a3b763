"""Serving a sandbox on the loopback interface, in the foreground or in a thread for tests."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import uvicorn

from sandbox.app import DEFAULT_SCENARIO, Sandbox, build

T = TypeVar("T")
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_GRACE_SECONDS = 1
_START_SECONDS = 30.0
_STOP_SECONDS = 10.0


class NotLoopbackError(ValueError):
    """The sandbox has published tokens, so it listens on the loopback interface only."""


def loopback_socket(host: str, port: int) -> socket.socket:
    """A socket bound to ``host``; port 0 takes a free one. Raises NotLoopbackError and OSError."""
    address = "127.0.0.1" if host == "localhost" else host
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        parsed = None
    if parsed is None or not parsed.is_loopback:
        raise NotLoopbackError(
            f"the sandbox only listens on the loopback interface, as anybody knows its tokens: "
            f"use --host 127.0.0.1 instead of {host}"
        )
    family = socket.AF_INET6 if parsed.version == 6 else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((address, port))
    except OSError:
        bound.close()
        raise
    return bound


def url_of(bound: socket.socket) -> str:
    """Where a bound socket is reached."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class SandboxServer(uvicorn.Server):
    """A server that ends open streams, watches and WebSockets when it is told to stop.

    It calls ``on_ready`` once connections are accepted.
    """

    def __init__(self, sandbox: Sandbox, on_ready: Callable[[], object]) -> None:
        config = uvicorn.Config(
            sandbox.app,
            log_level="critical",
            access_log=False,
            lifespan="on",
            timeout_graceful_shutdown=_GRACE_SECONDS,
            ws="websockets-sansio",
        )
        super().__init__(config)
        self._sandbox = sandbox
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self._on_ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM as a wish to stop; unlike uvicorn, do not raise them again after."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in _STOP_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop, without waiting for what would never end by itself."""
        self._sandbox.begin_shutdown()
        await super().shutdown(sockets)


@dataclass(frozen=True)
class Running:
    """A sandbox that is being served from another thread."""

    url: str
    sandbox: Sandbox
    loop: asyncio.AbstractEventLoop

    def run(self, coroutine: Coroutine[Any, Any, T], timeout_seconds: float = 30.0) -> T:
        """Run a coroutine, such as one of the workspace's methods, on the sandbox's event loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout_seconds)

    def call(self, function: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """Call a plain function on the sandbox's event loop."""

        async def calling() -> T:
            return function(*arguments, **named)

        return self.run(calling())


@contextmanager
def running(scenario: str = DEFAULT_SCENARIO, **options: Any) -> Iterator[Running]:
    """Serve a scenario on a free port in a thread; ``options`` are those of ``sandbox.app.build``."""
    with served(build(scenario, **options)) as found:
        yield found


@contextmanager
def served(sandbox: Sandbox) -> Iterator[Running]:
    """Serve a sandbox on a free port in a thread."""
    ready = threading.Event()
    server = SandboxServer(sandbox, ready.set)
    bound = loopback_socket("127.0.0.1", 0)
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        await server.serve(sockets=[bound])

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="sandbox", daemon=True)
    thread.start()
    try:
        if not ready.wait(_START_SECONDS):
            raise RuntimeError("the sandbox did not start in time")
        yield Running(url_of(bound), sandbox, loops[0])
    finally:
        server.should_exit = True
        thread.join(_STOP_SECONDS)
        bound.close()

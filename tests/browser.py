"""A browser for tests, and a server in a thread for it to look at.

Import the fixtures where they are used: ``from tests.browser import browser, tab  # noqa: F401``, and a file-wide ``# ruff: noqa: F811``.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright
from starlette.types import ASGIApp

T = TypeVar("T")

_CANDIDATES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_START_SECONDS = 60.0
_STOP_SECONDS = 10.0


def find_chromium() -> str | None:
    """The path of a Chromium on this machine, if there is one; ``CHROMIUM`` names another."""
    named = os.environ.get("CHROMIUM")
    if named and Path(named).exists():
        return named
    return next((path for name in _CANDIDATES if (path := shutil.which(name))), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium. Without one the test is skipped; in CI (``CI=1``) it fails."""
    path = find_chromium()
    if path is None:
        reason = "no Chromium found: install one, or name it in the variable CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """A fresh tab at desktop size; an uncaught error or a policy violation in it fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 860}, locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(8_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda m: faults.append(m.text) if "Content Security" in m.text else None)
    yield page
    context.close()
    assert faults == []


class Served:
    """An ASGI app on a free loopback port, its event loop in a thread of its own."""

    def __init__(self, app: ASGIApp) -> None:
        config = uvicorn.Config(
            app, host="127.0.0.1", port=0, log_level="warning", lifespan="off", ws="auto"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def url(self) -> str:
        """``http://127.0.0.1:port``."""
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    def start(self) -> None:
        """Start, and return once the port answers."""
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("the server did not start")
            time.sleep(0.02)
        self._loop = self._server.servers[0].get_loop()

    def run(self, work: Callable[[], Coroutine[object, object, T]]) -> T:
        """Run a coroutine on the server's loop and wait for its result."""
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work(), self._loop).result(timeout=20)

    def call(self, work: Callable[[], T]) -> T:
        """Call a plain function on the server's loop."""

        async def coroutine() -> T:
            return work()

        return self.run(coroutine)

    def stop(self) -> float:
        """Stop as a server does on SIGTERM; returns how long it took, in seconds."""
        began = time.monotonic()
        self._server.should_exit = True
        self._thread.join(timeout=_STOP_SECONDS)
        assert not self._thread.is_alive(), "a response was still open when the server stopped"
        return time.monotonic() - began


@contextmanager
def served(app: ASGIApp, on_stop: Callable[[], None] | None = None) -> Iterator[Served]:
    """Serve for the length of a ``with``; ``on_stop`` runs on the loop before the server stops."""
    server = Served(app)
    server.start()
    try:
        yield server
    finally:
        if on_stop is not None:
            server.call(on_stop)
        server.stop()

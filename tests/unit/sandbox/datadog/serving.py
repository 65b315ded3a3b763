"""Serves an ASGI application on a free loopback port, for clients that speak real HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount


@contextmanager
def served(prefix: str, app: Starlette) -> Iterator[str]:
    """The address of ``app`` mounted at ``prefix``, as the sandbox's composition mounts it."""
    root = Starlette(routes=[Mount(prefix, app)])
    config = uvicorn.Config(root, host="127.0.0.1", port=0, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}{prefix}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)

"""Serves a simulated Slack on a free loopback port, inside the test's own event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from sandbox.slack.api import create_app
from sandbox.slack.workspace import SlackWorkspace


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[str]:
    """Run an ASGI app; yields its root URL without a trailing slash."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=2)
    )
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def serving_slack(workspace: SlackWorkspace) -> AsyncIterator[str]:
    """Run a workspace as the composition mounts it; yields the Web API's base URL."""
    async with serving(Starlette(routes=[Mount("/slack", create_app(workspace))])) as root:
        try:
            yield f"{root}/slack/api/"
        finally:
            await workspace.close()

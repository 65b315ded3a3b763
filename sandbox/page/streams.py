"""Server-sent events: what moves in the workspace, for one reader."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

from sandbox.slack.ports import WorkspaceChange

_KEEP_ALIVE_SECONDS = 15.0


class Streams:
    """The open event streams of a page.

    A server waits for its open responses before it stops, and these would never end: whoever runs the server calls
    `close` when it begins to shut down.
    """

    def __init__(self) -> None:
        self._closing = asyncio.Event()

    def close(self) -> None:
        """End every stream, and those opened from now on; call it on the event loop."""
        self._closing.set()

    async def events(
        self, changes: AsyncIterator[WorkspaceChange], user: str
    ) -> AsyncIterator[str]:
        """The changes that this user may know of, in the format of ``text/event-stream``."""
        closing = asyncio.ensure_future(self._closing.wait())
        following = asyncio.ensure_future(anext(changes, None))
        try:
            yield "retry: 1000\nevent: hello\ndata: {}\n\n"
            while not closing.done():
                await asyncio.wait(
                    {closing, following},
                    timeout=_KEEP_ALIVE_SECONDS,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if not following.done():
                    yield ": still here\n\n"
                    continue
                change = following.result()
                if change is None:
                    return
                following = asyncio.ensure_future(anext(changes, None))
                if change.user in ("", user):
                    yield f"event: change\ndata: {json.dumps(asdict(change))}\n\n"
        finally:
            await _cancel(closing, following)
            await _finish(changes)


async def _cancel(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _finish(changes: AsyncIterator[WorkspaceChange]) -> None:
    """Close the source now rather than when it is garbage-collected: it holds a subscription."""
    close = getattr(changes, "aclose", None)
    if close is not None:
        await close()

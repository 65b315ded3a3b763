"""Tells whoever looks at the workspace what has moved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from weakref import WeakSet

from sandbox.slack.ports import WorkspaceChange

_MAX_BACKLOG = 10_000


class _Inbox:
    def __init__(self) -> None:
        self.queue: asyncio.Queue[WorkspaceChange] = asyncio.Queue(_MAX_BACKLOG)


class ChangeFeed:
    """Broadcasts changes; a watcher that falls hopelessly behind loses its oldest ones."""

    def __init__(self) -> None:
        self._inboxes: WeakSet[_Inbox] = WeakSet()

    def publish(self, change: WorkspaceChange) -> None:
        """Tell every watcher."""
        for inbox in list(self._inboxes):
            if inbox.queue.full():
                inbox.queue.get_nowait()
            inbox.queue.put_nowait(change)

    def watch(self) -> AsyncIterator[WorkspaceChange]:
        """What moves from this call on; the watcher is forgotten once its iterator is."""
        inbox = _Inbox()
        self._inboxes.add(inbox)
        return _drain(inbox)


async def _drain(inbox: _Inbox) -> AsyncIterator[WorkspaceChange]:
    while True:
        yield await inbox.queue.get()

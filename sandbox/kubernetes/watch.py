"""What has changed lately, for those who watch: a ring buffer and its subscribers."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from sandbox.kubernetes.errors import gone

Manifest = dict[str, Any]
EventType = Literal["ADDED", "MODIFIED", "DELETED"]


@dataclass(frozen=True)
class WatchEvent:
    """One write to the store; ``manifest`` is the new state, or the last one of a deleted object."""

    type: EventType
    version: int
    manifest: Manifest
    previous: Manifest | None = None
    """The state before a MODIFIED or DELETED event."""

    @property
    def kind(self) -> str:
        """The kind of the object."""
        return str(self.manifest["kind"])


class WatchHub:
    """Keeps the last ``capacity`` events and hands new ones to subscribers."""

    def __init__(self, capacity: int = 20_000) -> None:
        self._recent: deque[WatchEvent] = deque(maxlen=capacity)
        self._queues: set[asyncio.Queue[WatchEvent]] = set()
        self._listeners: list[Callable[[WatchEvent], None]] = []
        self._forgotten = 0
        self._silent = False

    def forget_before(self, version: int) -> None:
        """Events up to ``version`` were never published (history laid down silently)."""
        self._forgotten = max(self._forgotten, version)

    def publish(self, event: WatchEvent) -> None:
        """Remember the event and pass it on."""
        for listener in list(self._listeners):
            listener(event)
        if self._silent:
            self.forget_before(event.version)
            return
        if len(self._recent) == self._recent.maxlen:
            self._forgotten = max(self._forgotten, self._recent[0].version)
        self._recent.append(event)
        for queue in self._queues:
            queue.put_nowait(event)

    @contextmanager
    def silence(self) -> Iterator[None]:
        """Events of this context reach listeners but no watcher: history is being laid down."""
        self._silent = True
        try:
            yield
        finally:
            self._silent = False

    def listen(self, listener: Callable[[WatchEvent], None]) -> Callable[[], None]:
        """Have ``listener`` called, synchronously, at every event; call the result to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def since(self, version: int) -> list[WatchEvent]:
        """The events after ``version``; raises ApiError 410 when some of them are forgotten."""
        self.check_age(version)
        return [event for event in self._recent if event.version > version]

    def check_age(self, version: int) -> None:
        """Raise ApiError 410 when events after ``version`` are forgotten."""
        if version < self._forgotten:
            raise gone(f"too old resource version: {version} ({self._forgotten})")

    @contextmanager
    def subscription(self) -> Iterator[asyncio.Queue[WatchEvent]]:
        """A queue that receives every event while the context lasts."""
        queue: asyncio.Queue[WatchEvent] = asyncio.Queue()
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)

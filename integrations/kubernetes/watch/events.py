"""What the watches of single kinds tell: events, and the box in which they arrive from their threads."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from integrations.kubernetes.graph.records import Id, Record

_CAPACITY = 10_000
_CHECK_SECONDS = 0.2


class Put(NamedTuple):
    """An object is new or changed."""

    record: Record


class Gone(NamedTuple):
    """An object was deleted."""

    which: Id


class Relisted(NamedTuple):
    """All objects of a kind in one place (an empty namespace: in the cluster): what is not among them is gone."""

    kind: str
    namespace: str
    records: Sequence[Record]


class Refused(NamedTuple):
    """A kind cannot be seen in one place just now."""

    kind: str
    namespace: str
    why: str
    denied: bool
    """Whether the credential may not; else the cluster did not answer."""


Event = Put | Gone | Relisted | Refused


class Stopped(Exception):
    """Nobody takes events out of the box any more."""


class Box:
    """Events on their way from threads to the event loop, in order; who brings more than it holds has to wait."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._events: queue.Queue[Event] = queue.Queue(_CAPACITY)
        self._arrived = asyncio.Event()
        self._closed = threading.Event()

    def put(self, event: Event) -> None:
        """Bring an event, from any thread but the loop's.

        Raises:
            Stopped: the box was closed.
        """
        while not self._closed.is_set():
            with suppress(queue.Full):
                self._events.put(event, timeout=_CHECK_SECONDS)
                self._wake()
                return
        raise Stopped

    async def bring(self, event: Event) -> None:
        """Bring an event, on the loop."""
        while True:
            with suppress(queue.Full):
                self._events.put_nowait(event)
                self._arrived.set()
                return
            await asyncio.sleep(_CHECK_SECONDS)

    async def wait(self) -> None:
        """Until something is there."""
        await self._arrived.wait()

    def take(self) -> list[Event]:
        """All that is there."""
        self._arrived.clear()
        taken: list[Event] = []
        with suppress(queue.Empty):
            while True:
                taken.append(self._events.get_nowait())
        return taken

    def close(self) -> None:
        """Nothing is taken out any more."""
        self._closed.set()

    def _wake(self) -> None:
        with suppress(RuntimeError):  # the loop was closed meanwhile
            self._loop.call_soon_threadsafe(self._arrived.set)

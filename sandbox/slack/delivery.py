"""Gets events and interactions to the app: over whichever transport is set, with Slack's retries.

Events are kept until they are acknowledged or their retries are used up; interactions get one try, because a person
is waiting. Everything runs on one event loop; what happens before that loop runs is kept until it does.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from sandbox.slack.ports import Json

log = logging.getLogger(__name__)

Kind = Literal["events_api", "interactive", "slash_commands"]

ACK_TIMEOUT_SECONDS = 3.0
RETRY_SCHEDULE_SECONDS = (0.0, 60.0, 300.0)
"""Slack's: nearly at once, after a minute, after five."""


class NotDeliveredError(Exception):
    """The app did not acknowledge; ``reason`` is Slack's retry reason."""

    def __init__(self, reason: str, *, retry: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry = retry


@dataclass(frozen=True)
class Parcel:
    """One attempt to hand something to the app."""

    kind: Kind
    payload: Json
    accepts_response: bool = False
    retry_attempt: int = 0
    retry_reason: str = ""


@dataclass(frozen=True)
class Ack:
    """The app's acknowledgement, with whatever it said in it."""

    payload: Any = None


class Transport(Protocol):
    """A way to the app: Socket Mode or request URLs."""

    def ready(self) -> bool:
        """Whether the app can be reached now."""

    async def send(self, parcel: Parcel, timeout_seconds: float) -> Ack:
        """Hand over and wait for the acknowledgement.

        Raises:
            NotDeliveredError: when none came in time.
        """


@dataclass
class _Pending:
    payload: Json
    attempt: int = 0
    reason: str = ""
    deadline: float = field(default=0.0)


class Delivery:
    """The queue of events and the one-shot requests to the app."""

    def __init__(
        self,
        transport: Transport,
        retry_schedule_seconds: Sequence[float] = RETRY_SCHEDULE_SECONDS,
        ack_timeout_seconds: float = ACK_TIMEOUT_SECONDS,
    ) -> None:
        self.transport = transport
        self.retry_schedule_seconds = tuple(retry_schedule_seconds)
        self.ack_timeout_seconds = ack_timeout_seconds
        self._waiting: deque[_Pending] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._reachable: asyncio.Event | None = None

    def emit(self, payload: Json) -> None:
        """Send an event callback, now or as soon as the app can be reached."""
        self._waiting.append(_Pending(payload))
        self.flush()

    def flush(self) -> None:
        """Set what waits on its way, if an event loop is running here."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        while self._waiting:
            pending = self._waiting.popleft()
            pending.deadline = loop.time() + sum(self.retry_schedule_seconds)
            task = loop.create_task(self._deliver(pending))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def app_appeared(self) -> None:
        """The transport can reach the app (again): deliver what was kept for it."""
        if self._reachable is not None:
            self._reachable.set()
            self._reachable = None
        self.flush()

    async def request(self, kind: Kind, payload: Json, *, accepts_response: bool) -> Ack | None:
        """Hand over an interaction; None when the app did not acknowledge it in time."""
        parcel = Parcel(kind, payload, accepts_response)
        try:
            return await self.transport.send(parcel, self.ack_timeout_seconds)
        except NotDeliveredError as failure:
            log.info("the app did not take a %s: %s", kind, failure.reason)
            return None

    async def close(self) -> None:
        """Give up whatever is under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _deliver(self, pending: _Pending) -> None:
        while True:
            if not await self._wait_until_reachable(pending.deadline):
                log.info("event dropped, the app was away: %s", pending.payload.get("event_id"))
                return
            parcel = Parcel(
                "events_api",
                pending.payload,
                retry_attempt=pending.attempt,
                retry_reason=pending.reason,
            )
            try:
                await self.transport.send(parcel, self.ack_timeout_seconds)
            except NotDeliveredError as failure:
                if not failure.retry or pending.attempt >= len(self.retry_schedule_seconds):
                    log.info("event given up: %s", pending.payload.get("event_id"))
                    return
                await self._pause(self.retry_schedule_seconds[pending.attempt], failure.reason)
                pending.attempt += 1
                pending.reason = failure.reason
                pending.deadline = max(pending.deadline, asyncio.get_running_loop().time() + 1)
            else:
                return

    async def _pause(self, seconds: float, reason: str) -> None:
        """Wait for the next try; a connection that broke is not waited for longer than its successor takes."""
        if reason == "connection_failed":
            await self._wait_until_reachable(asyncio.get_running_loop().time() + seconds)
        else:
            await asyncio.sleep(seconds)

    async def _wait_until_reachable(self, deadline: float) -> bool:
        while not self.transport.ready():
            if self._reachable is None:
                self._reachable = asyncio.Event()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._reachable.wait()
            except TimeoutError:
                return False
        return True

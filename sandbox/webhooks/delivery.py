"""Delivers webhooks one after another for each sender, again when the receiver is in trouble, as each vendor does it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import aiohttp

from sandbox.pagerduty.directory import Directory
from sandbox.pagerduty.model import EventKind, Incident
from sandbox.slack.senders import AlertPost, Sender
from sandbox.webhooks import datadog, grouped, pagerduty
from sandbox.webhooks.signing import headers

log = logging.getLogger(__name__)
_BUSY = 429
_SERVER_ERROR = 500


@dataclass(frozen=True)
class Patience:
    """How a vendor treats a receiver in trouble; each pause is twice the one before."""

    timeout_seconds: float
    attempts: int
    pause_seconds: float
    again_when_busy: bool
    """Whether 429 is a reason to try again, as 5xx is."""


PATIENCE: Mapping[Sender, Patience] = MappingProxyType(
    {
        # "A retry on 5XX; the timeout is 15 seconds, missed connections are retried 5 times."
        "datadog": Patience(15, 6, 1.0, again_when_busy=False),
        # Within 5 s; again up to ten times.
        "pagerduty": Patience(5, 11, 1.0, again_when_busy=True),
        # Exponential from half a second until the group's interval (5 minutes) is over; 5xx and 429.
        "alertmanager": Patience(10, 9, 0.5, again_when_busy=True),
        "grafana": Patience(30, 5, 0.5, again_when_busy=True),
    }
)
_Letter = dict[str, Any]


class WebhookOutbox:
    """Where the director and PagerDuty leave what receivers are to be told.

    Args:
        url: of the receiver; each sender posts to ``<url>/webhooks/<sender>``.
        secrets: what each sender proves itself with; a sender without one sends nothing.
        directory: PagerDuty's, for its events.
        now: the present, for signed times.
        pace: seconds of the clock for each second between attempts.
    """

    def __init__(
        self,
        url: str,
        secrets: Mapping[Sender, str],
        directory: Directory,
        now: Callable[[], datetime],
        pace: float = 1.0,
    ) -> None:
        self._url = url.rstrip("/")
        self._secrets = secrets
        self._directory = directory
        self._now = now
        self._pace = pace
        self._queues: dict[Sender, asyncio.Queue[_Letter]] = {s: asyncio.Queue() for s in secrets}
        self._loop: asyncio.AbstractEventLoop | None = None
        self.given_up: list[tuple[Sender, _Letter]] = []
        """What no attempt could deliver."""

    def alert(self, sender: Sender, alert: AlertPost) -> None:
        """See ``sandbox.director.Outbox``. PagerDuty tells of incidents only, see ``incident``."""
        match sender:
            case "datadog":
                self._put(sender, datadog.payload(alert))
            case "alertmanager":
                self._put(sender, grouped.alertmanager_payload(alert))
            case "grafana":
                self._put(sender, grouped.grafana_payload(alert))
            case "pagerduty":
                pass

    def incident(self, incident: Incident, kind: EventKind) -> None:
        """Tell that something was done to a PagerDuty incident; from any thread."""
        if pagerduty.is_told(incident, kind):
            self._put("pagerduty", pagerduty.payload(self._directory, incident, kind))

    async def run(self) -> None:
        """Deliver until cancelled."""
        self._loop = asyncio.get_running_loop()
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
            for sender in self._queues:
                group.create_task(self._deliver_all(session, sender))

    def _put(self, sender: Sender, letter: _Letter) -> None:
        queue = self._queues.get(sender)
        if queue is None:
            return
        if self._loop is None:
            queue.put_nowait(letter)
        else:
            with suppress(RuntimeError):  # The loop is closed: nobody delivers any more.
                self._loop.call_soon_threadsafe(queue.put_nowait, letter)

    async def _deliver_all(self, session: aiohttp.ClientSession, sender: Sender) -> None:
        while True:
            letter = await self._queues[sender].get()
            if not await self._deliver(session, sender, letter):
                self.given_up.append((sender, letter))
                log.warning("%s could not be delivered to %s", sender, self._url)

    async def _deliver(
        self, session: aiohttp.ClientSession, sender: Sender, letter: _Letter
    ) -> bool:
        """Whether the receiver took it; one that refuses is not asked again."""
        patience, pause = PATIENCE[sender], PATIENCE[sender].pause_seconds
        for attempt in range(patience.attempts):
            if attempt:
                await asyncio.sleep(pause * self._pace)
                pause *= 2
            status = await self._post(session, sender, letter)
            if status is None or status >= _SERVER_ERROR:
                continue
            if status == _BUSY and patience.again_when_busy:
                continue
            return status < 300
        return False

    async def _post(
        self, session: aiohttp.ClientSession, sender: Sender, letter: _Letter
    ) -> int | None:
        """The answer's status; None when there was none in time."""
        body = json.dumps(letter, ensure_ascii=False).encode()
        proof = headers(sender, self._secrets[sender], body, self._now())
        try:
            async with session.post(
                f"{self._url}/webhooks/{sender}",
                data=body,
                headers={"Content-Type": "application/json", **proof},
                timeout=aiohttp.ClientTimeout(total=PATIENCE[sender].timeout_seconds),
            ) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError):
            return None

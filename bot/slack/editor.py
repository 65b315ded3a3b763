"""Editing messages in place: the last state always shows, with no more edits than Slack allows."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.limits import Message
from bot.slack.pacing import Pace
from bot.slack.refusals import Remedy, code_of, remedy_of

GAP_SECONDS = 1.0
"""Between two edits of one message."""
_REMEMBERED = 1_000
log = structlog.get_logger(__name__)


@dataclass
class _Slot:
    """One message: what it shows as far as is known, and what it is to show."""

    channel: str
    ts: str
    shown: Message | None = None
    wanted: Message | None = None
    edited_at: float = float("-inf")
    work: asyncio.Task[None] | None = None


class Editor:
    """Edits the bot's messages. chat.update takes 50 calls a minute for the whole workspace."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._pace = Pace(burst=8, per_second=0.7)
        self._slots: OrderedDict[tuple[str, str], _Slot] = OrderedDict()

    def remember(self, channel: str, ts: str, message: Message) -> None:
        """Note what a message shows, so that it is not edited to the same."""
        self._slot(channel, ts).shown = message

    async def edit(self, channel: str, ts: str, message: Message, *, wait: bool) -> None:
        """Have a message show this; states in between may be skipped.

        Args:
            channel: where the message is.
            ts: which it is.
            message: what it is to show.
            wait: return only once it shows (or Slack refuses it for good, which is logged).

        Raises:
            SlackApiError, OSError, TimeoutError: with ``wait``, when Slack could not be reached.
        """
        slot = self._slot(channel, ts)
        slot.wanted = message
        if slot.work is None or slot.work.done():
            slot.work = asyncio.create_task(self._drain(slot))
            if not wait:
                slot.work.add_done_callback(_log_failure)
        if wait:
            await asyncio.shield(slot.work)

    def _slot(self, channel: str, ts: str) -> _Slot:
        slot = self._slots.setdefault((channel, ts), _Slot(channel, ts))
        self._slots.move_to_end((channel, ts))
        if len(self._slots) > _REMEMBERED:
            oldest = next(iter(self._slots))
            if (work := self._slots[oldest].work) is None or work.done():
                del self._slots[oldest]
        return slot

    async def _drain(self, slot: _Slot) -> None:
        while slot.wanted is not None and slot.wanted != slot.shown:
            await asyncio.sleep(max(0.0, slot.edited_at + GAP_SECONDS - time.monotonic()))
            await self._pace.take()
            message = slot.wanted
            await self._update(slot, message)
            slot.shown, slot.edited_at = message, time.monotonic()

    async def _update(self, slot: _Slot, message: Message) -> None:
        for content in (message.payload(), message.plain()):
            try:
                await self._client.chat_update(channel=slot.channel, ts=slot.ts, **content)
            except SlackApiError as error:
                remedy = remedy_of(error)
                if remedy is Remedy.RETRY:
                    raise
                log.warning("edit refused", ts=slot.ts, error=code_of(error))
                if remedy is not Remedy.PLAIN_TEXT:
                    return
            else:
                return


def _log_failure(work: asyncio.Task[None]) -> None:
    """An edit nobody waits for: the next state is drawn whole anyway."""
    if not work.cancelled() and (error := work.exception()) is not None:
        log.warning("edit failed", error=repr(error))

"""Posting exactly once: each message has a key, claimed before it is sent and found again by it after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from agent.model import Conversation
from agent.ports import Picture
from agent.store.messages import Message as Receipt
from agent.store.messages import Messages
from bot.slack.limits import Message
from bot.slack.pacing import ChannelPace
from bot.slack.pictures import SHARED_AFTER_SECONDS, shows, upload
from bot.slack.refusals import Remedy, code_of, remedy_of

EVENT_TYPE = "srebot_message"
"""Of the metadata that each message carries its key in."""
_FIRST_WORDS = frozenset({"summary", "say"})
"""Kinds of message that people wait for; the others may take their time."""
_CAN_WAIT = frozenset({"pointer"})
"""Kinds that go after all others."""
_PAGE = 200
_PAGES = 10
Send = Callable[[str, str, bool], Awaitable[str]]
"""Sends to a channel and thread, plainly if blocks were refused; returns what the message is known by there."""
log = structlog.get_logger(__name__)


class Outbox:
    """Posts messages in conversations, each key once.

    Args:
        client: Slack's Web API.
        messages: claims and receipts.
    """

    def __init__(self, client: AsyncWebClient, messages: Messages) -> None:
        self._client = client
        self._messages = messages
        self._pace = ChannelPace()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._self_id = ""

    async def receipt(self, key: str) -> Receipt | None:
        """What is known of a message that was claimed before."""
        return await self._messages.get(key)

    async def post(
        self, key: str, kind: str, place: Conversation, message: Message
    ) -> tuple[str, bool]:
        """Post, unless it was posted before.

        Returns:
            The message's ts, empty when Slack refuses it for good (which is logged); and whether this call posted it.

        Raises:
            SlackApiError, OSError, TimeoutError: Slack could not be reached; the call may be repeated.
        """
        return await self._once(key, kind, place, partial(self._send, key, message))

    async def show(
        self, key: str, place: Conversation, pictures: Sequence[Picture]
    ) -> tuple[str, bool]:
        """Upload pictures, unless they were before; the same, with the first file's id in place of the ts."""
        return await self._once(key, "picture", place, partial(self._upload, key, pictures))

    async def _once(self, key: str, kind: str, place: Conversation, send: Send) -> tuple[str, bool]:
        if not place.channel:
            return "", False
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            receipt = await self._messages.claim(key, place.channel, place.thread, kind)
            if receipt.state == "sent":
                return receipt.ts, False
            ts = "" if receipt.fresh else await self._find(receipt)
            posted = not ts
            ts = ts or await self._deliver(key, kind, place, send)
            if ts:
                await self._messages.sent(key, ts)
            return ts, posted and bool(ts)

    async def _deliver(self, key: str, kind: str, place: Conversation, send: Send) -> str:
        """Send, with each remedy tried once; empty when it is refused for good."""
        thread, plain = place.thread, False
        tried: set[Remedy] = set()
        urgent, can_wait = kind in _FIRST_WORDS, kind in _CAN_WAIT
        while True:
            await self._pace.take(place.channel, urgent=urgent, can_wait=can_wait)
            try:
                return await send(place.channel, thread, plain)
            except SlackApiError as error:
                remedy = remedy_of(error)
                if remedy is Remedy.RETRY:
                    raise
                if remedy in tried or remedy is Remedy.GIVE_UP:
                    refusal = {"key": key, "channel": place.channel, "error": code_of(error)}
                    log.warning("message refused for good", **refusal)
                    return ""
                tried.add(remedy)
                log.warning("message refused once", key=key, error=code_of(error), remedy=remedy)
                match remedy:
                    case Remedy.PLAIN_TEXT:
                        plain = True
                    case Remedy.TOP_LEVEL:
                        thread = ""
                    case Remedy.JOIN:
                        await self._join(place.channel)

    async def _send(
        self, key: str, message: Message, channel: str, thread: str, plain: bool
    ) -> str:
        content = message.plain() if plain else message.payload()
        answer = await self._client.chat_postMessage(
            channel=channel,
            thread_ts=thread or None,
            metadata={"event_type": EVENT_TYPE, "event_payload": {"key": key}},
            unfurl_links=False,
            unfurl_media=False,
            **content,
        )
        return str(answer["ts"])

    async def _upload(
        self, key: str, pictures: Sequence[Picture], channel: str, thread: str, _plain: bool
    ) -> str:
        return await upload(self._client, key, channel, thread, pictures)

    async def _join(self, channel: str) -> None:
        try:
            await self._client.conversations_join(channel=channel)
        except SlackApiError as error:
            log.warning("channel not joined", channel=channel, error=code_of(error))

    async def _find(self, receipt: Receipt) -> str:
        """The ts of a message that a process sent and then died; empty when it never got out."""
        own = await self._own_id()
        if receipt.kind == "picture":
            await asyncio.sleep(SHARED_AFTER_SECONDS)
        async for message in self._messages_near(receipt):
            metadata = message.get("metadata") or {}
            payload = metadata.get("event_payload") or {}
            mine = message.get("user") == own
            said = metadata.get("event_type") == EVENT_TYPE and payload.get("key") == receipt.key
            if mine and (said or shows(message, receipt.key)):
                return str(message["ts"])
        return ""

    async def _messages_near(self, receipt: Receipt) -> AsyncIterator[dict[str, Any]]:
        """The thread's messages, and the channel's newest: what belonged in a thread that is gone was said there."""
        if receipt.thread_ts:
            replies = partial(self._client.conversations_replies, ts=receipt.thread_ts)
            async for message in self._pages(replies, receipt.channel, _PAGES):
                yield message
        async for message in self._pages(self._client.conversations_history, receipt.channel, 1):
            yield message

    async def _pages(
        self, method: Callable[..., Awaitable[Any]], channel: str, most: int
    ) -> AsyncIterator[dict[str, Any]]:
        cursor = None
        for _ in range(most):
            try:
                answer = await method(
                    channel=channel, include_all_metadata=True, limit=_PAGE, cursor=cursor
                )
            except SlackApiError as error:
                if remedy_of(error) is Remedy.RETRY:
                    raise
                return
            for message in answer["messages"]:
                yield message
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return

    async def _own_id(self) -> str:
        if not self._self_id:
            self._self_id = str((await self._client.auth_test())["user_id"])
        return self._self_id

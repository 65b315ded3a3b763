"""Channels that the settings name, by names or ids: those that alerts arrive in, those where support is given."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from agent.model import Conversation
from bot.slack.refusals import code_of

_FRESH_SECONDS = 600.0
_RETRY_SECONDS = 30.0
_PAGE = 500
log = structlog.get_logger(__name__)


class Channels:
    """Resolves configured channels, and remembers them for ten minutes."""

    def __init__(self, client: AsyncWebClient, references: Iterable[str]) -> None:
        self._client = client
        self._references = tuple(reference.removeprefix("#") for reference in references)
        self._wanted = frozenset(self._references)
        self._ids: frozenset[str] = frozenset()
        self._names: dict[str, str] = {}
        self._fresh_until = float("-inf")

    async def has(self, channel: str) -> bool:
        """Whether this channel is one of them.

        Raises:
            SlackApiError, OSError, TimeoutError: the channels were never read and can't be read now.
        """
        return channel in self._wanted or channel in await self._resolved()

    async def first(self) -> str:
        """The id of the channel that is named first; its name as it stands when Slack can't be asked or knows none.

        Slack is asked once: a channel keeps its id.
        """
        if not self._references:
            return ""
        name = self._references[0]
        if name in self._names:
            return self._names[name]
        try:
            await self._resolved()
        except (SlackApiError, OSError, TimeoutError) as error:
            log.warning("channels not read", error=repr(error))
        return self._names.get(name, name)

    async def place(self) -> Conversation:
        """The channel that is named first, where a new thread may begin."""
        return Conversation(channel=await self.first())

    async def enter(self) -> list[str]:
        """Join those that are public; returns those where nothing can be heard, which is logged too."""
        if not self._wanted:
            return []
        out = set(self._wanted)
        try:
            async for channel in self._wanted_channels():
                if channel.get("is_member") or await self._joined(channel["id"]):
                    out -= {channel["id"], channel.get("name", "")}
        except (SlackApiError, OSError, TimeoutError) as error:
            log.warning("channels not read", error=repr(error))
        if out:
            log.warning(
                "nothing can be heard: invite srebot to these channels", channels=sorted(out)
            )
        return sorted(out)

    async def _joined(self, channel: str) -> bool:
        try:
            await self._client.conversations_join(channel=channel)
        except SlackApiError as error:
            log.warning("channel not joined", channel=channel, error=code_of(error))
            return False
        return True

    async def _resolved(self) -> frozenset[str]:
        if time.monotonic() < self._fresh_until:
            return self._ids
        try:
            self._ids = frozenset([c["id"] async for c in self._wanted_channels()])
            self._fresh_until = time.monotonic() + _FRESH_SECONDS
        except (SlackApiError, OSError, TimeoutError):
            if not self._ids:
                raise
            self._fresh_until = time.monotonic() + _RETRY_SECONDS
            log.warning("channels not read again; the known ones go on counting")
        return self._ids

    async def _wanted_channels(self) -> AsyncIterator[dict[str, Any]]:
        cursor = None
        while True:
            answer = await self._client.conversations_list(
                types="public_channel,private_channel",
                exclude_archived=True,
                limit=_PAGE,
                cursor=cursor,
            )
            for channel in answer["channels"]:
                if self._wanted & {channel["id"], channel.get("name", "")}:
                    self._names[channel.get("name", "")] = channel["id"]
                    yield channel
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return

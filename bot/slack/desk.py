"""What every surface works with: the way to the core, what it may read, and how it answers a person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from agent.model import Case, Conversation, Proposal
from agent.ports import Answering
from bot.settings import SlackSettings
from bot.slack.channels import Channels
from bot.slack.refusals import Remedy, code_of, remedy_of
from bot.slack.sessions import AgentSessions
from bot.slack.views.render import Views

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Reads:
    """The few things that surfaces read from the store."""

    proposal: Callable[[UUID], Awaitable[Proposal | None]]
    investigation_in: Callable[[Conversation], Awaitable[int | None]]
    """The latest investigation that talks in a thread."""
    latest_cases: Callable[[], Awaitable[Sequence[Case]]]
    open_proposals: Callable[[], Awaitable[Sequence[tuple[Case, Proposal]]]]


@dataclass(frozen=True)
class Desk:
    """The surfaces' common equipment."""

    client: AsyncWebClient
    answering: Answering
    views: Views
    reads: Reads
    settings: SlackSettings
    channels: Channels
    sessions: AgentSessions

    async def whisper(self, place: Conversation, user: str, text: str) -> None:
        """Tell one person something, in the place where they are; in a direct message where the bot can't speak."""
        try:
            await self.client.chat_postEphemeral(
                channel=place.channel, user=user, text=text, thread_ts=place.thread or None
            )
        except SlackApiError as error:
            if remedy_of(error) is Remedy.RETRY:
                raise
            log.info("whispering by direct message", error=code_of(error))
            await self.client.chat_postMessage(channel=user, text=text)

    async def can_speak(self, channel: str) -> bool:
        """Whether the bot may post in a conversation, or may let itself in."""
        try:
            found = (await self.client.conversations_info(channel=channel))["channel"]
        except SlackApiError as error:
            if remedy_of(error) is Remedy.RETRY:
                raise
            return False
        public = found.get("is_channel") and not found.get("is_private")
        return bool(found.get("is_member") or found.get("is_im") or public)


def moment_of(ts: str) -> datetime:
    """The time of a message's or an event's ts."""
    try:
        return datetime.fromtimestamp(float(ts), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.now(UTC)

"""What every surface works with: the way to the core, what it may read, and how it answers a person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from agent.awareness.issues import Decided, Precision
from agent.model import Case, Conversation, Entity, Proposal
from agent.ports import Answering
from bot.settings import SlackSettings
from bot.slack.channels import Channels
from bot.slack.refusals import Remedy, code_of, remedy_of
from bot.slack.sessions import AgentSessions
from bot.slack.views.render import Views

log = structlog.get_logger(__name__)


class Ledger(Protocol):
    """Where it is entered what people do about messages that they did not ask for."""

    async def replied(self, conversation: Conversation, user: str, text: str = "") -> None:
        """Somebody replied in a thread."""

    async def opened(self, conversation: Conversation, user: str) -> None:
        """Somebody pressed a button in a thread, or reacted to what is said there."""

    async def judged(self, conversation: Conversation, user: str, *, right: bool) -> None:
        """Somebody said whether it was right."""

    async def thread_of(self, channel: str, ts: str) -> Conversation | None:
        """The thread of one of srebot's messages; None when the message is somebody else's."""

    async def precision(self) -> Sequence[Precision]:
        """How often what was said unasked was of use, by channel."""


class NoLedger:
    """Enters nothing."""

    async def replied(self, conversation: Conversation, user: str, text: str = "") -> None:
        """Nothing."""

    async def opened(self, conversation: Conversation, user: str) -> None:
        """Nothing."""

    async def judged(self, conversation: Conversation, user: str, *, right: bool) -> None:
        """Nothing."""

    async def thread_of(self, channel: str, ts: str) -> Conversation | None:
        """None: no message is known."""

    async def precision(self) -> Sequence[Precision]:
        """None yet."""
        return ()


async def _unknown(_: str) -> Entity | None:
    return None


async def _nothing_quiet(_: int) -> Sequence[Decided]:
    return ()


async def _never(*_: object) -> bool:
    return False


@dataclass(frozen=True)
class Reads:
    """The few things that surfaces read from the store."""

    proposal: Callable[[UUID], Awaitable[Proposal | None]]
    investigation_in: Callable[[Conversation], Awaitable[int | None]]
    """The latest investigation that talks in a thread."""
    latest_cases: Callable[[], Awaitable[Sequence[Case]]]
    open_proposals: Callable[[], Awaitable[Sequence[tuple[Case, Proposal]]]]
    hears_corrections: Callable[[Conversation], Awaitable[bool]] = _never
    """Whether srebot talked in a thread not long ago, so that a correction in it is meant for it."""
    known: Callable[[str, bool], Awaitable[bool]] = _never
    """Whether a phrase names a thing of the graph; a team, if the second argument says so."""
    quiet: Callable[[int], Awaitable[Sequence[Decided]]] = _nothing_quiet
    """What nobody was told of in the last so many days."""
    locate: Callable[[str], Awaitable[Entity | None]] = _unknown
    """The known entity that a text speaks of."""


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
    ledger: Ledger = field(default_factory=NoLedger)

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

    async def acknowledge(self, channel: str, ts: str) -> None:
        """Show on a message that it was taken in (eyes), where Slack lets the bot."""
        try:
            await self.client.reactions_add(channel=channel, timestamp=ts, name="eyes")
        except SlackApiError as error:
            if remedy_of(error) is Remedy.RETRY:
                raise
            log.info("no reaction", channel=channel, error=code_of(error))

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

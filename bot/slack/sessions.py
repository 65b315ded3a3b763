"""Agent sessions: Slack's own sign of what srebot is doing for a person, and its stop button."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from agent.model import Case, Conversation, InvestigationStatus, Signal, SignalKind
from bot.slack.limits import shorten
from bot.slack.refusals import code_of

_MAX_TITLE = 200
log = structlog.get_logger(__name__)

_STATUSES: Mapping[InvestigationStatus, str] = MappingProxyType(
    {
        InvestigationStatus.RUNNING: "processing",
        InvestigationStatus.WAITING_FOR_INPUT: "suspended",
        InvestigationStatus.WAITING_FOR_APPROVAL: "suspended",
        InvestigationStatus.APPLYING: "active",
        InvestigationStatus.WATCHING: "active",
        InvestigationStatus.CLOSED: "closed",
        InvestigationStatus.STOPPED: "closed",
        InvestigationStatus.FAILED: "closed",
    }
)


class AgentSessions:
    """Sets the session of conversations that a person began; a session is a courtesy, so failures are only logged."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._shown: dict[Conversation, str] = {}

    async def show(self, case: Case, conversation: Conversation) -> None:
        """Show where an investigation stands, if a person asked for it."""
        if case.signal.kind is SignalKind.ALERT or not conversation.thread:
            return
        await self.set(conversation, _STATUSES[case.investigation.status], case.signal.title)

    async def taken(self, signal: Signal) -> None:
        """Show that a person's question or request is being worked on."""
        place = signal.conversation
        if signal.kind is not SignalKind.ALERT and place is not None and place.thread:
            await self.set(place, "processing", signal.title)

    async def answered(self, conversation: Conversation) -> None:
        """A question that was being worked on has its answer."""
        if conversation in self._shown:
            await self.set(conversation, "active")

    async def set(self, conversation: Conversation, status: str, title: str = "") -> None:
        """Set a session's status: processing, active, suspended or closed."""
        if self._shown.get(conversation) == status:
            return
        try:
            await self._client.agents_sessions_setStatus(
                channel_id=conversation.channel,
                thread_ts=conversation.thread,
                status=status,
                title=shorten(title, _MAX_TITLE) or None,
            )
        except SlackApiError as error:
            log.info("session status not set", error=code_of(error))
        except (OSError, TimeoutError) as error:
            log.info("session status not set", error=repr(error))
            return
        self._shown[conversation] = status
        if status == "closed":
            del self._shown[conversation]

"""Support channels: tickets and complaints become signals, questions about known systems are answered in their thread."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from agent.model import Conversation, Entity, Signal, SignalKind
from bot.slack import signals
from bot.slack.alerts import sender_of
from bot.slack.channels import Channels
from bot.slack.complaints import Heard, heard, ticket_of
from bot.slack.desk import Desk, moment_of
from bot.slack.keys import message_key
from bot.slack.message_text import plain, words_of

DESKS = ("zendesk", "jira", "intercom", "freshdesk", "servicenow", "help scout", "hubspot", "front")
"""Senders that post tickets."""
_NEW = re.compile(r"\b(?:new|created|opened|raised|submitted|reported|requested)\b", re.IGNORECASE)
_OLD = re.compile(
    r"\b(?:resolved|closed|solved|commented|comment(?:ed)? on|assigned|updated|status changed|transitioned|merged|deleted)\b",
    re.IGNORECASE,
)
_FORM = re.compile(
    r"^\W*(?:status|assignee|reporter|priority|type|requester|group|created|updated|view (?:in|on)|tags?)\b\W*[:*]",
    re.IGNORECASE,
)
_SYSTEMS = frozenset(
    {
        "service",
        "deployment",
        "statefulset",
        "daemonset",
        "cronjob",
        "database",
        "cache",
        "queue",
        "redis",
        "postgres",
    }
)
"""Kinds of entity that people speak of as something that works or does not."""


class Support:
    """The surface of support channels."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._channels = Channels(desk.client, desk.settings.support_channels)

    async def heard(self, event: Mapping[str, Any]) -> None:
        """Take what a person or a ticket desk's bot posts in a support channel, when it means something."""
        settings = self._desk.settings
        if not settings.support_channels or event.get("thread_ts") not in (None, event["ts"]):
            return
        if not await self._channels.has(event["channel"]):
            return
        sender = sender_of(event).lower()
        is_bot = bool(event.get("bot_id")) or event.get("subtype") == "bot_message"
        signal = await (self._posted(event, sender) if is_bot else self._said(event))
        if signal is not None:
            await self._desk.answering.receive(signal)

    async def _said(self, event: Mapping[str, Any]) -> Signal | None:
        """What a person said, if it is a complaint, or a question about a known system."""
        text = plain(str(event.get("text") or ""))
        meant = heard(text)
        if meant is Heard.NOTHING:
            return None
        known = await self._system(text)
        if meant is Heard.COMPLAINT or (meant is Heard.MAYBE and known):
            return self._ticket(event, text, "slack", str(event["user"]))
        if meant is Heard.QUESTION and known:
            return _asked(SignalKind.QUESTION, event, text, str(event["user"]))
        return None

    async def _posted(self, event: Mapping[str, Any], sender: str) -> Signal | None:
        """What a ticket desk's bot posted, if it is a new ticket that says that something does not work."""
        desk = next((name for name in DESKS if name in sender), "")
        text = words_of(event)
        if not desk or (_OLD.search(text) and not _NEW.search(text)):
            return None
        meant = heard(_complaint_in(text))
        if meant not in (Heard.COMPLAINT, Heard.MAYBE):
            return None
        return self._ticket(event, text, desk.replace(" ", "-"), "")

    def _ticket(self, event: Mapping[str, Any], text: str, source: str, user: str) -> Signal:
        """The signal of a ticket; which system it is on is found by its words later."""
        number = ticket_of(text)
        asked = _asked(SignalKind.TICKET, event, text, user)
        tags = {"ticket": number} if number else {}
        return asked.model_copy(update={"source": source, "tags": tags})

    async def _system(self, text: str) -> Entity | None:
        found = await self._desk.reads.locate(text)
        return found if found is not None and found.kind in _SYSTEMS else None


def _asked(kind: SignalKind, event: Mapping[str, Any], text: str, user: str) -> Signal:
    place = Conversation(channel=event["channel"], thread=event["ts"])
    key = message_key(event["channel"], event["ts"])
    return signals.asked(kind, key, text, user, place, moment_of(event["ts"]))


def _complaint_in(text: str) -> str:
    """A ticket's words without those of its form (status, assignee), which say nothing of the trouble."""
    lines = [line for line in text.splitlines() if not _FORM.match(line)]
    return "\n".join(lines)

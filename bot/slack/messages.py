"""Messages that srebot hears, handed to the surface that they belong to."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncApp, AsyncBoltContext

from bot.slack.alerts import Alerts
from bot.slack.corrections import Corrections
from bot.slack.questions import Questions
from bot.slack.support import Support
from bot.slack.threads import Threads

_SAID = frozenset({None, "bot_message", "thread_broadcast", "file_share"})
"""Subtypes of messages that somebody says; the others are edits, joins and the like."""


class Messages:
    """Routes messages: of alert senders, in direct messages, in threads, and in support channels."""

    def __init__(
        self,
        alerts: Alerts,
        questions: Questions,
        threads: Threads,
        corrections: Corrections,
        support: Support,
    ) -> None:
        self._alerts = alerts
        self._questions = questions
        self._threads = threads
        self._corrections = corrections
        self._support = support

    def register(self, app: AsyncApp) -> None:
        """Listen."""
        app.event("message")(self.heard)

    async def heard(self, event: dict[str, Any], context: AsyncBoltContext) -> None:
        """Take a message to whom it may concern; Bolt leaves out our own."""
        if event.get("subtype") not in _SAID or event.get("hidden"):
            return
        if event.get("bot_id") or event.get("subtype") == "bot_message":
            await self._alerts.heard(event)
            await self._support.heard(event)
        elif not event.get("user"):
            return
        elif event.get("channel_type") == "im":
            await self._questions.asked(event)
        elif f"<@{context.bot_user_id}" in event.get("text", ""):
            return  # comes as app_mention too
        elif event.get("thread_ts"):
            await self._corrections.taken(event, addressed=False)
            await self._threads.heard(event)
        else:
            await self._support.heard(event)

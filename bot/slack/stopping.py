"""Steering an investigation by buttons: stop (of its summary, and Slack's own), and dig deeper."""

from __future__ import annotations

from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp

from agent.model import Conversation
from bot.slack import words
from bot.slack.approvals import place_of
from bot.slack.desk import Desk
from bot.slack.threads import Threads

log = structlog.get_logger(__name__)


class Stopping:
    """The surface of stop buttons; who pressed is handed on and recorded."""

    def __init__(self, desk: Desk, threads: Threads) -> None:
        self._desk = desk
        self._threads = threads

    def register(self, app: AsyncApp) -> None:
        """Listen."""
        app.action("stop_investigation")(self.pressed)
        app.action("dig_deeper")(self.deeper)
        app.event("agent_session_stopped")(self.session_stopped)

    async def pressed(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """The summary's button."""
        user, investigation = body["user"]["id"], int(action["value"])
        key = f"stop:{investigation}:{user}:{action['action_ts']}"
        await self._desk.answering.stop(investigation, user, key)
        await ack()
        await self._desk.whisper(place_of(body), user, words.STOPPING)

    async def deeper(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """The report's button: look further, with a larger budget."""
        user, investigation = body["user"]["id"], int(action["value"])
        key = f"deeper:{investigation}:{action['block_id']}"
        await self._desk.answering.deeper(investigation, user, key)
        await ack()
        await self._desk.whisper(place_of(body), user, words.DEEPER)

    async def session_stopped(self, event: dict[str, Any]) -> None:
        """Slack's button; Slack leaves it to the app to end the session."""
        place = Conversation(channel=event["channel"], thread=event["thread_ts"])
        user = event.get("user", "")
        if not user:
            log.warning("session stopped by nobody", channel=place.channel, thread=place.thread)
            return
        key = f"stop:{place.channel}:{place.thread}:{event['event_ts']}"
        if not await self._threads.stop(place, user, key):
            await self._desk.sessions.set(place, "active")

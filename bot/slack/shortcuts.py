"""The message shortcut "Investigate this"."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from agent.model import Conversation
from bot.slack import requests, words
from bot.slack.desk import Desk
from bot.slack.keys import message_key

CALLBACK = "investigate_this"
_SAME_SECONDS = 300
"""Choosing it again on the same message within this time means the same request."""


class Shortcuts:
    """The message shortcut's surface."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def register(self, app: AsyncApp) -> None:
        """Listen."""
        app.shortcut(CALLBACK)(self.investigate_this)

    async def investigate_this(self, ack: AsyncAck, shortcut: dict[str, Any]) -> None:
        """Investigate what a message says; the answer goes into its thread."""
        message, user = shortcut["message"], shortcut["user"]["id"]
        channel, ts = shortcut["channel"]["id"], shortcut["message"]["ts"]
        place = Conversation(channel=channel, thread=message.get("thread_ts") or ts)
        if not await self._desk.can_speak(channel):
            await ack()
            await self._desk.whisper(place, user, words.NOT_HERE)
            return
        turn = int(float(shortcut["action_ts"])) // _SAME_SECONDS
        key = f"{message_key(channel, ts)}:shortcut:{user}:{turn}"
        signal = requests.on_message(message, key, user, place)
        if signal is not None:
            await self._desk.answering.receive(signal)
        await ack()
        await self._desk.whisper(place, user, words.TAKEN if signal else words.EMPTY)

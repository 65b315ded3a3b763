"""``/investigate [--budget 5m|deep|quick] <text>``, and the subcommands such as ``/investigate quiet``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from slack_bolt.async_app import AsyncAck, AsyncApp

from agent.model import Conversation, SignalKind
from bot.slack import signals, words
from bot.slack.budgets import wanted_budget
from bot.slack.desk import Desk
from bot.slack.intent import Intent, intent_of
from bot.slack.limits import Message, escape, shorten
from bot.slack.message_text import plain

COMMAND = "/investigate"
_MAX_ECHO = 300
# Direct messages between people and private channels, which the bot can't enter by itself.
_CLOSED_NAMES = ("directmessage", "privategroup", "mpdm-")


class Subcommand(Protocol):
    """What answers some words after ``/investigate`` by itself, to the person alone."""

    async def asked(self, text: str, user: str) -> Message | None:
        """The answer; None when the words are not meant for this."""


class Commands:
    """The slash command's surface."""

    def __init__(self, desk: Desk, subcommands: Sequence[Subcommand] = ()) -> None:
        self._desk = desk
        self._subcommands = subcommands

    def register(self, app: AsyncApp) -> None:
        """Listen."""
        app.command(COMMAND)(self.investigate)

    async def investigate(self, ack: AsyncAck, command: dict[str, Any]) -> None:
        """Take the request, durably, then say so; how it goes is said in the thread of its summary."""
        text = (command.get("text") or "").strip()
        if intent_of(text) is Intent.HELP:
            await ack(words.USAGE)
            return
        for subcommand in self._subcommands:
            if (answer := await subcommand.asked(text, command["user_id"])) is not None:
                await ack(**answer.payload())
                return
        wanted = wanted_budget(text)
        if wanted.problem:
            await ack(words.bad_budget(escape(wanted.problem)))
            return
        if not wanted.text:
            await ack(words.USAGE)
            return
        channel, closed = command["channel_id"], command.get("channel_name", "")
        if closed.startswith(_CLOSED_NAMES) and not await self._desk.can_speak(channel):
            await ack(words.NOT_HERE)
            return
        trigger = command["trigger_id"]
        signal = signals.asked(
            SignalKind.REQUEST,
            f"command:{trigger}",
            wanted.text,
            command["user_id"],
            Conversation(channel=channel),
            datetime.now(UTC),
        )
        signal = signal.model_copy(update={"budget": wanted.budget})
        await self._desk.answering.receive(signal)
        echo = escape(shorten(plain(wanted.text), _MAX_ECHO))
        await ack(words.asked(echo, wanted.budget))

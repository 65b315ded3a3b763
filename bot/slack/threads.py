"""Replies of people in threads that srebot takes part in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.model import Conversation, Note
from bot.slack import words
from bot.slack.desk import Desk, moment_of
from bot.slack.intent import Intent, bare, intent_of
from bot.slack.keys import message_key
from bot.slack.message_text import plain
from bot.slack.notes import Notes


class Threads:
    """The surface of threads."""

    def __init__(self, desk: Desk, notes: Notes | None = None) -> None:
        """``notes`` offers to keep what holds beyond a thread."""
        self._desk = desk
        self._notes = notes

    async def heard(self, event: Mapping[str, Any], *, addressed: bool = False) -> bool:
        """Take a person's reply, which may mention srebot (``addressed``); False when it is not meant for anything that is
        talked about in that thread."""
        place = Conversation(channel=event["channel"], thread=event["thread_ts"])
        key = message_key(event["channel"], event["ts"])
        user, text = event["user"], event.get("text", "")
        if intent_of(text) is Intent.STOP and await self.stop(place, user, key):
            return True
        said = plain(bare(text))
        await self._desk.ledger.replied(place, user, said)
        if not said:
            return False
        note = Note(user=user, text=said, at=moment_of(event["ts"]))
        taken = await self._desk.answering.reply(place, note, key, addressed=addressed)
        if taken:
            await self._desk.acknowledge(event["channel"], event["ts"])
        if self._notes is not None:
            await self._notes.offer(event, said)
        return taken

    async def stop(self, place: Conversation, user: str, key: str) -> bool:
        """Stop the investigation of a thread; False when there is none."""
        investigation = await self._desk.reads.investigation_in(place)
        if investigation is None:
            return False
        await self._desk.answering.stop(investigation, user, key)
        await self._desk.whisper(place, user, words.STOPPING)
        return True

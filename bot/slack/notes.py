"""Keeping what people say: a message shortcut, and a button that is offered once in a thread."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Protocol

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError

from agent.learning.notes import worth_keeping
from agent.model import Conversation
from bot.slack import words
from bot.slack.desk import Desk
from bot.slack.limits import escape, fit, without_mentions
from bot.slack.members import Members
from bot.slack.message_text import plain
from bot.slack.refusals import code_of

CALLBACK = "keep_note"
_OFFERED = 1_000
"""Threads that are remembered to have been offered it."""
log = structlog.get_logger(__name__)


class NoteBook(Protocol):
    """Where notes are kept."""

    async def keep(
        self, place: Conversation, text: str, author: str, kept_by: str, link: str = ""
    ) -> str:
        """Keep it; returns what to tell."""


class Notes:
    """The surface of notes on entities; full members keep them."""

    def __init__(self, desk: Desk, book: NoteBook | None) -> None:
        """Without a ``book`` nothing is offered."""
        self._desk = desk
        self._book = book
        self._members = Members(desk.client)
        self._offered: OrderedDict[Conversation, None] = OrderedDict()

    def register(self, app: AsyncApp) -> None:
        """Listen."""
        app.shortcut(CALLBACK)(self.chosen)
        app.action(CALLBACK)(self.clicked)

    async def offer(self, event: Mapping[str, Any], said: str) -> None:
        """Offer to keep a reply that holds beyond its thread; once in each thread, to who said it."""
        place = Conversation(channel=event["channel"], thread=event["thread_ts"])
        if self._book is None or place in self._offered or not worth_keeping(said):
            return
        if await self._desk.reads.investigation_in(place) is None:
            return
        self._offered[place] = None
        if len(self._offered) > _OFFERED:
            self._offered.popitem(last=False)
        text = "Shall I keep that, for whoever looks into this next?"
        button = {
            "type": "button",
            "text": {"type": "plain_text", "text": "Keep as a note"},
            "action_id": CALLBACK,
            "value": f"{place.channel}:{place.thread}:{event['ts']}",
        }
        blocks: list[dict[str, Any]] = [
            {"type": "section", "text": {"type": "mrkdwn", "text": text}},
            {"type": "actions", "elements": [button]},
        ]
        message = fit(text, blocks).payload()
        try:
            await self._desk.client.chat_postEphemeral(
                channel=place.channel, user=event["user"], thread_ts=place.thread, **message
            )
        except SlackApiError as error:  # it is only an offer
            log.info("note not offered", error=code_of(error))

    async def chosen(self, ack: AsyncAck, shortcut: dict[str, Any]) -> None:
        """The shortcut on a message."""
        await ack()
        message, channel = shortcut["message"], shortcut["channel"]["id"]
        place = Conversation(channel=channel, thread=message.get("thread_ts") or message["ts"])
        await self._keep(place, message, shortcut["user"]["id"])

    async def clicked(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """The button; what was said is read again from Slack, for a button carries no words."""
        await ack()
        channel, thread, ts = action["value"].split(":")
        place, user = Conversation(channel=channel, thread=thread), body["user"]["id"]
        found = await self._desk.client.conversations_replies(
            channel=channel, ts=thread, oldest=ts, latest=ts, inclusive=True, limit=2
        )
        messages: list[dict[str, Any]] = found.get("messages") or []
        said = next((m for m in messages if m["ts"] == ts), None)
        if said is None:
            await self._desk.whisper(place, user, words.EMPTY)
            return
        await self._keep(place, said, user)

    async def _keep(self, place: Conversation, message: Mapping[str, Any], user: str) -> None:
        text, author = plain(str(message.get("text") or "")).strip(), str(message.get("user") or "")
        if not await self._members.is_full(user):
            await self._desk.whisper(place, user, words.NOT_A_MEMBER)
            return
        if self._book is None or not text or not author:
            await self._desk.whisper(place, user, words.EMPTY)
            return
        link = await self._link(place.channel, str(message["ts"]))
        told = await self._book.keep(place, text, author, user, link)
        await self._desk.whisper(place, user, without_mentions(escape(told)))

    async def _link(self, channel: str, ts: str) -> str:
        try:
            answer = await self._desk.client.chat_getPermalink(channel=channel, message_ts=ts)
        except SlackApiError as error:
            log.info("no link to a message", error=code_of(error))
            return ""
        return str(answer["permalink"])

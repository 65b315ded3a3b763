"""Emoji on srebot's messages and clicks on its links: a person's word on them, or a sign that they were of use."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext

from agent.model import Conversation
from bot.slack.approvals import place_of
from bot.slack.desk import Desk

_WORDS: Mapping[str, bool] = MappingProxyType(
    {
        "+1": True,
        "thumbsup": True,
        "white_check_mark": True,
        "heavy_check_mark": True,
        "100": True,
        "dart": True,
        "-1": False,
        "thumbsdown": False,
        "x": False,
        "no_good": False,
        "mute": False,
    }
)
"""Emoji that say that something is right or wrong, whatever their skin tone; others only say that it was read."""


class Reactions:
    """The surface of reactions and links."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def register(self, app: AsyncApp) -> None:
        """Listen."""
        app.event("reaction_added")(self.added)
        app.action("open_record")(self.followed)
        app.action("open_request")(self.followed)

    async def followed(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Take a click on a link, which the browser follows by itself."""
        await ack()
        await self._desk.ledger.opened(place_of(body), body["user"]["id"])

    async def added(self, event: dict[str, Any], context: AsyncBoltContext) -> None:
        """Take a reaction of a person on one of srebot's messages."""
        item, user = event.get("item") or {}, event.get("user", "")
        if item.get("type") != "message" or not user or user == context.bot_user_id:
            return
        thread = await self._desk.ledger.thread_of(str(item["channel"]), str(item["ts"]))
        if thread is None:
            return
        right = _WORDS.get(str(event.get("reaction", "")).split("::", 1)[0])
        if right is None:
            await self._desk.ledger.opened(thread, user)
            return
        await self._desk.ledger.judged(thread, user, right=right)
        await self._tell(thread, user, str(event.get("event_ts", "")), right=right)

    async def _tell(self, thread: Conversation, user: str, moment: str, *, right: bool) -> None:
        """A word on what an investigation said is feedback on it, like its buttons."""
        investigation = await self._desk.reads.investigation_in(thread)
        if investigation is not None:
            key = f"reaction:{investigation}:{user}:{moment}"
            await self._desk.answering.feedback(investigation, user, key, right=right)

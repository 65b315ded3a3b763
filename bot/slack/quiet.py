"""What srebot kept to itself: shown on demand, and judged by the buttons on each entry."""

from __future__ import annotations

from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError

from agent.model import Conversation
from bot.slack import words
from bot.slack.approvals import place_of
from bot.slack.desk import Desk
from bot.slack.limits import Message, escape
from bot.slack.members import Members
from bot.slack.refusals import code_of
from bot.slack.views import quiet

log = structlog.get_logger(__name__)
_ASKED = {"quiet": (False, 1), "quiet all": (True, 7)}
"""What people type, and what it means: all combinations, and of how many days."""


class Quiet:
    """The surface of quiet decisions."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._members = Members(desk.client)

    def register(self, app: AsyncApp) -> None:
        """Listen."""
        app.action("quiet_told")(self.should_have_told)
        app.action("quiet_right")(self.was_right)

    async def asked(self, text: str, user: str) -> Message | None:
        """What was kept quiet lately, when that is what a person asks for."""
        meant = _ASKED.get(" ".join(text.lower().split()))
        if meant is None:
            return None
        whole, days = meant
        decisions = await self._desk.reads.quiet(days)
        return quiet.on_demand(self._desk.views, decisions, whole=whole, days=days)

    async def should_have_told(
        self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]
    ) -> None:
        """It should have told."""
        await self._judge(ack, body, action, told=True)

    async def was_right(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Staying quiet was right."""
        await self._judge(ack, body, action, told=False)

    async def _judge(
        self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any], *, told: bool
    ) -> None:
        """Take the word, durably; tell the person what it changes, and mark the entry for all."""
        user, number, place = body["user"]["id"], action["value"], _place_of(body)
        if not await self._members.is_full(user):
            await ack()
            await self._desk.whisper(place, user, words.NOT_A_MEMBER_JUDGES)
            return
        key = f"quiet:{number}:{user}:{action.get('action_ts', '')}"
        said = await self._desk.answering.judge_quiet(int(number), user, key, told=told)
        await ack()
        await self._desk.ledger.opened(place, user)
        await self._mark(body, number, user, told=told)
        await self._desk.whisper(place, user, escape(said))

    async def _mark(self, body: dict[str, Any], number: str, user: str, *, told: bool) -> None:
        """Show the word in the digest; a message that one person sees cannot be edited."""
        message = body.get("message")
        if not message:
            return
        edited = quiet.marked(message, number, user, told=told)
        if edited is None:
            return
        try:
            await self._desk.client.chat_update(
                channel=body["channel"]["id"], ts=message["ts"], **edited.payload()
            )
        except SlackApiError as error:
            log.info("entry not marked", error=code_of(error))


def _place_of(body: dict[str, Any]) -> Conversation:
    """Where it was clicked; what one person sees has no thread below it."""
    container = body.get("container", {})
    if not container.get("is_ephemeral"):
        return place_of(body)
    return Conversation(channel=body["channel"]["id"], thread=container.get("thread_ts", ""))

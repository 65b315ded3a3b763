"""Approve, Reject and Take back: a check of the person, a modal, a decision."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from slack_bolt.async_app import AsyncAck, AsyncApp

from agent.model import Conversation
from bot.slack import words
from bot.slack.desk import Desk


class Approvals:
    """The surface of proposals."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def register(self, app: AsyncApp) -> None:
        """Listen."""
        app.action("approve_change")(self.approve)
        app.action("reject_change")(self.reject)
        app.action("revert_change")(self.revert)
        app.view("decide_change")(self.decide)

    async def approve(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Ask to confirm an approval."""
        await ack()
        await self._ask(body, action, approve=True)

    async def reject(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Ask to confirm a rejection."""
        await ack()
        await self._ask(body, action, approve=False)

    async def _ask(self, body: dict[str, Any], action: dict[str, Any], *, approve: bool) -> None:
        user, place = body["user"]["id"], place_of(body)
        number = UUID(action["value"])
        await self._desk.ledger.opened(place, user)
        if why := await self._desk.answering.why_not(number, user):
            await self._desk.whisper(place, user, f":no_entry: {why}")
            return
        proposal = await self._desk.reads.proposal(number)
        if proposal is None:
            await self._desk.whisper(place, user, words.GONE)
            return
        view = self._desk.views.decision_modal(proposal, approve=approve)
        await self._desk.client.views_open(trigger_id=body["trigger_id"], view=view)

    async def decide(self, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Take the decision, durably, before the modal closes; a refusal is shown in it."""
        verb, _, number = view["private_metadata"].partition(":")
        user, proposal = body["user"]["id"], UUID(number)
        if why := await self._desk.answering.why_not(proposal, user):
            await ack(response_action="errors", errors={"reason": why})
            return
        reason = view["state"]["values"].get("reason", {}).get("reason", {}).get("value") or ""
        await self._desk.answering.decide(
            proposal,
            user,
            f"decision:{view['id']}",
            approved=verb == "approve",
            reason=reason.strip(),
        )
        await ack()

    async def revert(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Have the way back proposed; that proposal needs an approval of its own."""
        user, proposal = body["user"]["id"], UUID(action["value"])
        await self._desk.answering.revert(proposal, user, f"revert:{proposal}:{user}")
        await ack()
        await self._desk.whisper(place_of(body), user, words.REVERTING)


def place_of(body: dict[str, Any]) -> Conversation:
    """Where something in a message was clicked."""
    container = body.get("container", {})
    thread = container.get("thread_ts") or container.get("message_ts", "")
    return Conversation(channel=body["channel"]["id"], thread=thread)

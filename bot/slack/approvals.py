"""Approve, Reject and Take back: a check of the person, a modal, a decision.

A button carries a proposal's id and nothing else; the modal carries the digest of what it showed. Who clicked, what they may
and what is proposed is looked up anew at the click and at the submission.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from slack_bolt.async_app import AsyncAck, AsyncApp

from agent.model import Conversation
from bot.slack import words
from bot.slack.desk import Desk
from bot.slack.views.approval import modal, shown_in


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
        number = await self._proposal_in(body, action)
        if number is None:
            await self._desk.whisper(place, user, words.GONE)
            return
        await self._desk.ledger.opened(place, user)
        if why := await self._desk.answering.why_not(number, user, approved=approve):
            await self._desk.whisper(place, user, f":no_entry: {why}")
            return
        asked = await self._desk.answering.asked(number)
        if asked is None:
            await self._desk.whisper(place, user, words.GONE)
            return
        view = modal(self._desk.views, asked, approve=approve, dry_run=self._desk.views.dry_run)
        await self._desk.client.views_open(trigger_id=body["trigger_id"], view=view)

    async def decide(self, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Take the decision, durably, before the modal closes; a refusal is shown in it."""
        user, answering = body["user"]["id"], self._desk.answering
        shown = shown_in(str(view.get("private_metadata") or ""))
        if shown is None:
            await answering.suspicious(user, "modal", str(view.get("private_metadata")))
            await ack(response_action="errors", errors={"reason": words.GONE})
            return
        reason = (_entered(view) or "").strip()
        if not shown.approved and not reason:
            await ack(response_action="errors", errors={"reason": words.SAY_WHY})
            return
        if why := await answering.why_not(
            shown.proposal, user, approved=shown.approved, shown=shown.digest
        ):
            await ack(response_action="errors", errors={"reason": why})
            return
        await answering.decide(
            shown.proposal,
            user,
            f"decision:{view['id']}",
            approved=shown.approved,
            reason=reason,
            shown=shown.digest,
        )
        await ack()

    async def revert(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Have the way back proposed; that proposal needs an approval of its own."""
        user, proposal = body["user"]["id"], await self._proposal_in(body, action)
        if proposal is None:
            await ack()
            return
        await self._desk.answering.revert(proposal, user, f"revert:{proposal}:{user}")
        await ack()
        await self._desk.whisper(place_of(body), user, words.REVERTING)

    async def _proposal_in(self, body: dict[str, Any], action: dict[str, Any]) -> UUID | None:
        """The proposal that a button is of; a button without one is none of ours."""
        try:
            return UUID(action["value"])
        except (KeyError, ValueError, TypeError, AttributeError):
            said = f"{action.get('action_id')}: {action.get('value')}"
            await self._desk.answering.suspicious(body["user"]["id"], "button", said)
            return None


def _entered(view: dict[str, Any]) -> str | None:
    given = view.get("state", {}).get("values", {}).get("reason", {}).get("reason", {})
    value = given.get("value")
    return value if isinstance(value, str) else None


def place_of(body: dict[str, Any]) -> Conversation:
    """Where something in a message was clicked."""
    container = body.get("container", {})
    thread = container.get("thread_ts") or container.get("message_ts", "")
    return Conversation(channel=body["channel"]["id"], thread=thread)

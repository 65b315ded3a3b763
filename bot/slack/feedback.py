"""Right or wrong: a person's word on a finding."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.slack import words
from bot.slack.approvals import place_of
from bot.slack.desk import Desk


class Feedback:
    """The surface of feedback buttons; the last click of each person counts."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def register(self, app: AsyncApp) -> None:
        """Listen."""
        app.action("finding_feedback")(self.given)
        app.view("right_cause")(self.explained)

    async def given(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Take the word; after "wrong", ask what it was."""
        verdict, _, number = action["value"].partition(":")
        user, right = body["user"]["id"], verdict == "right"
        key = f"feedback:{number}:{user}:{action['action_ts']}"
        await self._desk.answering.feedback(int(number), user, key, right=right)
        await ack()
        await self._desk.ledger.judged(place_of(body), user, right=right)
        if right:
            await self._desk.whisper(place_of(body), user, words.NOTED)
        else:
            view = self._desk.views.cause_modal(int(number))
            await self._desk.client.views_open(trigger_id=body["trigger_id"], view=view)

    async def explained(self, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Take the right cause."""
        comment = view["state"]["values"]["cause"]["cause"].get("value") or ""
        await self._desk.answering.feedback(
            int(view["private_metadata"]),
            body["user"]["id"],
            f"feedback:{view['id']}",
            right=False,
            comment=comment.strip(),
        )
        await ack()

"""People at the simulated company's Slack: they read threads, type, press buttons and fill in modals."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from bot.demo_person import plain
from sandbox.serving import Running
from sandbox.slack.interactions import PayloadBuilder, blocks_of, find_element
from sandbox.slack.interactions import action as action_entry
from sandbox.slack.ports import ActionResult
from tests.e2e.bot_process import eventually

Json = dict[str, Any]

ENGINEER = "U0ENGINEER"
"""Site reliability engineer; in the groups discovery and identity, which may approve."""
OUTSIDER = "U0OUTSIDER"
"""Reads the alert channel, belongs to no group."""
TEAM_LEAD = "U0TEAMLEAD"
PAYMENTS_ENGINEER = "U0DIEGO"
"""On a team, though not on one that approves where ``APPROVERS`` are the approvers."""
APPROVERS = "discovery,identity"
ALERTS, INCIDENTS, RANDOM = "C0ALERTS", "C0INCIDENTS", "C0RANDOM"
BOT = "U0SREBOT"


class Person:
    """One member of the workspace."""

    def __init__(self, company: Running, user: str = ENGINEER) -> None:
        self._company = company
        self._slack = company.sandbox.workspace
        self.user = user

    @property
    def direct(self) -> str:
        """The direct messages with srebot."""
        channels = self._company.call(self._slack.channels, self.user)
        return str(next(c["id"] for c in channels if c.get("is_im")))

    # Reading

    def channel(self, channel: str = ALERTS) -> list[Json]:
        """The top-level messages that this person sees."""
        return list(self._company.call(self._slack.messages, channel, self.user))

    def thread(self, ts: str, channel: str = ALERTS) -> list[Json]:
        """A thread as this person sees it, its parent first."""
        return list(self._company.call(self._slack.thread, channel, ts, self.user))

    def whispers(self, ts: str, channel: str = ALERTS) -> list[str]:
        """What only this person sees in a thread."""
        return [plain(m) for m in self.thread(ts, channel) if m.get("is_ephemeral")]

    def said(self, ts: str, channel: str = ALERTS) -> list[str]:
        """What srebot said to all in a thread."""
        return [plain(m) for m in spoken(self.thread(ts, channel))]

    def alert(self, seconds: float = 60.0) -> Json:
        """The company's alert, once it is there."""

        started = self._company.sandbox.world.started_at.timestamp()

        def look() -> Json | None:
            fresh = (m for m in self.channel() if float(m["ts"]) >= started)
            return next((m for m in fresh if m.get("attachments")), None)

        return eventually(look, seconds, "no alert came") or {}

    def waits_for(self, words: str, ts: str, channel: str = ALERTS, seconds: float = 60.0) -> Json:
        """The latest message of srebot in a thread that has these words, once there is one."""

        def look() -> Json | None:
            found = [m for m in spoken(self.thread(ts, channel)) if words in plain(m)]
            return found[-1] if found else None

        return eventually(look, seconds, f"{words!r} was not said: {self.said(ts, channel)}") or {}

    def offered(self, action: str, ts: str) -> Json | None:
        """The latest message in a thread that offers a button, if there is one."""
        found = [m for m in spoken(self.thread(ts)) if block_of(m, action)]
        return found[-1] if found else None

    def waits_for_button(self, action: str, ts: str, seconds: float = 60.0) -> Json:
        """The latest message in a thread that offers a button, once there is one."""
        return eventually(lambda: self.offered(action, ts), seconds, f"no {action} came") or {}

    def modal(self) -> Json | None:
        """The modal in front of this person."""
        return self._company.call(self._slack.open_view, self.user)

    # Doing

    def posts(self, text: str, channel: str = ALERTS, thread: str = "") -> str:
        """Write a message; returns its ts."""
        return self._company.run(self._slack.post(self.user, channel, text, thread or None))

    def commands(self, text: str, channel: str = ALERTS) -> ActionResult:
        """Type ``/investigate <text>``."""
        return self._company.run(self._slack.command(self.user, channel, "/investigate", text))

    def chooses(self, shortcut: str, ts: str, channel: str = ALERTS) -> ActionResult:
        """Choose a shortcut from a message's menu."""
        return self._company.run(self._slack.shortcut(self.user, channel, ts, shortcut))

    def clicks(self, message: Json, action: str, value: Json | None = None) -> ActionResult:
        """Press a button of a message."""
        block = block_of(message, action)
        pressing = self._slack.click(self.user, ALERTS, message["ts"], block, action, value)
        return self._company.run(pressing)

    def presses(self, message: Json, action: str) -> None:
        """Press a button as the page showed it, be it gone from the message meanwhile."""
        state = self._slack.state
        builder = PayloadBuilder(state)
        block = block_of(message, action)
        element = find_element(blocks_of(message), block, action) or {}
        done = action_entry(element, block, None, f"{time.time():.6f}")
        channel = state.directory.conversation(ALERTS)
        payload = builder.block_actions(self.user, channel, message, done, {})
        self._company.run(state.delivery.request("interactive", payload, accepts_response=False))

    def submits(self, view: Json, text: str = "") -> ActionResult:
        """Fill in a modal's only input and submit it."""
        (field,) = (b for b in view["blocks"] if b["type"] == "input")
        entered = {"type": "plain_text_input", "value": text or None}
        values = {field["block_id"]: {field["element"]["action_id"]: entered}}
        return self._company.run(self._slack.submit_view(self.user, view["id"], values))

    def approves(self, message: Json, reason: str = "") -> ActionResult:
        """Press Approve, confirm in the modal."""
        return self._decides(message, "approve_change", reason)

    def rejects(self, message: Json, reason: str = "not now") -> ActionResult:
        """Press Reject, confirm in the modal."""
        return self._decides(message, "reject_change", reason)

    def _decides(self, message: Json, action: str, reason: str) -> ActionResult:
        assert self.clicks(message, action).ok
        return self.submits(eventually(self.modal, 20, "no modal came"), reason)

    def forges(self, view: Json) -> Any:
        """Submit somebody else's modal, as only a forged request could; returns what the app answered."""
        state = self._slack.state
        payload = PayloadBuilder(state).view_submission(self.user, view)
        ack = self._company.run(
            state.delivery.request("interactive", payload, accepts_response=True)
        )
        return ack.payload if ack else None


def spoken(messages: list[Json]) -> Iterator[Json]:
    """srebot's messages to all."""
    return (m for m in messages if m.get("user") == BOT and not m.get("is_ephemeral"))


def block_of(message: Json, action: str) -> str:
    """The id of the block with this button; empty when it is not offered."""
    found = (
        block["block_id"]
        for block in message.get("blocks", ())
        if any(e.get("action_id") == action for e in block.get("elements", ()))
    )
    return str(next(found, ""))

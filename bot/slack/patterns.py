"""``/investigate patterns [text]``: what closed investigations taught, edited by full members."""

from __future__ import annotations

from typing import Any, Protocol

from slack_bolt.async_app import AsyncAck, AsyncApp

from agent.errors import SrebotError
from agent.model import Pattern, PatternState
from bot.slack import words
from bot.slack.desk import Desk
from bot.slack.limits import Message
from bot.slack.members import Members
from bot.slack.views import patterns as views

_WORD = "patterns"
_SYMPTOMS_AT_MOST = 20


class PatternBook(Protocol):
    """The patterns, and what may be done with them; each change is tried first and audited."""

    async def found(self, text: str = "") -> tuple[Pattern, ...]:
        """Those that a text finds; without one the latest."""

    async def one(self, number: int) -> Pattern:
        """One of them."""

    async def sources(self, number: int) -> tuple[int, ...]:
        """The investigations that one comes from."""

    async def edit(self, edited: Pattern, user: str) -> str:
        """Keep it as written; returns what to tell."""

    async def merge(self, number: int, into: int, user: str) -> str:
        """Let one stand for both; returns what to tell."""

    async def split(self, number: int, investigation: int, user: str) -> str:
        """Hold what one investigation taught apart; returns what to tell."""

    async def retire(self, number: int, user: str) -> str:
        """No longer recall it; returns what to tell."""


class Patterns:
    """The surface of patterns. Looking is for everybody, changing for full members."""

    def __init__(self, desk: Desk, book: PatternBook | None) -> None:
        """Without a ``book`` nothing is known."""
        self._desk = desk
        self._book = book
        self._members = Members(desk.client)

    def register(self, app: AsyncApp) -> None:
        """Listen."""
        app.action("pattern_edit")(self.ask_edit)
        app.action("pattern_merge")(self.ask_merge)
        app.action("pattern_split_ask")(self.ask_split)
        app.action("pattern_retire")(self.retire)
        app.view("pattern_edited")(self.edited)
        app.view("pattern_merged")(self.merged)
        app.view("pattern_split")(self.split)

    async def asked(self, text: str, user: str) -> Message | None:
        """The patterns; None when the words are not meant for this."""
        first, _, rest = text.strip().partition(" ")
        if first.lower() != _WORD or self._book is None:
            return None
        wanted = rest.strip()
        return views.listed(self._desk.views, await self._book.found(wanted), wanted)

    async def ask_edit(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Open the form."""
        await ack()
        if (pattern := await self._meant(action)) is not None:
            await self._open(body, views.edit_modal(pattern))

    async def ask_merge(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Ask with which; only those of the same cause can be."""
        await ack()
        pattern = await self._meant(action)
        if pattern is None or self._book is None:
            return
        known = await self._book.found()
        others = [p for p in known if p.mode == pattern.mode and p.id != pattern.id]
        none = views.said_modal(f"There is no other pattern of {pattern.mode}.")
        await self._open(body, views.merge_modal(pattern, others) if others else none)

    async def ask_split(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Ask what to hold apart."""
        await ack()
        pattern = await self._meant(action)
        if pattern is None or self._book is None:
            return
        seen = await self._book.sources(pattern.id)
        none = views.said_modal(f"Pattern {pattern.id} comes from one investigation only.")
        await self._open(body, views.split_modal(pattern, seen) if len(seen) > 1 else none)

    async def retire(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Delete: it is kept, and no longer recalled."""
        await ack()
        if self._book is None:
            return
        user, number = body["user"]["id"], int(action["value"])
        if not await self._members.is_full(user):
            await self._open(body, views.said_modal(words.NOT_A_MEMBER))
            return
        await self._open(body, views.said_modal(await self._book.retire(number, user)))

    async def edited(self, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Take what was written."""
        values = view["state"]["values"]
        state = values["state"]["state"]["selected_option"]["value"]
        number, user = int(view["private_metadata"]), body["user"]["id"]
        if self._book is None or not await self._members.is_full(user):
            await _show(ack, words.NOT_A_MEMBER)
            return
        lines = (_written(values, "symptoms")).splitlines()
        changed = {
            "symptoms": tuple(line.strip() for line in lines if line.strip())[:_SYMPTOMS_AT_MOST],
            "mode": _written(values, "mode"),
            "entity": _written(values, "entity"),
            "fix_note": _written(values, "fix_note"),
            "state": PatternState(state),
        }
        pattern = (await self._book.one(number)).model_copy(update=changed)
        await _show(ack, await self._book.edit(pattern, user))

    async def merged(self, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Merge with what was chosen."""
        into = view["state"]["values"]["into"]["into"]["selected_option"]["value"]
        number, user = int(view["private_metadata"]), body["user"]["id"]
        if self._book is None or not await self._members.is_full(user):
            await _show(ack, words.NOT_A_MEMBER)
            return
        await _show(ack, await _said(self._book.merge(number, int(into), user)))

    async def split(self, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Hold apart what was chosen."""
        chosen = view["state"]["values"]["investigation"]["investigation"]["selected_option"]
        number, user = int(view["private_metadata"]), body["user"]["id"]
        if self._book is None or not await self._members.is_full(user):
            await _show(ack, words.NOT_A_MEMBER)
            return
        await _show(ack, await _said(self._book.split(number, int(chosen["value"]), user)))

    async def _meant(self, action: dict[str, Any]) -> Pattern | None:
        return await self._book.one(int(action["value"])) if self._book is not None else None

    async def _open(self, body: dict[str, Any], view: dict[str, Any]) -> None:
        await self._desk.client.views_open(trigger_id=body["trigger_id"], view=view)


async def _said(work: Any) -> str:
    try:
        return str(await work)
    except SrebotError as error:
        return str(error)


def _written(values: dict[str, Any], block: str) -> str:
    return (values[block][block].get("value") or "").strip()


async def _show(ack: AsyncAck, text: str) -> None:
    """What came of a form, in its place."""
    await ack(response_action="update", view=views.said_modal(text))

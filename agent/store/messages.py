"""The outbox: which messages to people are under way or sent."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from agent.store.repositories import Repository
from agent.store.tables import MessageRow


class Message(NamedTuple):
    """A message to people: ``sending`` until its ``ts`` is known."""

    key: str
    kind: str
    channel: str
    thread_ts: str
    ts: str
    state: str
    fresh: bool = False
    """Whether this very call claimed it: then it was never sent. If it is not fresh and still ``sending``, a process
    died on the way, and the channel must be searched before sending again."""


class Messages(Repository):
    """Claims and receipts of messages, by their key."""

    async def claim(self, key: str, channel: str, thread: str, kind: str) -> Message:
        """Take a message in hand before it is sent."""
        row = {
            "key": key,
            "kind": kind,
            "channel": channel,
            "thread_ts": thread,
            "state": "sending",
        }
        statement = insert(MessageRow).values(row).on_conflict_do_nothing()
        async with self._transaction() as tx:
            added = await tx.execute(statement.returning(MessageRow.key))
            fresh = added.first() is not None
            found = (await tx.execute(_select(key))).mappings().one()
            return _message(found, fresh=fresh)

    async def sent(self, key: str, ts: str) -> None:
        """It is out; ``ts`` is its identity in the channel."""
        async with self._transaction() as tx:
            await tx.execute(
                update(MessageRow).where(MessageRow.key == key).values(ts=ts, state="sent")
            )

    async def get(self, key: str) -> Message | None:
        """The message of that key."""
        async with self._transaction() as tx:
            row = (await tx.execute(_select(key))).mappings().first()
        return None if row is None else _message(row)


def _select(key: str) -> Any:
    return select(MessageRow.__table__).where(MessageRow.key == key)


def _message(row: Any, *, fresh: bool = False) -> Message:
    return Message(**{name: row[name] for name in Message._fields if name != "fresh"}, fresh=fresh)

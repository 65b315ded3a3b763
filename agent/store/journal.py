"""Journals of investigations in the database: the results of their durable steps, for replay."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import zstandard
from sqlalchemy import Select, Table, select
from sqlalchemy.dialects.postgresql import insert

from agent.ports import Entry
from agent.store.batches import GroupCommit
from agent.store.engine import Sessions
from agent.store.repositories import Repository
from agent.store.tables import JournalRow

_JOURNAL: Table = JournalRow.__table__  # type: ignore[assignment]
_KEY = ("investigation_id", "position")
_QUICK_CHARACTERS = 200_000
"""To compress a longer entry takes long enough to hold up the event loop."""


class Journals(Repository):
    """Keeps the results of investigations' durable steps, compressed (``agent.ports.JournalStore``)."""

    def __init__(self, sessions: Sessions) -> None:
        super().__init__(sessions)
        self._entries = GroupCommit(self._write)

    async def write(self, investigation: int, entry: Entry) -> None:
        """Keep it; at a position that is taken it takes the earlier entry's place."""
        if len(entry.value) <= _QUICK_CHARACTERS:
            row = _row_of(entry)
        else:
            row = await asyncio.to_thread(_row_of, entry)
        await self._entries.add({"investigation_id": investigation, **row})

    async def last(self, investigation: int) -> Entry | None:
        """The entry of the highest position; None when there is none."""
        found = await self._read(_of(investigation).order_by(_JOURNAL.c.position.desc()).limit(1))
        return found[0] if found else None

    async def read(self, investigation: int) -> tuple[Entry, ...]:
        """All entries in order."""
        return await self._read(_of(investigation).order_by(_JOURNAL.c.position))

    async def _read(self, statement: Select[Any]) -> tuple[Entry, ...]:
        async with self._transaction() as tx:
            rows = (await tx.execute(statement)).mappings().all()
        return await asyncio.to_thread(lambda: tuple(map(_entry_of, rows)))

    async def _write(self, rows: Sequence[dict[str, Any]]) -> None:
        statement = insert(_JOURNAL)
        later = {c.name: statement.excluded[c.name] for c in _JOURNAL.c if c.name not in _KEY}
        statement = statement.on_conflict_do_update(index_elements=list(_KEY), set_=later)
        async with self._transaction() as tx:
            await tx.execute(statement, list(rows))


def _of(investigation: int) -> Select[Any]:
    return select(_JOURNAL).where(_JOURNAL.c.investigation_id == investigation)


def _row_of(entry: Entry) -> dict[str, Any]:
    value = zstandard.compress(entry.value.encode("utf-8", "surrogatepass"), 3)
    return {**entry.model_dump(exclude={"value"}), "value": value}


def _entry_of(row: Mapping[str, Any]) -> Entry:
    value = zstandard.decompress(row["value"]).decode("utf-8", "surrogatepass")
    return Entry(
        position=row["position"], name=row["name"], kind=row["kind"], value=value, at=row["at"]
    )

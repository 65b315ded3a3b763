"""Steps between values and rows: redacted, and the bulky parts compressed."""

from __future__ import annotations

import asyncio
import weakref
from typing import Any, NamedTuple

import zstandard
from pydantic import TypeAdapter
from sqlalchemy import RowMapping

from agent.model import Reading, Series, Step, Utc, Value
from agent.redaction import redact
from agent.store.mapping import (
    RAW_LIMIT_BYTES,
    compress_text,
    decompress_text,
    row_of,
    storable_text,
    value_of,
)


class KeptAnswer(Value):
    """How much of a tool's raw answer is kept."""

    size_bytes: int = 0
    """Of the whole answer as it came; 0: the tool kept none."""
    kept_bytes: int = 0
    let_go_at: Utc | None = None
    """When it was let go, its age having reached the retention's end."""

    @property
    def was_cut(self) -> bool:
        """Whether its end was cut off when it was stored."""
        return self.let_go_at is None and self.kept_bytes < self.size_bytes


class Prepared(NamedTuple):
    """A reading as it is stored: its columns, and the reading that they hold, but for what is cut of its raw answer."""

    columns: dict[str, Any]
    reading: Reading


_READING = ("source", "query", "observation", "link", "window", "data")
_SERIES = TypeAdapter(tuple[Series, ...])
_QUICK_CHARACTERS = 10_000
"""To prepare a longer answer takes long enough to hold up the event loop."""


def prepared(reading: Reading, limit_bytes: int = RAW_LIMIT_BYTES) -> Prepared:
    """A reading with its secrets struck, and at most ``limit_bytes`` of its raw answer."""
    columns = row_of(reading, without={"series", "raw"}, clean=True)
    series = reading.series
    columns["series"] = zstandard.compress(_SERIES.dump_json(series), 3) if series else None
    raw = storable_text(redact(reading.raw))
    columns["raw"] = compress_text(raw, limit_bytes) if raw else None
    columns["raw_bytes"] = len(raw.encode("utf-8", "replace"))
    kept = Reading(**{name: columns[name] for name in _READING}, series=series, raw=raw)
    _ = kept.notebook  # of one, for all who have a copy
    return Prepared(columns, kept)


class Readings:
    """Prepares readings; one that several investigations share is prepared once."""

    def __init__(self, limit_bytes: int = RAW_LIMIT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._under_way: dict[int, asyncio.Task[Prepared]] = {}
        """By the identity of the reading, for as long as somebody has it."""

    async def of(self, reading: Reading) -> Prepared:
        """The reading as it is stored."""
        task = self._under_way.get(id(reading))
        if task is None:
            task = asyncio.create_task(self._prepared(reading))
            self._under_way[id(reading)] = task
            weakref.finalize(reading, self._under_way.pop, id(reading), None).atexit = False
        return await asyncio.shield(task)

    async def _prepared(self, reading: Reading) -> Prepared:
        if len(reading.raw) <= _QUICK_CHARACTERS:
            return prepared(reading, self._limit_bytes)
        return await asyncio.to_thread(prepared, reading, self._limit_bytes)


def row_of_step(
    investigation: int, step: Step, reading: Prepared | None
) -> tuple[dict[str, Any], Step]:
    """The columns of a finished tool call whose reading was prepared, and the call as they hold it."""
    row = row_of(step, without={"reading"}, clean=True)
    kept = value_of(Step, row, reading=reading.reading if reading else None)
    columns = reading.columns if reading else {}
    return {"investigation_id": investigation, **row, **columns}, kept


def step_of(row: RowMapping) -> Step:
    """The tool call that a row holds; its raw answer only when the column was read."""
    return value_of(Step, row, reading=None if row["source"] is None else _reading_of(row))


def kept_answer(row: RowMapping) -> KeptAnswer:
    """How much is kept of the raw answer in a row that was read whole."""
    kept = len(decompress_text(row["raw"]).encode()) if row["raw"] else 0
    size = row["raw_bytes"]
    return KeptAnswer(size_bytes=size, kept_bytes=kept, let_go_at=row["emptied_at"])


def _reading_of(row: RowMapping) -> Reading:
    series = row["series"]
    return Reading(
        **{name: row[name] for name in _READING},
        series=_SERIES.validate_json(zstandard.decompress(series)) if series else (),
        raw=decompress_text(row["raw"]) if row.get("raw") else "",
    )

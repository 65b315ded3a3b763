"""Steps between values and rows: redacted, and the bulky parts compressed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import RowMapping

from agent.model import Reading, Series, Step, Utc, Value
from agent.redaction import redact
from agent.store.mapping import (
    RAW_LIMIT_BYTES,
    compress_json,
    compress_text,
    decompress_json,
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


_READING = ("source", "query", "observation", "link", "window", "data")


def row_of_step(
    investigation: int, step: Step, limit_bytes: int = RAW_LIMIT_BYTES
) -> tuple[dict[str, Any], Step]:
    """The columns of a finished tool call, with at most ``limit_bytes`` of its raw answer, and the call as they hold it."""
    row = row_of(step, without={"reading"}, clean=True)
    reading = step.reading
    raw = ""
    if reading is not None:
        row |= row_of(reading, without={"series", "raw"}, clean=True)
        series = [s.model_dump(mode="python") for s in reading.series]
        row["series"] = compress_json(series) if series else None
        raw = storable_text(redact(reading.raw))
        row["raw"] = compress_text(raw, limit_bytes) if raw else None
        row["raw_bytes"] = len(raw.encode("utf-8", "replace"))
        reading = Reading(**{name: row[name] for name in _READING}, series=reading.series, raw=raw)
    kept = value_of(Step, row, reading=reading)
    return {"investigation_id": investigation, **row}, kept


def step_of(row: RowMapping) -> Step:
    """The tool call that a row holds; its raw answer only when the column was read."""
    return value_of(Step, row, reading=None if row["source"] is None else _reading_of(row))


def kept_answer(row: RowMapping) -> KeptAnswer:
    """How much is kept of the raw answer in a row that was read whole."""
    kept = len(decompress_text(row["raw"]).encode()) if row["raw"] else 0
    size = row["raw_bytes"]
    return KeptAnswer(size_bytes=size, kept_bytes=kept, let_go_at=row["emptied_at"])


def _reading_of(row: RowMapping) -> Reading:
    series = decompress_json(row["series"]) if row["series"] else ()
    return Reading(
        **{name: row[name] for name in _READING},
        series=tuple(Series.model_validate(s) for s in series),
        raw=decompress_text(row["raw"]) if row.get("raw") else "",
    )

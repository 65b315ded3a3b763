"""Steps between values and rows: redacted, and the bulky parts compressed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import RowMapping

from agent.model import Reading, Series, Step
from agent.redaction import redact
from agent.store.mapping import (
    compress_json,
    compress_text,
    decompress_json,
    decompress_text,
    row_of,
    storable_text,
    value_of,
)

_READING = ("source", "query", "observation", "link", "window", "data")


def row_of_step(investigation: int, step: Step) -> dict[str, Any]:
    """The columns of a finished tool call."""
    row = row_of(step, without={"reading"}, clean=True)
    reading = step.reading
    if reading is not None:
        row |= row_of(reading, without={"series", "raw"}, clean=True)
        series = [s.model_dump(mode="python") for s in reading.series]
        row["series"] = compress_json(series) if series else None
        row["raw"] = compress_text(storable_text(redact(reading.raw))) if reading.raw else None
        row["raw_bytes"] = len(reading.raw.encode("utf-8", "replace"))
    return {"investigation_id": investigation, **row}


def step_of(row: RowMapping) -> Step:
    """The tool call that a row holds; its raw answer only when the column was read."""
    return value_of(Step, row, reading=None if row["source"] is None else _reading_of(row))


def _reading_of(row: RowMapping) -> Reading:
    series = decompress_json(row["series"]) if row["series"] else ()
    return Reading(
        **{name: row[name] for name in _READING},
        series=tuple(Series.model_validate(s) for s in series),
        raw=decompress_text(row["raw"]) if row.get("raw") else "",
    )

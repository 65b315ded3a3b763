"""Steps come back from their rows as they were, and a reading that many share is prepared once."""

from __future__ import annotations

import asyncio
import gc
import math
from datetime import UTC, datetime

import pytest

from agent.model import Check, Reading, Series, Step
from agent.store import steps
from agent.store.steps import Readings, prepared, row_of_step, step_of

AT = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


def a_reading(raw: str = "raw", *series: Series) -> Reading:
    return Reading(source="datadog", query="q", observation="o", raw=raw, series=series)


def a_step(reading: Reading | None) -> Step:
    return Step(number=1, round=0, check=Check(tool="t"), reading=reading, started_at=AT)


def test_series_come_back_whatever_their_size_and_values() -> None:
    odd = [(0.0, math.inf), (1.0, -math.inf), (2.0, math.nan)]
    points = (*((n / 7, n * 1e300) for n in range(3, 50_000)), *odd)
    row, kept = row_of_step(
        7, a_step(None), prepared(a_reading("", Series(metric="m", points=points)))
    )

    found = step_of(row)  # type: ignore[arg-type]

    assert found.reading is not None
    assert repr(found.reading.series[0].points) == repr(points)
    assert repr(found) == repr(kept)


async def test_what_several_share_is_prepared_once_and_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    count = 0
    real = steps.prepared

    def counted(reading: Reading, limit_bytes: int) -> steps.Prepared:
        nonlocal count
        count += 1
        return real(reading, limit_bytes)

    monkeypatch.setattr(steps, "prepared", counted)
    readings, shared = Readings(), a_reading("password=hunter22 " * 10_000)

    one, two = await asyncio.gather(readings.of(shared), readings.of(shared))

    assert one is two
    assert count == 1
    assert "hunter22" not in one.reading.raw
    del shared
    gc.collect()
    await readings.of(a_reading("password=hunter22 " * 10_000))
    assert count == 2, "another reading is another, even where it has the place of one that went"

"""Rows written by many tasks at once: few transactions, and each task hears of its own row."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from agent.store.batches import GroupCommit


class Table:
    """Stores batches; refuses the row -1 and all that come with it."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.open = asyncio.Event()
        self.open.set()

    async def write(self, rows: Sequence[int]) -> None:
        await self.open.wait()
        if -1 in rows:
            raise ValueError("-1")
        self.batches.append(list(rows))


async def test_a_row_is_stored_when_add_returns() -> None:
    table = Table()
    await GroupCommit(table.write).add(7)
    assert table.batches == [[7]]


async def test_rows_that_come_while_one_is_written_share_a_transaction() -> None:
    table, rows = Table(), range(20)
    group = GroupCommit(table.write)
    table.open.clear()
    first = asyncio.create_task(group.add(100))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.create_task(group.add(row)) for row in rows]
    await asyncio.sleep(0)
    assert not first.done()
    table.open.set()
    await asyncio.gather(first, *others)
    assert table.batches == [[100], list(rows)]


async def test_a_row_that_cannot_be_stored_fails_alone() -> None:
    table = Table()
    group = GroupCommit(table.write)
    results = await asyncio.gather(*map(group.add, (1, -1, 2)), return_exceptions=True)
    assert results[0] is None and results[2] is None
    assert isinstance(results[1], ValueError)
    assert sorted(table.batches) == [[1], [2]]


async def test_who_stops_waiting_does_not_hold_up_the_others() -> None:
    table = Table()
    group = GroupCommit(table.write)
    table.open.clear()
    impatient, patient = (asyncio.create_task(group.add(row)) for row in (1, 2))
    await asyncio.sleep(0)
    impatient.cancel()
    table.open.set()
    await patient
    with pytest.raises(asyncio.CancelledError):
        await impatient
    await group.add(3)
    assert {row for batch in table.batches for row in batch} == {1, 2, 3}

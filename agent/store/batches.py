"""Rows that many tasks write at the same time, in few transactions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

R = TypeVar("R")


class GroupCommit(Generic[R]):
    """Writes one batch at a time; rows that come meanwhile make up the next one.

    Args:
        write: stores rows in one transaction, in any order; storing a row again changes nothing.
    """

    def __init__(self, write: Callable[[Sequence[R]], Awaitable[None]]) -> None:
        self._write = write
        self._waiting: list[tuple[R, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def add(self, row: R) -> None:
        """Return when the row is stored; raises what ``write`` raises for it."""
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((row, stored))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        await stored

    async def _write_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await self._write([row for row, _ in batch])
            except Exception:  # one row must not fail the others: each is told its own error
                await asyncio.gather(*(self._write_one(row, stored) for row, stored in batch))
            else:
                for _, stored in batch:
                    _settle(stored, None)

    async def _write_one(self, row: R, stored: asyncio.Future[None]) -> None:
        try:
            await self._write([row])
        except Exception as error:
            _settle(stored, error)
        else:
            _settle(stored, None)


def _settle(stored: asyncio.Future[None], error: Exception | None) -> None:
    if stored.done():  # who waited was cancelled
        return
    if error is None:
        stored.set_result(None)
    else:
        stored.set_exception(error)

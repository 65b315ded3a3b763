"""Of several processes on one database, one does what only one may do."""

from __future__ import annotations

import asyncio

from sqlalchemy import text

from agent.store.engine import create_engine
from agent.store.leadership import lead

QUICK = 0.05


async def until(holds: asyncio.Event) -> None:
    await asyncio.wait_for(holds.wait(), 60)


class Worker:
    """One process' attempt to lead."""

    def __init__(self, url: str) -> None:
        self.engine = create_engine(url)
        self.began, self.ended = asyncio.Event(), asyncio.Event()
        self.task = asyncio.create_task(lead(self.engine, "work", self.work, QUICK))

    async def work(self) -> None:
        self.began.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.engine.dispose()


async def test_one_works_and_the_other_takes_over(database_url: str) -> None:
    first = Worker(database_url)
    await until(first.began)
    second = Worker(database_url)
    await asyncio.sleep(10 * QUICK)
    assert not second.began.is_set()
    await first.stop()
    assert first.ended.is_set()
    await until(second.began)
    await second.stop()


async def test_who_loses_the_connection_stops_working(database_url: str) -> None:
    worker, other = Worker(database_url), create_engine(database_url)
    await until(worker.began)
    worker.began.clear()
    async with other.connect() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_locks "
                "WHERE locktype = 'advisory' AND classid = 7310"
            )
        )
    await until(worker.ended)
    await until(worker.began)
    await worker.stop()
    await other.dispose()

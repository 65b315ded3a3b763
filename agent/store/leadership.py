"""Work that only one process of several on one database may do."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

_log = structlog.get_logger(__name__)
_NAMESPACE = 7310  # apart from other advisory locks on the same database
_TRY = text("SELECT pg_try_advisory_lock(:namespace, :name)")
_FREE = text("SELECT pg_advisory_unlock(:namespace, :name)")
_ALIVE = text("SELECT 1")
_CHECK_SECONDS = 3.0


async def lead(
    engine: AsyncEngine,
    name: str,
    work: Callable[[], Awaitable[None]],
    check_seconds: float = _CHECK_SECONDS,
) -> None:
    """Do ``work`` while this process is the one that leads; otherwise wait to take over, until cancelled.

    A session-level advisory lock on a connection of its own says who leads: it goes when the process or its connection
    does, and then the work here is cancelled, for another may have begun. It needs a session, so a pooler in transaction
    mode (PgBouncer) must be passed by.

    Args:
        engine: of the database that the processes share.
        name: of the work.
        work: runs for ever; one that returns or raises ends ``lead`` with it, but for an error of the database: then the lock
            is tried for again.
        check_seconds: how often the lock is tried, and the connection is checked.
    """
    while True:
        with suppress(SQLAlchemyError, OSError):
            async with engine.connect() as connection:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                if await _taken(connection, name):
                    await _while_leading(connection, name, work, check_seconds)
                    return
        await asyncio.sleep(check_seconds)


async def _taken(connection: AsyncConnection, name: str) -> bool:
    return bool((await connection.execute(_TRY, _lock_of(name))).scalar_one())


async def _while_leading(
    connection: AsyncConnection,
    name: str,
    work: Callable[[], Awaitable[None]],
    check_seconds: float,
) -> None:
    """The work, cancelled when the connection is lost (``SQLAlchemyError``); the lock is freed however it ends."""
    _log.info("leading", work=name)
    working = asyncio.ensure_future(work())
    try:
        while not working.done():
            await asyncio.wait({working}, timeout=check_seconds)
            await connection.execute(_ALIVE)
        await working
    finally:
        working.cancel()
        await asyncio.wait({working})
        # A lost connection has freed it already.
        with suppress(SQLAlchemyError, OSError):
            await connection.execute(_FREE, _lock_of(name))


def _lock_of(name: str) -> dict[str, int]:
    return {"namespace": _NAMESPACE, "name": zlib.crc32(name.encode()) - 2**31}

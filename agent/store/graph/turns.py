"""Writers of the graph take turns: a scan, a watch and a person may tell of the same thing at once."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_PATIENCE = (text("SET LOCAL lock_timeout = '60s'"), text("SET LOCAL statement_timeout = '90s'"))
"""Several large scans may stand in line; each holds its turn for a part of its work only."""
_LOCK = text("SELECT pg_advisory_xact_lock(7310001)")


async def wait_for_turn(tx: AsyncSession) -> None:
    """Be the only writer until this transaction ends."""
    for statement in (*_PATIENCE, _LOCK):
        await tx.execute(statement)

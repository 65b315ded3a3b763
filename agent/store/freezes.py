"""Freezes in the database: what one process stops, all others see with their next look."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agent.model import Freeze
from agent.store.mapping import row_of, value_of
from agent.store.repositories import Repository
from agent.store.tables import FreezeRow


class Freezes(Repository):
    """Stops of all applying; at most one is in force."""

    async def begin(self, freeze: Freeze, *, session: AsyncSession | None = None) -> bool:
        """Stop all applying; False when it is stopped already (then nothing changes)."""
        in_force = text("lifted_at IS NULL")
        added = (
            insert(FreezeRow)
            .values(row_of(freeze, clean=True))
            .on_conflict_do_nothing(
                index_elements=[text("(lifted_at IS NULL)")], index_where=in_force
            )
            .returning(FreezeRow.id)
        )
        async with self._transaction(session) as tx:
            return (await tx.execute(added)).first() is not None

    async def lift(self, user: str, at: datetime, *, session: AsyncSession | None = None) -> bool:
        """Let changes be applied again; False when nothing was frozen."""
        lifted = (
            update(FreezeRow)
            .where(FreezeRow.lifted_at.is_(None))
            .values(lifted_by=user, lifted_at=at)
            .returning(FreezeRow.id)
        )
        async with self._transaction(session) as tx:
            return (await tx.execute(lifted)).first() is not None

    async def current(self) -> Freeze | None:
        """The freeze in force; None when changes may be applied."""
        statement = select(FreezeRow.__table__).where(FreezeRow.lifted_at.is_(None))
        async with self._transaction() as tx:
            row = (await tx.execute(statement)).mappings().first()
        return None if row is None else value_of(Freeze, row)

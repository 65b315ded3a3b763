"""Signals in the database."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agent.model import Signal, SignalKind
from agent.store.mapping import row_of, value_of
from agent.store.repositories import Repository
from agent.store.tables import SignalRow

SIGNALS = SignalRow.__table__


class Signals(Repository):
    """What was noticed, each key once."""

    async def add(self, signal: Signal, *, session: AsyncSession | None = None) -> bool:
        """Keep a signal; False when its key was known (then nothing changes)."""
        statement = insert(SignalRow).values(row_of(signal, clean=True)).on_conflict_do_nothing()
        async with self._transaction(session) as tx:
            added = await tx.execute(statement.returning(SignalRow.key))
            return added.first() is not None

    async def get(self, key: str) -> Signal | None:
        """The signal of that key."""
        async with self._transaction() as tx:
            row = (await tx.execute(select(SIGNALS).where(SignalRow.key == key))).mappings().first()
        return None if row is None else value_of(Signal, row)

    async def recent(
        self, fingerprint: str, since: datetime, *, session: AsyncSession | None = None
    ) -> list[Signal]:
        """The signals on the same alert since then, oldest first."""
        statement = (
            select(SIGNALS)
            .where(SignalRow.fingerprint == fingerprint, SignalRow.occurred_at >= since)
            .order_by(SignalRow.occurred_at)
        )
        async with self._transaction(session) as tx:
            rows = (await tx.execute(statement)).mappings().all()
        return [value_of(Signal, row) for row in rows]

    async def tickets(
        self,
        service: str,
        environment: str,
        since: datetime,
        *,
        session: AsyncSession | None = None,
    ) -> int:
        """How many tickets on a service came since then."""
        count = select(func.count()).where(
            SignalRow.kind == SignalKind.TICKET.value,
            SignalRow.service == service,
            SignalRow.environment == environment,
            SignalRow.occurred_at >= since,
        )
        async with self._transaction(session) as tx:
            return await tx.scalar(count) or 0

    async def changes(
        self, services: Collection[str], environment: str, since: datetime, until: datetime
    ) -> list[Signal]:
        """The changes of services between two moments, oldest first."""
        statement = (
            select(SIGNALS)
            .where(
                SignalRow.kind == SignalKind.CHANGE.value,
                SignalRow.service.in_(services),
                SignalRow.environment == environment,
                SignalRow.occurred_at.between(since, until),
            )
            .order_by(SignalRow.occurred_at)
        )
        async with self._transaction() as tx:
            rows = (await tx.execute(statement)).mappings().all()
        return [value_of(Signal, row) for row in rows]

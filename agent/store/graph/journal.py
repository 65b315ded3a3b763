"""What changed, and when: in the company and in what is known of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agent.knowledge.facts import EntityChange
from agent.store.graph.rows import batches, one_of
from agent.store.mapping import row_of, value_of
from agent.store.tables import GraphChangeRow


async def record(tx: AsyncSession, changes: Iterable[EntityChange]) -> list[EntityChange]:
    """Keep changes; returns those that were not known."""
    keyed = {c.key: c for c in map(_keyed, changes)}
    new: set[str] = set()
    for some in batches(list(keyed.values()), 500):
        statement = insert(GraphChangeRow).values([row_of(c, clean=True) for c in some])
        added = await tx.execute(statement.on_conflict_do_nothing().returning(GraphChangeRow.key))
        new |= set(added.scalars())
    return [c for key, c in keyed.items() if key in new]


async def read(
    tx: AsyncSession,
    keys: Sequence[str],
    since: datetime,
    until: datetime | None,
    limit: int,
) -> tuple[EntityChange, ...]:
    """Changes of some entities, the latest first."""
    statement = (
        select(GraphChangeRow.__table__)
        .where(
            or_(one_of(GraphChangeRow.entity, keys), one_of(GraphChangeRow.other, keys)),
            GraphChangeRow.at >= since,
        )
        .order_by(GraphChangeRow.at.desc(), GraphChangeRow.key)
        .limit(limit)
    )
    if until is not None:
        statement = statement.where(GraphChangeRow.at < until)
    return tuple(value_of(EntityChange, row) for row in (await tx.execute(statement)).mappings())


def _keyed(change: EntityChange) -> EntityChange:
    if change.key:
        return change
    said = "|".join(
        (change.at.isoformat(), change.entity, change.type.value, change.what, change.other)
    )
    return change.model_copy(update={"key": hashlib.sha256(said.encode()).hexdigest()[:32]})

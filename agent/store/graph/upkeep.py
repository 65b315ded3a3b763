"""Keeps the graph true as time passes: what nobody confirms any more fades, and is forgotten in the end."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from agent.knowledge.facts import ChangeType, EntityChange
from agent.knowledge.truth import ENGINEER, HALF_LIFE_DAYS, oldest_kept
from agent.store.graph.believing import Tie, refresh
from agent.store.graph.journal import record
from agent.store.graph.relating import said
from agent.store.tables import EntityRow, GraphChangeRow, RelationRow, SightingRow

_KEPT_AFTER_LOSS = timedelta(days=7)
"""How long what is gone can still be asked about."""
_JOURNAL_KEPT = timedelta(days=90)
_QUIET_NAMES = text("""
DELETE FROM entity_names n WHERE NOT EXISTS (SELECT 1 FROM entities e WHERE e.key = n.entity)
""")


async def upkeep(tx: AsyncSession, now: datetime) -> int:
    """Fade and forget; returns how many relations faded or went."""
    faded = await _fade(tx, now)
    gone = await _forget(tx, now)
    await tx.execute(delete(GraphChangeRow).where(GraphChangeRow.at < now - _JOURNAL_KEPT))
    return faded + gone


async def _fade(tx: AsyncSession, now: datetime) -> int:
    """Look at the ties of which some word has aged or went missing while they still stand, and at those that may stand
    again because what denied them has aged.
    """
    aged = [
        (RelationRow.origin == origin) & (RelationRow.last_confirmed < now - timedelta(days=days))
        for origin, days in HALF_LIFE_DAYS.items()
    ]
    other = RelationRow.origin.not_in(list(HALF_LIFE_DAYS)) & (
        RelationRow.last_confirmed < now - timedelta(days=7)
    )
    missing = RelationRow.missing_since.is_not(None)
    statement = (
        select(RelationRow.source, RelationRow.target, RelationRow.kind)
        .where(
            or_(
                RelationRow.stands & or_(*aged, other, missing),
                ~RelationRow.stands & RelationRow.holds & ~missing,
            )
        )
        .distinct()
    )
    ties: set[Tie] = {(r[0], r[1], r[2]) for r in await tx.execute(statement)}
    fallen = await refresh(tx, ties, now)
    await record(tx, [_faded(tie, now) for tie in sorted(fallen)])
    return len(fallen)


async def _forget(tx: AsyncSession, now: datetime) -> int:
    lost = now - _KEPT_AFTER_LOSS
    count = 0
    for origin in (await tx.execute(select(RelationRow.origin).distinct())).scalars().all():
        if origin == ENGINEER:
            continue
        old = RelationRow.last_confirmed < now - oldest_kept(origin, 1.0)
        where = (RelationRow.origin == origin, or_(old, RelationRow.missing_since < lost))
        count += len(
            (await tx.execute(delete(RelationRow).where(*where).returning(RelationRow.kind))).all()
        )
    await tx.execute(delete(SightingRow).where(SightingRow.missing_since < lost))
    shown = select(SightingRow.key).where(SightingRow.entity == EntityRow.key).exists()
    await tx.execute(delete(EntityRow).where(EntityRow.missing_since < lost, ~shown))
    await tx.execute(_QUIET_NAMES)
    return count


def _faded(tie: Tie, now: datetime) -> EntityChange:
    return EntityChange(
        at=now,
        entity=tie[0],
        other=tie[1],
        type=ChangeType.RELATION_FADED,
        what=f"no longer believed: {said(tie)}",
        origin="upkeep",
        key=f"faded/{'/'.join(tie)}/{now.date().isoformat()}",
    )


async def size(tx: AsyncSession) -> tuple[int, int]:
    """How many entities and relations there are."""
    entities = await tx.scalar(select(func.count()).select_from(EntityRow))
    relations = await tx.scalar(select(func.count()).select_from(RelationRow))
    return int(entities or 0), int(relations or 0)

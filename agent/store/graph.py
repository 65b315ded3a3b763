"""The graph of the company in the database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agent.knowledge.facts import Seen
from agent.model import Entity, Relation
from agent.store.mapping import row_of, value_of
from agent.store.repositories import Repository
from agent.store.tables import EntityRow, RelationRow

MAX_HOPS = 6
MAX_ENTITIES = 200
"""How many entities a neighbourhood holds at most, the nearest first."""
_BATCH = 500
_RELATION_KEY = ("source", "target", "kind", "origin")

_NEAREST = text("""
WITH RECURSIVE near (key, distance) AS (
    SELECT CAST(:key AS text), 0
    UNION
    SELECT CASE WHEN r.source = near.key THEN r.target ELSE r.source END, near.distance + 1
    FROM near JOIN relations r ON near.key IN (r.source, r.target)
    WHERE near.distance < :hops
)
SELECT near.key FROM near JOIN entities USING (key)
GROUP BY near.key ORDER BY min(near.distance), near.key LIMIT :entities
""")
"""Walks the edges both ways; UNION drops what it has met at the same distance, so cycles end."""

Graph = tuple[tuple[Entity, ...], tuple[Relation, ...]]


class GraphStore(Repository):
    """Entities by key; relations once per source of the knowledge."""

    async def take(self, origin: str, seen: Seen) -> int:
        """Keep what a source sees; returns how many changes that made."""
        await self.upsert(seen.entities, seen.relations)
        return len(seen.changes)

    async def upsert(self, entities: Iterable[Entity], relations: Iterable[Relation]) -> None:
        """Add what is new and renew what is known: properties are merged, first sightings kept."""
        nodes = list({e.key: {"key": e.key, **row_of(e, clean=True)} for e in entities}.values())
        edges = list({_key(r): row_of(r, clean=True) for r in relations}.values())
        async with self._transaction() as tx:
            for start in range(0, len(nodes), _BATCH):
                await _upsert_entities(tx, nodes[start : start + _BATCH])
            for start in range(0, len(edges), _BATCH):
                await _upsert_relations(tx, edges[start : start + _BATCH])

    async def entity(self, name: str, environment: str | None = None) -> list[Entity]:
        """The entities of that name, in an environment or in all."""
        statement = select(EntityRow.__table__).where(EntityRow.name == name)
        if environment is not None:
            statement = statement.where(EntityRow.environment == environment)
        async with self._transaction() as tx:
            rows = (await tx.execute(statement.order_by(EntityRow.key))).mappings().all()
        return [value_of(Entity, row) for row in rows]

    async def neighbourhood(self, key: str, hops: int = 2) -> Graph:
        """What is within ``hops`` relations of an entity, in either direction: nearest first, itself leading.

        At most ``MAX_HOPS`` far and ``MAX_ENTITIES`` many; empty when the entity is unknown.
        """
        async with self._transaction() as tx:
            found = await tx.execute(
                _NEAREST,
                {"key": key, "hops": min(hops, MAX_HOPS), "entities": MAX_ENTITIES},
            )
            keys = list(found.scalars())
            if not keys or keys[0] != key:
                return (), ()
            entities = await _entities(tx, EntityRow.key.in_(keys))
            relations = await _relations(
                tx, RelationRow.source.in_(keys), RelationRow.target.in_(keys)
            )
        place = {k: n for n, k in enumerate(keys)}
        return tuple(sorted(entities, key=lambda e: place[e.key])), relations

    async def all(self) -> Graph:
        """The whole graph."""
        async with self._transaction() as tx:
            return await _entities(tx), await _relations(tx)

    async def relations_of(self, key: str) -> tuple[Relation, ...]:
        """The relations that start or end at an entity."""
        async with self._transaction() as tx:
            return await _relations(tx, or_(RelationRow.source == key, RelationRow.target == key))


def _key(relation: Relation) -> tuple[str, ...]:
    return tuple(getattr(relation, name) for name in _RELATION_KEY)


async def _entities(tx: AsyncSession, *where: Any) -> tuple[Entity, ...]:
    found = await tx.execute(select(EntityRow.__table__).where(*where).order_by(EntityRow.key))
    return tuple(value_of(Entity, row) for row in found.mappings())


async def _relations(tx: AsyncSession, *where: Any) -> tuple[Relation, ...]:
    order: Sequence[Any] = [getattr(RelationRow, name) for name in _RELATION_KEY]
    found = await tx.execute(select(RelationRow.__table__).where(*where).order_by(*order))
    return tuple(value_of(Relation, row) for row in found.mappings())


async def _upsert_entities(tx: AsyncSession, rows: list[dict[str, Any]]) -> None:
    statement = insert(EntityRow).values(rows)
    new = statement.excluded
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=["key"],
            set_={
                "environment": func.coalesce(
                    func.nullif(new.environment, ""), EntityRow.environment
                ),
                "properties": EntityRow.properties.op("||")(new.properties),
            },
        )
    )


async def _upsert_relations(tx: AsyncSession, rows: list[dict[str, Any]]) -> None:
    statement = insert(RelationRow).values(rows)
    new = statement.excluded
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=list(_RELATION_KEY),
            set_={
                "evidence": new.evidence,
                "confidence": new.confidence,
                "first_seen": func.least(RelationRow.first_seen, new.first_seen),
                "last_confirmed": func.greatest(RelationRow.last_confirmed, new.last_confirmed),
            },
        )
    )

"""The door to the graph: what sources see goes in, what is asked comes out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy import or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from agent.knowledge.facts import (
    Belief,
    Context,
    EntityChange,
    Explanation,
    Neighbourhood,
    Reached,
    SameAs,
    Seen,
)
from agent.knowledge.truth import ENGINEER
from agent.model import Entity, Pattern, PatternState
from agent.store.graph import identity, journal, merging, taking, traversal, words
from agent.store.graph import upkeep as keeping
from agent.store.graph.believing import Tie, beliefs_of
from agent.store.graph.constraints import constraints_of
from agent.store.graph.rows import read_entities, read_relations
from agent.store.graph.turns import wait_for_turn
from agent.store.mapping import value_of
from agent.store.notes import EntityNotes
from agent.store.repositories import Repository
from agent.store.tables import EntityRow, PatternRow, RelationRow

_PATTERNS = 5


class GraphStore(Repository):
    """Entities as their sightings say, relations as each source tells of them, and what all that amounts to.

    Keys of merged entities lead to the entity that stays, wherever a key is asked for.
    """

    async def take(self, origin: str, seen: Seen) -> int:
        """Keep what a source sees; returns how many changes that made.

        What the source showed before and, looking at everything (``complete``), shows no more is marked as missing. The
        first time that a source tells anything, nothing of it counts as a change.
        """
        return await taking.Taking(self._turn, origin, seen).run()

    async def entity(self, name: str, environment: str | None = None) -> list[Entity]:
        """The entities of that name, in an environment or in all."""
        where = [EntityRow.name == name, EntityRow.missing_since.is_(None)]
        if environment is not None:
            where.append(EntityRow.environment == environment)
        async with self._transaction() as tx:
            return list(await read_entities(tx, *where))

    async def entities(self, kinds: Collection[str]) -> tuple[Entity, ...]:
        """All entities of some kinds."""
        async with self._transaction() as tx:
            return await read_entities(
                tx, EntityRow.kind.in_(list(kinds)), EntityRow.missing_since.is_(None)
            )

    async def get(self, key: str) -> Entity | None:
        """The entity of that key, or the one that the key was merged into."""
        async with self._transaction() as tx:
            resolved = (await identity.aliases(tx)).resolve(key)
            found = await read_entities(tx, EntityRow.key == resolved)
        return found[0] if found else None

    async def sightings(self, key: str) -> dict[str, tuple[Entity, ...]]:
        """What each source itself says of an entity, under the keys that it knows it by: contradictions side by side."""
        async with self._transaction() as tx:
            return await merging.sightings(tx, await _own(tx, key))

    async def neighbourhood(self, key: str, hops: int = 2, limit: int = 200) -> Neighbourhood:
        """What is within ``hops`` relations of an entity, in either direction: nearest first, itself leading.

        Bounded in distance (``traversal.MAX_HOPS``), in number (``limit``) and in the relations followed from any one
        entity; ``cut`` says whether that left something out. Empty when the entity is unknown.
        """
        async with self._transaction() as tx:
            return await traversal.neighbourhood(tx, await _own(tx, key), hops, limit, _now())

    async def blast_radius(
        self, key: str, upstream: bool, hops: int = 6, limit: int = 200
    ) -> tuple[Reached, ...]:
        """Who depends on an entity (``upstream``), or what it depends on: the nearest first, each by its surest path."""
        async with self._transaction() as tx:
            own = await _own(tx, key)
            return await traversal.blast_radius(tx, own, hops, limit, _now(), upstream=upstream)

    async def explain(self, a: str, b: str, most: int = 3) -> tuple[Explanation, ...]:
        """The shortest chains of relations between two entities, in either direction."""
        async with self._transaction() as tx:
            ends = await _own(tx, a), await _own(tx, b)
            return await traversal.explain(tx, *ends, most, _now())

    async def belief(self, source: str, target: str, kind: str = "") -> tuple[Belief, ...]:
        """What all sources make of the relations from one entity to another, the denied and the faded ones included."""
        async with self._transaction() as tx:
            where = [
                RelationRow.source == await _own(tx, source),
                RelationRow.target == await _own(tx, target),
            ]
            if kind:
                where.append(RelationRow.kind == kind)
            return beliefs_of(await read_relations(tx, *where), _now())

    async def among(self, keys: Collection[str]) -> tuple[Belief, ...]:
        """What is believed of the relations among some entities, the most certain first."""
        async with self._transaction() as tx:
            return await traversal.beliefs_among(tx, list(keys), _now())

    async def owners(self, key: str) -> tuple[Belief, ...]:
        """Whose an entity is, the most certain first."""
        async with self._transaction() as tx:
            found = await read_relations(
                tx, RelationRow.target == await _own(tx, key), RelationRow.kind == "owns"
            )
        return beliefs_of(found, _now())

    async def denied(self, key: str) -> tuple[Belief, ...]:
        """The relations that start or end at an entity and that somebody denies, with what all say of them."""
        ends = (RelationRow.source, RelationRow.target, RelationRow.kind)
        async with self._transaction() as tx:
            own = await _own(tx, key)
            denials = select(*ends).where(
                or_(RelationRow.source == own, RelationRow.target == own),
                RelationRow.holds.is_(False),
            )
            return beliefs_of(await read_relations(tx, tuple_(*ends).in_(denials)), _now())

    async def context(self, key: str) -> Context:
        """What bounds an entity, and the patterns learned on it.

        Raises:
            KeyError: the entity is unknown.
        """
        async with self._transaction() as tx:
            own = await _own(tx, key)
            near = await traversal.neighbourhood(tx, own, 2, 200, _now())
            if not near.entities:
                raise KeyError(key)
            entity = near.entities[0]
            statement = (
                select(PatternRow.__table__)
                .where(
                    PatternRow.entity == entity.name,
                    PatternRow.state != PatternState.RETIRED.value,
                    PatternRow.environment.in_(("", entity.environment)),
                )
                .order_by(PatternRow.times_seen.desc(), PatternRow.last_seen.desc())
                .limit(_PATTERNS)
            )
            rows = (await tx.execute(statement)).mappings().all()
        kept = await EntityNotes(self._sessions).of([own, key])
        return Context(
            entity=entity,
            constraints=constraints_of(entity, near.entities, near.beliefs),
            patterns=tuple(value_of(Pattern, row) for row in rows),
            notes=kept,
        )

    async def changes(
        self, keys: Sequence[str], since: datetime, until: datetime | None = None, limit: int = 100
    ) -> tuple[EntityChange, ...]:
        """What changed at some entities, the latest first."""
        async with self._transaction() as tx:
            known = await identity.aliases(tx)
            own = known.of(*map(known.resolve, keys))
            return await journal.read(tx, own, since, until, limit)

    async def record(self, changes: Iterable[EntityChange]) -> list[EntityChange]:
        """Keep changes that something else tells of; returns those that were not known."""
        async with self._transaction() as tx:
            known = await identity.aliases(tx)
            return await journal.record(
                tx, [c.model_copy(update={"entity": known.resolve(c.entity)}) for c in changes]
            )

    async def assert_relation(
        self,
        source: str,
        target: str,
        kind: str,
        holds: bool,
        user: str,
        evidence: str,
        at: datetime,
    ) -> None:
        """An engineer says that a relation holds, or does not: it outranks every other source until it is taken back."""
        async with self._turn() as tx:
            tie = await _own(tx, source), await _own(tx, target), kind
            await words.assert_relation(tx, tie, user, evidence, at, holds=holds)

    async def confirm(
        self, ties: Iterable[Tie], *, holds: bool, at: datetime | None = None
    ) -> None:
        """An investigation found relations (source, target, kind) so, or otherwise."""
        async with self._turn() as tx:
            await words.confirm(tx, ties, at or _now(), holds=holds)

    async def same(self, alias: str, canonical: str, user: str, reason: str, at: datetime) -> bool:
        """An engineer says that two keys mean one thing; False when that is known."""
        claim = SameAs(alias=alias, canonical=canonical, origin=ENGINEER, reason=reason, at=at)
        async with self._turn() as tx:
            return await identity.merge(tx, claim)

    async def split(self, alias: str, canonical: str, user: str, at: datetime) -> bool:
        """An engineer undoes a merge: both are as their sources see them, and no source merges them again."""
        async with self._turn() as tx:
            return await identity.split(tx, alias, canonical, user, at)

    async def merges_of(self, key: str) -> tuple[SameAs, ...]:
        """Which keys were found to mean this entity, by whom and why; undone claims included."""
        async with self._transaction() as tx:
            return await identity.merges_of(tx, await _own(tx, key))

    async def upkeep(self, now: datetime) -> int:
        """Let fade what nobody confirms any more, and forget what is long gone; returns how many relations that was."""
        async with self._turn() as tx:
            return await keeping.upkeep(tx, now)

    async def size(self) -> tuple[int, int]:
        """How many entities and relations are kept."""
        async with self._transaction() as tx:
            return await keeping.size(tx)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[AsyncSession]:
        """A transaction in which nobody else writes to the graph."""
        async with self._transaction() as tx:
            await wait_for_turn(tx)
            yield tx


async def _own(tx: AsyncSession, key: str) -> str:
    return await identity.resolve(tx, key)


def _now() -> datetime:
    return datetime.now(UTC)

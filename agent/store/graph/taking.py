"""Keeps what a source sees: compared with what it said before, so that an unchanged scan writes next to nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from agent.knowledge.facts import ChangeType, EntityChange, Seen
from agent.knowledge.truth import ENGINEER
from agent.model import Entity, Json
from agent.store.graph import identity, wording
from agent.store.graph.identity import Aliases, aliases
from agent.store.graph.journal import record
from agent.store.graph.merging import rebuild
from agent.store.graph.relating import lose, write
from agent.store.graph.rows import batches, clean, digest_of, keys_parameter, write_sightings

Turn = Callable[[], AbstractAsyncContextManager[AsyncSession]]

_HEARSAY = frozenset({"slack", "repository"})
"""Sources that quote what people write: they never say that two things are one."""
_LONGEST_KEY_BYTES = 800
"""Of an entity; a namespace, a kind and a name of Kubernetes are shorter. An index row holds two of them."""
_KNOWS = text("""
SELECT EXISTS (SELECT 1 FROM sightings WHERE origin = :origin)
    OR EXISTS (SELECT 1 FROM relations WHERE told_by = :origin)
""")
_CHANGED = text("""
SELECT t.key, s.properties, s.missing_since, s.key IS NULL AS new
FROM unnest(CAST(:keys AS text[]), CAST(:digests AS text[])) AS t(key, digest)
LEFT JOIN sightings s ON s.key = t.key AND s.origin = :origin
WHERE s.key IS NULL OR s.digest <> t.digest OR s.missing_since IS NOT NULL
""").bindparams(keys_parameter("keys"), keys_parameter("digests"))
_UNSEEN = text("""
SELECT s.key FROM sightings s
WHERE s.origin = :origin AND s.missing_since IS NULL AND s.kind <> ALL(:kinds)
  AND NOT EXISTS (SELECT 1 FROM unnest(CAST(:keys AS text[])) AS t(key) WHERE t.key = s.key)
""").bindparams(keys_parameter("keys"), keys_parameter("kinds"))
_GONE = text("""
UPDATE sightings SET missing_since = :now
WHERE origin = :origin AND key = ANY(:keys) AND missing_since IS NULL
RETURNING key, entity
""").bindparams(keys_parameter("keys"))


class Taking:
    """One source's view being taken in, some of it at a time, so that others get their turn meanwhile.

    Args:
        turn: opens a transaction in which nobody else writes to the graph.
        origin: the source.
        seen: what it sees.
    """

    def __init__(self, turn: Turn, origin: str, seen: Seen) -> None:
        self._open = turn
        self._origin = origin
        self._seen = _storable(seen)
        self._now = datetime.now(UTC)
        self._known = Aliases({})
        self._first = False
        """Whether this source never told anything: then nothing is a change, it is only new to srebot."""

    async def run(self) -> int:
        """Take it in; returns how many changes that made."""
        async with self._turn() as tx:
            self._first = not (await tx.execute(_KNOWS, {"origin": self._origin})).scalar_one()
        entities = {e.key: e for e in self._seen.entities}
        count = 0
        for some in batches(list(entities.values())):
            async with self._turn() as tx:
                count += await self._keep(tx, await self._take(tx, some))
        async with self._turn() as tx:
            count += await self._keep(tx, await self._lose(tx, list(entities)))
            if self._origin not in _HEARSAY:
                for claim in self._seen.same:
                    await identity.merge(tx, claim)
        return count + await self._take_relations()

    async def _take_relations(self) -> int:
        ties = {(r.source, r.target, r.kind, r.origin): r for r in self._seen.relations}
        count = 0
        for some in batches(list(ties.values())):
            async with self._turn() as tx:
                new = await write(tx, self._origin, some, self._known, self._now)
                count += await self._keep(tx, new)
        async with self._turn() as tx:
            lost = await lose(tx, self._origin, self._seen, self._now)
            count += await self._keep(tx, lost)
            return count + len(await record(tx, map(self._resolved, self._seen.changes)))

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[AsyncSession]:
        async with self._open() as tx:
            self._known = await aliases(tx)
            yield tx

    async def _keep(self, tx: AsyncSession, changes: Iterable[EntityChange]) -> int:
        return 0 if self._first else len(await record(tx, changes))

    def _resolved(self, change: EntityChange) -> EntityChange:
        return change.model_copy(update={"entity": self._known.resolve(change.entity)})

    async def _take(self, tx: AsyncSession, entities: Iterable[Entity]) -> list[EntityChange]:
        rows = {e.key: clean(e) for e in entities}
        digests = {key: digest_of(row) for key, row in rows.items()}
        asked = {"origin": self._origin, "keys": [*digests], "digests": [*digests.values()]}
        found = list((await tx.execute(_CHANGED, asked)).mappings())
        if not found:
            return []
        await write_sightings(tx, [self._row(f["key"], rows, digests) for f in found])
        await rebuild(tx, [self._known.resolve(f["key"]) for f in found])
        new = [Entity.model_validate(rows[f["key"]]) for f in found if f["new"]]
        await identity.merge_by_names(tx, new, self._now)
        return [c for f in found for c in self._changes(f, rows[f["key"]])]

    def _row(self, key: str, rows: Mapping[str, Json], digests: Mapping[str, str]) -> Json:
        place = {"key": key, "origin": self._origin, "entity": self._known.resolve(key)}
        return {**rows[key], **place, "digest": digests[key], "first_seen": self._now}

    def _changes(self, found: Any, row: Json) -> Iterable[EntityChange]:
        key = found["key"]
        if found["new"] or found["missing_since"] is not None:
            yield self._change(key, ChangeType.ADDED, f"{wording.named(key)} is there")
            return
        for name, before, after in wording.differences(found["properties"], row["properties"]):
            yield self._change(
                key, ChangeType.PROPERTY, wording.became(key, name, before, after), before, after
            )

    async def _lose(self, tx: AsyncSession, shown: list[str]) -> list[EntityChange]:
        """Mark what it no longer shows."""
        gone = list(self._seen.gone)
        if self._seen.complete:
            asked = {"origin": self._origin, "keys": shown, "kinds": [*self._seen.unseen_kinds]}
            gone += (await tx.execute(_UNSEEN, asked)).scalars()
        if not gone:
            return []
        marked = {"origin": self._origin, "keys": gone, "now": self._now}
        lost = list((await tx.execute(_GONE, marked)).mappings())
        await rebuild(tx, [row["entity"] for row in lost])
        return [
            self._change(row["key"], ChangeType.REMOVED, f"{wording.named(row['key'])} is gone")
            for row in lost
        ]

    def _change(
        self, key: str, kind: ChangeType, what: str, before: str = "", after: str = ""
    ) -> EntityChange:
        return EntityChange(
            at=self._now,
            entity=self._known.resolve(key),
            type=kind,
            what=what,
            origin=self._origin,
            before=before,
            after=after,
        )


def _storable(seen: Seen) -> Seen:
    """Without what no source may say (an engineer's word), and without keys that no index holds.

    One setting of one object with a host name of megabytes must not keep the whole company out of the graph.
    """
    return seen.model_copy(
        update={
            "entities": tuple(e for e in seen.entities if _fits(e.key)),
            "relations": tuple(
                r for r in seen.relations if r.origin != ENGINEER and _fits(r.source, r.target)
            ),
            "same": tuple(
                s for s in seen.same if s.origin != ENGINEER and _fits(s.alias, s.canonical)
            ),
            "changes": tuple(c for c in seen.changes if _fits(c.entity, c.other)),
        }
    )


def _fits(*keys: str) -> bool:
    return all(len(k.encode("utf-8", "replace")) <= _LONGEST_KEY_BYTES for k in keys)

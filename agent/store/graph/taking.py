"""Keeps what a source sees: compared with what it said before, so that an unchanged scan writes next to nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from agent.knowledge.facts import ChangeType, EntityChange, Seen
from agent.model import Entity, Json
from agent.store.graph import identity, wording
from agent.store.graph.identity import Aliases, aliases
from agent.store.graph.journal import record
from agent.store.graph.merging import rebuild
from agent.store.graph.relating import take_relations
from agent.store.graph.rows import batches, clean, digest_of, keys_parameter, write_sightings

_LOCK = text("SELECT pg_advisory_xact_lock(7310001)")
"""One writer at a time: a scan and a watch may tell of the same thing at once."""
_KNOWS = text("SELECT EXISTS (SELECT 1 FROM sightings WHERE origin = :origin)")
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


@dataclass
class Taking:
    """One source's view being taken in."""

    tx: AsyncSession
    origin: str
    seen: Seen
    known: Aliases
    now: datetime
    first: bool
    """Whether this source never told anything: then nothing is a change, it is only new to srebot."""

    async def entities(self) -> list[EntityChange]:
        """Take the entities; returns what changed."""
        changes: list[EntityChange] = []
        rows = {e.key: clean(e) for e in self.seen.entities}
        for some in batches(list(rows.items())):
            changes += await self._take(dict(some))
        gone = list(self.seen.gone)
        if self.seen.complete:
            asked = {"origin": self.origin, "keys": list(rows), "kinds": [*self.seen.unseen_kinds]}
            gone += (await self.tx.execute(_UNSEEN, asked)).scalars()
        changes += await self._lose(gone)
        return changes

    async def _take(self, rows: dict[str, Json]) -> list[EntityChange]:
        digests = {key: digest_of(row) for key, row in rows.items()}
        asked = {
            "origin": self.origin,
            "keys": list(digests),
            "digests": list(digests.values()),
        }
        found = list((await self.tx.execute(_CHANGED, asked)).mappings())
        if not found:
            return []
        await write_sightings(self.tx, [self._row(rows[f["key"]], digests) for f in found])
        await rebuild(self.tx, [self.known.resolve(f["key"]) for f in found])
        new = [Entity.model_validate(rows[f["key"]]) for f in found if f["new"]]
        await identity.merge_by_names(self.tx, new, self.now)
        return [] if self.first else [c for f in found for c in self._changes(f, rows[f["key"]])]

    def _row(self, row: Json, digests: dict[str, str]) -> Json:
        key = Entity.model_validate(row).key
        place = {"key": key, "origin": self.origin, "entity": self.known.resolve(key)}
        return {**row, **place, "digest": digests[key], "first_seen": self.now}

    def _changes(self, found: Any, row: Json) -> Iterable[EntityChange]:
        key = found["key"]
        if found["new"] or found["missing_since"] is not None:
            yield self._change(key, ChangeType.ADDED, f"{wording.named(key)} is there")
            return
        for name, before, after in wording.differences(found["properties"], row["properties"]):
            yield self._change(
                key, ChangeType.PROPERTY, wording.became(key, name, before, after), before, after
            )

    async def _lose(self, keys: Sequence[str]) -> list[EntityChange]:
        if not keys:
            return []
        asked = {"origin": self.origin, "keys": list(keys), "now": self.now}
        lost = list((await self.tx.execute(_GONE, asked)).mappings())
        await rebuild(self.tx, [row["entity"] for row in lost])
        if self.first:
            return []
        return [
            self._change(row["key"], ChangeType.REMOVED, f"{wording.named(row['key'])} is gone")
            for row in lost
        ]

    def _change(
        self, key: str, kind: ChangeType, what: str, before: str = "", after: str = ""
    ) -> EntityChange:
        return EntityChange(
            at=self.now,
            entity=self.known.resolve(key),
            type=kind,
            what=what,
            origin=self.origin,
            before=before,
            after=after,
        )


async def take(tx: AsyncSession, origin: str, seen: Seen) -> int:
    """Take in what a source sees; returns how many changes that made."""
    now = datetime.now(UTC)
    await tx.execute(_LOCK)
    first = not (await tx.execute(_KNOWS, {"origin": origin})).scalar_one()
    taking = Taking(tx, origin, seen, await aliases(tx), now, first)
    changes = await taking.entities()
    for claim in seen.same:
        await identity.merge(tx, claim)
    taking.known = await aliases(tx)
    changes += await take_relations(tx, origin, seen, taking.known, now, first=first)
    events = [c.model_copy(update={"entity": taking.known.resolve(c.entity)}) for c in seen.changes]
    return len(await record(tx, [*changes, *events]))

"""Relations as a source tells of them: kept by source, marked missing when it no longer does."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from agent.knowledge.facts import ChangeType, EntityChange, Seen
from agent.knowledge.truth import STANDS_FROM
from agent.model import Json, Relation
from agent.redaction import redact
from agent.store.graph.believing import Tie, refresh
from agent.store.graph.identity import Aliases
from agent.store.graph.rows import as_json, keys_parameter
from agent.store.graph.wording import named
from agent.store.mapping import storable_text

_ROW = """
    place int, seen_source text, seen_target text, kind text, origin text, source text, target text, evidence text,
    confidence double precision, holds boolean, first_seen timestamptz, last_confirmed timestamptz
"""
_CHANGED = text(f"""
SELECT t.place, NOT EXISTS (
    SELECT 1 FROM relations s
    WHERE s.source = t.source AND s.target = t.target AND s.kind = t.kind AND s.stands) AS fresh
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t({_ROW})
LEFT JOIN relations r ON r.seen_source = t.seen_source AND r.seen_target = t.seen_target AND r.kind = t.kind
    AND r.origin = t.origin AND r.told_by = :told_by
WHERE r.seen_at IS NULL OR r.missing_since IS NOT NULL
   OR r.seen_at < CAST(:now AS timestamptz) - CAST(:renewed_after AS interval)
   OR (r.evidence, r.confidence, r.holds, r.source, r.target)
      IS DISTINCT FROM (t.evidence, t.confidence, t.holds, t.source, t.target)
""")  # noqa: S608 - constants of this module
"""Which of the rows need to be written, and whether nobody's word made the relation stand before."""
_WRITE = text(f"""
INSERT INTO relations (told_by, seen_at, seen_source, seen_target, kind, origin, source, target, evidence, confidence,
    holds, stands, first_seen, last_confirmed)
SELECT :told_by, :now, seen_source, seen_target, kind, origin, source, target, evidence, confidence,
    holds, holds AND confidence >= :least, first_seen, last_confirmed
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t({_ROW})
ON CONFLICT (seen_source, seen_target, kind, origin, told_by) DO UPDATE SET
    source = excluded.source, target = excluded.target, evidence = excluded.evidence,
    confidence = excluded.confidence, holds = excluded.holds, missing_since = NULL, seen_at = excluded.seen_at,
    stands = excluded.stands OR (relations.stands AND relations.missing_since IS NULL AND excluded.holds),
    first_seen = least(relations.first_seen, excluded.first_seen),
    last_confirmed = greatest(relations.last_confirmed, excluded.last_confirmed)
""")  # noqa: S608 - constants of this module
_RENEWED_AFTER = timedelta(hours=1)
"""How old the time of an unchanged relation's last sighting may get: short against every source's half-life."""
_STILL_SHOWN = text("""
SELECT count(*) FROM relations WHERE told_by = :told_by AND missing_since IS NULL
""")
_DENIED = text("SELECT DISTINCT source, target, kind FROM relations WHERE NOT holds")
_LOSE_UNSEEN = text("""
UPDATE relations r SET missing_since = :now
WHERE r.told_by = :told_by AND r.missing_since IS NULL
  AND split_part(r.seen_source, '/', 2) <> ALL(:kinds) AND split_part(r.seen_target, '/', 2) <> ALL(:kinds)
  AND NOT EXISTS (
      SELECT 1 FROM unnest(CAST(:sources AS text[]), CAST(:targets AS text[]), CAST(:sorts AS text[]),
          CAST(:origins AS text[])) AS t(source, target, kind, origin)
      WHERE t.source = r.seen_source AND t.target = r.seen_target AND t.kind = r.kind AND t.origin = r.origin)
RETURNING source, target, kind, origin, evidence
""").bindparams(*(keys_parameter(n) for n in ("kinds", "sources", "targets", "sorts", "origins")))
_LOSE_ENDS = text("""
UPDATE relations SET missing_since = :now
WHERE told_by = :told_by AND missing_since IS NULL
  AND (seen_source = ANY(:keys) OR seen_target = ANY(:keys))
RETURNING source, target, kind, origin, evidence
""").bindparams(keys_parameter("keys"))
_LOSE_ONE = text("""
UPDATE relations SET missing_since = :now
WHERE told_by = :told_by AND missing_since IS NULL
  AND seen_source = :source AND seen_target = :target AND kind = :kind
RETURNING source, target, kind, origin, evidence
""")
_TIES_SAID = 100
"""At most so many new ties of 2,000 are told of in the journal: a new namespace is one event, not thousands."""


async def write(
    tx: AsyncSession, told_by: str, relations: Iterable[Relation], known: Aliases, now: datetime
) -> list[EntityChange]:
    """Keep relations that a source tells of; returns what that changed."""
    rows = [_row(relation, known) | {"place": n} for n, relation in enumerate(relations)]
    given = {"told_by": told_by, "now": now}
    asked = {"rows": as_json(rows), "renewed_after": _RENEWED_AFTER}
    changed = (await tx.execute(_CHANGED, given | asked)).all()
    if written := [rows[row.place] for row in changed]:
        await tx.execute(_WRITE, given | {"rows": as_json(written), "least": STANDS_FROM})
    new = [rows[row.place] for row in changed if row.fresh and rows[row.place]["holds"]]
    denied = {_tie(r) for r in (await tx.execute(_DENIED)).mappings()}
    weak = {_tie(r) for r in new if r["confidence"] < STANDS_FROM}
    await refresh(tx, denied & {_tie(r) for r in rows} | weak, now)
    ties = {_tie(r): r for r in new[:_TIES_SAID]}
    return [_change(tie, r, ChangeType.RELATION_ADDED, now) for tie, r in ties.items()]


async def lose(tx: AsyncSession, told_by: str, seen: Seen, now: datetime) -> list[EntityChange]:
    """Mark the relations that a source no longer shows; returns those that nobody else keeps standing."""
    lost = {_tie(row): row for row in await _lost(tx, told_by, seen, now)}
    faded = await refresh(tx, lost, now)
    return [_change(tie, lost[tie], ChangeType.RELATION_FADED, now) for tie in sorted(faded)]


async def _lost(tx: AsyncSession, told_by: str, seen: Seen, now: datetime) -> list[Any]:
    by = {"told_by": told_by, "now": now}
    lost: list[Any] = []
    if seen.complete:
        lost += await _unseen(tx, seen, by)
    if seen.gone:
        lost += (await tx.execute(_LOSE_ENDS, by | {"keys": list(seen.gone)})).mappings()
    for source, target, kind in seen.withdrawn:
        one = {"source": source, "target": target, "kind": kind}
        lost += (await tx.execute(_LOSE_ONE, by | one)).mappings()
    return lost


async def _unseen(tx: AsyncSession, seen: Seen, by: Json) -> list[Any]:
    """Mark what a complete view does not show; every relation that it does show has been written before."""
    ties = {(r.source, r.target, r.kind, r.origin) for r in seen.relations}
    if (await tx.execute(_STILL_SHOWN, {"told_by": by["told_by"]})).scalar_one() == len(ties):
        return []
    columns = [list(column) for column in zip(*ties, strict=True)] or [[], [], [], []]
    asked = dict(zip(("sources", "targets", "sorts", "origins"), columns, strict=True))
    found = await tx.execute(_LOSE_UNSEEN, by | asked | {"kinds": list(seen.unseen_kinds)})
    return list(found.mappings())


def _row(relation: Relation, known: Aliases) -> Json:
    return {
        "seen_source": relation.source,
        "seen_target": relation.target,
        "kind": relation.kind,
        "origin": relation.origin,
        "source": known.resolve(relation.source),
        "target": known.resolve(relation.target),
        "evidence": _clean(relation.evidence),
        "confidence": relation.confidence,
        "holds": relation.holds,
        "first_seen": relation.first_seen,
        "last_confirmed": relation.last_confirmed,
    }


@lru_cache(maxsize=2_000)
def _clean(evidence: str) -> str:
    """Without secrets; many relations of a scan are known from the same place."""
    return storable_text(redact(evidence))


def _tie(row: Any) -> Tie:
    return (row["source"], row["target"], row["kind"])


def said(tie: Tie) -> str:
    """A tie for people: ``service cart in production depends on service redis in production``."""
    source, target, kind = tie
    return f"{named(source)} {kind.replace('_', ' ')} {named(target)}"


def _change(tie: Tie, row: Any, kind: ChangeType, now: datetime) -> EntityChange:
    verb = "" if kind is ChangeType.RELATION_ADDED else "no longer seen: "
    return EntityChange(
        at=now,
        entity=tie[0],
        other=tie[1],
        type=kind,
        what=f"{verb}{said(tie)}",
        origin=row["origin"],
        evidence=row["evidence"],
    )

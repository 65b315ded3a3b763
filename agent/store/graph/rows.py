"""Rows of the graph's tables in bulk, and back to values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import any_, bindparam, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Text

from agent.model import Entity, Json, Relation, Value
from agent.redaction import redact_data
from agent.store.mapping import storable
from agent.store.tables import EntityRow, RelationRow

BATCH = 2_000
VOLATILE = frozenset({"usage", "on_call", "pods", "status", "load_profile", "last_run", "load"})
"""Properties that change by themselves: kept, but no change of the company."""

_EVERYDAY = """
    alert alerts alerting app application avg cluster container cpu critical database degraded dev development
    disk down error errors failed failing failure failures firing for health high host in infrastructure is job latency
    load low memory monitor monitoring network no node of on p1 p2 p3 pod pods prod production queue rate requests
    resolved response server service services slow stage staging system team the time timeout timeouts traffic triggered
    usage warn warning
"""
EVERYDAY = frozenset(_EVERYDAY.split())
"""Words of alerts themselves: in their text they name a thing at most if nothing else does, and only as its own name."""
_MOST_NAMES = 50
_LONGEST_NAME = 253

_ENTITIES = TypeAdapter(tuple[Entity, ...])
_RELATIONS = TypeAdapter(tuple[Relation, ...])
_ENTITY_FIELDS = tuple(Entity.model_fields)
_RELATION_FIELDS = tuple(Relation.model_fields)

_WRITE_SIGHTINGS = text("""
INSERT INTO sightings
    (key, origin, entity, name, kind, namespace, environment, properties, digest, first_seen)
SELECT key, origin, entity, name, kind, namespace, environment, properties, digest, first_seen
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(
    key text, origin text, entity text, name text, kind text, namespace text, environment text,
    properties jsonb, digest text, first_seen timestamptz)
ON CONFLICT (key, origin) DO UPDATE SET
    entity = excluded.entity, name = excluded.name, environment = excluded.environment,
    properties = excluded.properties, digest = excluded.digest, missing_since = NULL
""")
_WRITE_ENTITIES = text("""
INSERT INTO entities (key, name, kind, namespace, environment, properties)
SELECT key, name, kind, namespace, environment, properties
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(
    key text, name text, kind text, namespace text, environment text, properties jsonb)
ON CONFLICT (key) DO UPDATE SET
    name = excluded.name, environment = excluded.environment, properties = excluded.properties,
    missing_since = NULL
""")
_WRITE_NAMES = text("""
INSERT INTO entity_names (name, entity)
SELECT name, entity FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(name text, entity text)
ON CONFLICT DO NOTHING
""")


def keys_parameter(name: str) -> Any:
    """A list of texts as one parameter."""
    return bindparam(name, type_=ARRAY(Text()))


def batches(rows: Sequence[Any], size: int = BATCH) -> Iterator[Sequence[Any]]:
    """The rows, some at a time."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


async def write_sightings(tx: AsyncSession, rows: Sequence[Json]) -> None:
    """Add or replace what sources say of things."""
    for some in batches(rows):
        await tx.execute(_WRITE_SIGHTINGS, {"rows": as_json(some)})


async def write_entities(tx: AsyncSession, entities: Sequence[Entity]) -> None:
    """Add or replace entities, with the names that they are found by."""
    for some in batches(entities):
        rows = [{**e.model_dump(mode="json"), "key": e.key} for e in some]
        await tx.execute(_WRITE_ENTITIES, {"rows": as_json(rows)})
        names = [{"name": n, "entity": e.key} for e in some for n in _names(e)]
        await tx.execute(_WRITE_NAMES, {"rows": as_json(names)})


def _names(entity: Entity) -> list[str]:
    """In lower case, with single spaces, as texts are searched for them.

    Other systems' names for it may be anybody's text: those that every alert holds, and more than a thing can have, would
    draw to it what is said of others.
    """
    others = entity.properties.get("also_known_as")
    said = [entity.name, *map(str, others[:_MOST_NAMES] if isinstance(others, list) else ())]
    own, *more = [" ".join(n.lower().split())[:_LONGEST_NAME] for n in said]
    return list(dict.fromkeys(n for n in (own, *(n for n in more if n not in EVERYDAY)) if n))


def as_json(rows: Iterable[Any]) -> str:
    """Rows as one JSON text that PostgreSQL can hold."""
    return json.dumps(list(rows), separators=(",", ":"), default=_written)


def _written(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a row")


def clean(entity: Entity) -> Json:
    """An entity's columns without secrets, as JSON."""
    dumped: Json = storable(redact_data(entity.model_dump(mode="json")))
    return dumped


def digest_of(row: Mapping[str, Any]) -> str:
    """Equal for rows that say the same."""
    said = json.dumps(row, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.blake2b(said.encode(), digest_size=12).hexdigest()


def one_of(column: Any, keys: Iterable[str]) -> Any:
    """That a column is one of some keys, as one parameter: the statement stays the same however many there are."""
    return column == any_(literal(list(keys), ARRAY(Text())))


async def read_entities(tx: AsyncSession, *where: Any) -> tuple[Entity, ...]:
    """Entities by any condition, by key."""
    found = await tx.execute(_select(EntityRow, Entity).where(*where).order_by(EntityRow.key))
    return entities_of(found)


def entities_of(rows: Iterable[Any]) -> tuple[Entity, ...]:
    """Rows with the fields of ``Entity`` in their order, then whatever more."""
    return _ENTITIES.validate_python([dict(zip(_ENTITY_FIELDS, row, strict=False)) for row in rows])


async def read_relations(tx: AsyncSession, *where: Any) -> tuple[Relation, ...]:
    """Relations by any condition, in a stable order; each source's once for each pair of entities."""
    order = (RelationRow.source, RelationRow.target, RelationRow.kind, RelationRow.origin)
    found = await tx.execute(_select(RelationRow, Relation).where(*where).order_by(*order))
    rows = [dict(zip(_RELATION_FIELDS, row, strict=True)) for row in found]
    return tuple(
        {
            (r.source, r.target, r.kind, r.origin, r.evidence): r
            for r in _RELATIONS.validate_python(rows)
        }.values()
    )


def _select(table: Any, kind: type[Value]) -> Any:
    return select(*(getattr(table, name) for name in kind.model_fields))

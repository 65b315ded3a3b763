"""An entity is what its sightings together say; a stronger source's word on a property goes before a weaker one's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from agent.model import Entity
from agent.store.graph.rows import batches, keys_parameter, one_of, write_entities
from agent.store.mapping import value_of
from agent.store.tables import SightingRow

STRENGTH = ("slack", "repository", "pagerduty", "datadog", "inferred", "kubernetes", "engineer")
"""Sources by how much their word on a property counts, the weakest first; others are weaker still."""
_LISTS = ("also_known_as", "labels")
"""Properties whose values add up."""

_HIDE = text("""
UPDATE entities SET missing_since = now()
WHERE key = ANY(:keys) AND missing_since IS NULL
""").bindparams(keys_parameter("keys"))
_FORGET_NAMES = text("DELETE FROM entity_names WHERE entity = ANY(:keys)").bindparams(
    keys_parameter("keys")
)


async def rebuild(tx: AsyncSession, keys: Sequence[str]) -> None:
    """Make these entities anew from their sightings; those without any are hidden, until upkeep removes them."""
    for some in batches(list(dict.fromkeys(keys))):
        statement = select(SightingRow.__table__).where(
            one_of(SightingRow.entity, some), SightingRow.missing_since.is_(None)
        )
        of: dict[str, list[Any]] = defaultdict(list)
        for row in (await tx.execute(statement)).mappings():
            of[row["entity"]].append(row)
        await tx.execute(_FORGET_NAMES, {"keys": list(some)})
        await write_entities(tx, [merged(key, rows) for key, rows in of.items()])
        if gone := [k for k in some if k not in of]:
            await tx.execute(_HIDE, {"keys": gone})


async def sightings(tx: AsyncSession, key: str) -> dict[str, tuple[Entity, ...]]:
    """By source, the strongest first, what it shows of one entity."""
    statement = select(SightingRow.__table__).where(
        SightingRow.entity == key, SightingRow.missing_since.is_(None)
    )
    rows = (await tx.execute(statement.order_by(SightingRow.key))).mappings().all()
    origins = sorted({row["origin"] for row in rows}, key=_strength, reverse=True)
    return {o: tuple(value_of(Entity, row) for row in rows if row["origin"] == o) for o in origins}


def merged(key: str, sightings: Iterable[Any]) -> Entity:
    """What the sightings of one entity together say.

    Args:
        key: the entity's.
        sightings: mappings with the columns of ``SightingRow``; at least one.
    """
    ranked = sorted(sightings, key=lambda s: (_strength(s["origin"]), s["key"] == key, s["key"]))
    properties: dict[str, Any] = {}
    added: dict[str, dict[str, None]] = {n: {} for n in _LISTS}
    for sighting in ranked:
        for name, value in sighting["properties"].items():
            if name in added and isinstance(value, list):
                added[name] |= dict.fromkeys(map(str, value))
            else:
                properties[name] = value
    own = [s for s in ranked if s["key"] == key] or ranked
    others = {s["name"]: None for s in ranked if s["name"] != own[-1]["name"]}
    added["also_known_as"] |= others
    properties |= {n: list(values) for n, values in added.items() if values}
    namespace, kind, name = key.split("/", 2)
    return Entity(
        name=name,
        kind=kind,
        namespace="" if namespace == "-" else namespace,
        environment=next((s["environment"] for s in reversed(ranked) if s["environment"]), ""),
        properties=properties,
    )


def _strength(origin: str) -> int:
    return STRENGTH.index(origin) if origin in STRENGTH else -1

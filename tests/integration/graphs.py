"""Small graphs for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from agent.knowledge.facts import Seen
from agent.model import Entity, Relation

NOW = datetime.now(UTC).replace(microsecond=0)


def thing(
    name: str, kind: str = "service", environment: str = "production", **facts: Any
) -> Entity:
    """An entity; in no namespace if ``environment`` is empty."""
    return Entity(
        name=name, kind=kind, namespace=environment, environment=environment, properties=facts
    )


def key(name: str, kind: str = "service", environment: str = "production") -> str:
    """Its key."""
    return thing(name, kind, environment).key


def tie(source: str, target: str, kind: str = "depends_on", **more: Any) -> Relation:
    """A relation between two services of production, or between any two keys."""
    ends = [n if "/" in n else key(n) for n in (source, target)]
    given = {"origin": "kubernetes", "evidence": "seen", "first_seen": NOW, "last_confirmed": NOW}
    return Relation(source=ends[0], target=ends[1], kind=kind, **(given | more))


def seen(*facts: Entity | Relation, **more: Any) -> Seen:
    """What a source sees: entities and relations in any order."""
    return Seen(
        entities=tuple(f for f in facts if isinstance(f, Entity)),
        relations=tuple(f for f in facts if isinstance(f, Relation)),
        **more,
    )

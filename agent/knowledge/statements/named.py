"""Entities by the names that prose calls them."""

from __future__ import annotations

from collections.abc import Iterable

from agent.knowledge.statements.known import Known
from agent.model import Entity

SPOKEN_KINDS = (
    "service",
    "database",
    "cache",
    "queue",
    "bucket",
    "topic",
    "function",
    "statefulset",
    "deployment",
    "daemonset",
    "cronjob",
    "team",
)
"""Kinds that people mean by a bare name, in order: ``cart`` is the service before it is the Deployment."""
_TEAM = "team"


class Named:
    """Finds the entity that a name in prose means.

    Args:
        entities: all that may be meant.
        environment: the one that is meant where nothing else is said; production things win otherwise.
    """

    def __init__(self, entities: Iterable[Entity], environment: str = "production") -> None:
        self._by_name: dict[str, list[Entity]] = {}
        self._environment = environment
        for entity in entities:
            if entity.kind in SPOKEN_KINDS:
                for name in (entity.name, *_also(entity)):
                    self._by_name.setdefault(name.lower(), []).append(entity)
        self.known = Known(self._by_name)

    def entity(self, name: str, *, acting: bool = False) -> Entity | None:
        """The entity that is meant, or None. ``acting``: one that owns, which is a team; no team is meant otherwise."""
        found = [e for e in self._by_name.get(name.lower(), ()) if (e.kind == _TEAM) == acting]
        return min(found, key=self._rank, default=None)

    def _rank(self, entity: Entity) -> tuple[bool, int, str]:
        elsewhere = bool(entity.environment) and entity.environment != self._environment
        return (elsewhere, SPOKEN_KINDS.index(entity.kind), entity.key)


def _also(entity: Entity) -> list[str]:
    also = entity.properties.get("also_known_as")
    return (
        [a.rsplit("/", 1)[-1] for a in also if isinstance(a, str)] if isinstance(also, list) else []
    )

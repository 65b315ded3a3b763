"""Facts gathered from a repository: entities and relations, each once, with links to where they stand."""

from __future__ import annotations

from datetime import datetime

from agent.knowledge.facts import Seen
from agent.model import Entity, Json, Relation
from agent.redaction import redact_data

ORIGIN = "repository"


class Facts:
    """What one scan gathers.

    Args:
        now: the moment of the scan.
    """

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._entities: dict[str, Entity] = {}
        self._relations: dict[tuple[str, str, str], Relation] = {}

    def entity(
        self,
        name: str,
        kind: str,
        namespace: str = "",
        environment: str = "",
        properties: Json | None = None,
    ) -> str:
        """Add an entity, or to its properties; returns its key."""
        given = Entity(
            name=name.replace("/", "-")[:253],  # a key is split at its slashes
            kind=kind,
            namespace=namespace,
            environment=environment or namespace,
            properties=redact_data(properties or {}),
        )
        known = self._entities.get(given.key)
        if known is not None:
            both = {**given.properties, **known.properties}
            given = known.model_copy(update={"properties": both})
        self._entities[given.key] = given
        return given.key

    def relate(
        self,
        source: str,
        target: str,
        kind: str,
        evidence: str,
        confidence: float,
        *,
        holds: bool = True,
    ) -> None:
        """Add a relation; of several places that tell of it the surest stays."""
        key = (source, target, kind)
        known = self._relations.get(key)
        if source == target or (known is not None and known.confidence >= confidence):
            return
        self._relations[key] = Relation(
            source=source,
            target=target,
            kind=kind,
            origin=ORIGIN,
            evidence=evidence,
            confidence=confidence,
            holds=holds,
            first_seen=self._now,
            last_confirmed=self._now,
        )

    def names(self) -> dict[str, Entity]:
        """The entities by key."""
        return dict(self._entities)

    def seen(self, *, complete: bool) -> Seen:
        """All of it."""
        return Seen(
            entities=tuple(self._entities.values()),
            relations=tuple(self._relations.values()),
            complete=complete,
        )

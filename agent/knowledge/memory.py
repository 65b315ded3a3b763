"""What srebot knows beyond one investigation, read from the stored graph and patterns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from agent.model import Entity, Pattern, Relation, Signal

HOPS = 2
_WORD = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_SUBJECTS = (
    "statefulset",
    "deployment",
    "daemonset",
    "service",
    "database",
    "cache",
    "queue",
    "cronjob",
)
"""Kinds that an investigation may be about; of several with one name, the earlier kind is meant."""


class StoredGraph(Protocol):
    """The graph in the store."""

    async def entity(self, name: str, environment: str | None = None) -> list[Entity]:
        """The entities of that name."""

    async def neighbourhood(
        self, key: str, hops: int = 2
    ) -> tuple[tuple[Entity, ...], tuple[Relation, ...]]:
        """What is near an entity, itself first."""


class StoredPatterns(Protocol):
    """The patterns in the store."""

    async def similar(
        self, *, mode: str = "", symptoms: Sequence[str] = (), entity: str = "", limit: int = 5
    ) -> tuple[Pattern, ...]:
        """Those that resemble most."""


class StoredMemory:
    """The memory of the investigation loop, over the store."""

    def __init__(self, graph: StoredGraph, patterns: StoredPatterns) -> None:
        self._graph = graph
        self._patterns = patterns

    async def locate(self, text: str, environment: str = "") -> Entity | None:
        """The entity named in a text; of several the one with the longest name, in production if nothing else is said."""
        words = sorted(set(_WORD.findall(text)), key=lambda w: (-len(w), w))
        for word in words:
            found = await self._graph.entity(word.lower(), environment or None)
            if subject := _meant(found, environment or "production"):
                return subject
        return None

    async def around(
        self, name: str, namespace: str = ""
    ) -> tuple[tuple[Entity, ...], tuple[Relation, ...]]:
        """The neighbourhood of the entity of that name."""
        if not name:
            return (), ()
        subject = _meant(await self._graph.entity(name), namespace)
        return await self._graph.neighbourhood(subject.key, HOPS) if subject else ((), ())

    async def recall(self, signal: Signal) -> tuple[Pattern, ...]:
        """The patterns that resemble a signal, the closest first."""
        return await self._patterns.similar(symptoms=(signal.title,), entity=signal.service)


def _meant(found: Sequence[Entity], namespace: str) -> Entity | None:
    subjects = [e for e in found if e.kind in _SUBJECTS]
    subjects.sort(
        key=lambda e: (namespace not in (e.namespace, e.environment), _SUBJECTS.index(e.kind))
    )
    return subjects[0] if subjects else None

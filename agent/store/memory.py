"""What srebot knows beyond one investigation, as the loop asks for it: the graph around a name, and similar patterns."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

from sqlalchemy import select

from agent.learning.features import features_of_signal
from agent.model import Entity, Pattern, Relation, Signal
from agent.store.engine import Sessions
from agent.store.graph import GraphStore
from agent.store.graph.rows import EVERYDAY, one_of, read_entities
from agent.store.patterns import Patterns
from agent.store.recalling import Wanted
from agent.store.repositories import Repository
from agent.store.tables import AliasRow, EntityRow

HOPS = 2
_WORKLOADS = (
    "service",
    "database",
    "cache",
    "queue",
    "deployment",
    "statefulset",
    "daemonset",
    "cronjob",
)
"""Of entities with the same name, the ones that are meant first."""
_UNMEANT = ("monitor", "configmap", "secret")
_LONGEST_TEXT = 20_000
_LONGEST_NAME = 5
"""Words of the longest name looked for."""
_MOST_WORDS = 1_500
_WORD = re.compile(r"[a-z0-9][a-z0-9._/-]*[a-z0-9]|[a-z0-9]")
_INVESTIGATED = 100
"""Entities of a neighbourhood that an investigation is given."""


_Around = tuple[tuple[Entity, ...], tuple[Relation, ...]]


class GraphMemory(Repository):
    """Implements ``agent.ports.Memory`` on the stored graph and patterns."""

    def __init__(self, sessions: Sessions, patterns: Patterns | None = None) -> None:
        super().__init__(sessions)
        self._patterns = patterns or Patterns(sessions)
        self._walks: dict[tuple[str, str], asyncio.Task[_Around]] = {}
        """Looks around that are under way: the investigations of one outage begin together."""

    async def locate(self, text: str, environment: str = "") -> Entity | None:
        """The known entity that a text speaks of, by its name or another system's name for it.

        The longest name found is meant; of several things with that name, a service before its parts.
        """
        said = text[:_LONGEST_TEXT].lower()
        statement = select(AliasRow.name, AliasRow.entity).where(
            one_of(AliasRow.name, _candidates(said))
        )
        async with self._transaction() as tx:
            names: dict[str, str] = {}
            for row in await tx.execute(statement):
                names[row.entity] = max(names.get(row.entity, row.name), row.name, key=_tells)
            if not names:
                return None
            where = [one_of(EntityRow.key, names), EntityRow.missing_since.is_(None)]
            if environment:
                where.append(EntityRow.environment.in_(("", environment)))
            found = await read_entities(tx, *where)
        meant = [e for e in found if e.kind not in _UNMEANT] or found
        return min(meant, key=lambda e: (-_tells(names[e.key]), *_rank(e)), default=None)

    async def around(
        self, name: str, namespace: str = ""
    ) -> tuple[tuple[Entity, ...], tuple[Relation, ...]]:
        """What is within two relations of an entity, itself first, and who says of each relation that it holds.

        ``namespace`` may be an environment's name as well. Empty when the entity is unknown. Those who ask the same at
        the same time are given one answer.
        """
        asked = (name, namespace)
        if (walk := self._walks.get(asked)) is None:
            walk = self._walks[asked] = asyncio.create_task(self._walked(name, namespace))
            walk.add_done_callback(lambda _: self._walks.pop(asked, None))
        return await asyncio.shield(walk)

    async def _walked(self, name: str, namespace: str) -> _Around:
        graph = GraphStore(self._sessions)
        same = [
            e for e in await graph.entity(name) if namespace in ("", e.namespace, e.environment)
        ]
        entities: dict[str, Entity] = {}
        relations: dict[tuple[str, str, str, str], Relation] = {}
        for entity in sorted(same, key=_rank):
            near = await graph.neighbourhood(entity.key, HOPS, _INVESTIGATED)
            entities |= {e.key: e for e in near.entities if e.key not in entities}
            for belief in near.beliefs:
                relations |= {(r.source, r.target, r.kind, r.origin): r for r in belief.said_by}
        return tuple(entities.values()), tuple(relations.values())

    async def recall(self, signal: Signal) -> tuple[Pattern, ...]:
        """Patterns that resemble the signal, the closest first."""
        entities, relations = await self.around(
            signal.service, signal.namespace or signal.environment
        )
        features = features_of_signal(signal, entities, relations)
        wanted = Wanted(text=signal.title, features=features, entity=signal.service)
        return await self._patterns.recall(wanted)


def _candidates(text: str) -> Iterator[str]:
    """Every run of a few words in a text, as a name may be written in it."""
    words = _WORD.findall(text)[:_MOST_WORDS]
    found: dict[str, None] = {}
    for start in range(len(words)):
        for length in range(1, _LONGEST_NAME + 1):
            if start + length <= len(words):
                found[" ".join(words[start : start + length])] = None
    yield from found


def _tells(name: str) -> int:
    """How much a name found in a text tells of what is meant: the more the longer, but for words of every alert."""
    return 0 if name in EVERYDAY else len(name)


def _rank(entity: Entity) -> tuple[bool, int, str]:
    """Production first, then what is more likely meant."""
    known = entity.kind in _WORKLOADS
    place = _WORKLOADS.index(entity.kind) if known else len(_WORKLOADS)
    return (entity.environment != "production", place, entity.key)

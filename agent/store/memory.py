"""What srebot knows beyond one investigation, as the loop asks for it: the graph around a name, and similar patterns."""

from __future__ import annotations

import re

from sqlalchemy import func, literal, select

from agent.model import Entity, Pattern, Relation, Signal
from agent.store.graph import Graph, GraphStore
from agent.store.mapping import value_of
from agent.store.patterns import Patterns
from agent.store.repositories import Repository
from agent.store.tables import EntityRow

HOPS = 2
_WORKLOADS = ("deployment", "statefulset", "daemonset", "cronjob", "service", "database", "cache")
"""Of entities with the same name, the ones that are meant first."""
_LONGEST_TEXT = 20_000


class GraphMemory(Repository):
    """Implements ``agent.ports.Memory`` on the stored graph and patterns."""

    async def locate(self, text: str, environment: str = "") -> Entity | None:
        """The known entity whose name a text speaks of: the longest name, a workload before its parts."""
        said = text[:_LONGEST_TEXT].lower()
        statement = select(EntityRow.__table__).where(
            func.strpos(literal(said), func.lower(EntityRow.name)) > 0
        )
        if environment:
            statement = statement.where(EntityRow.environment.in_(("", environment)))
        async with self._transaction() as tx:
            rows = (await tx.execute(statement)).mappings().all()
        named = [e for e in (value_of(Entity, row) for row in rows) if _speaks_of(said, e.name)]
        return min(named, key=lambda e: (-len(e.name), *_rank(e)), default=None)

    async def around(self, name: str, namespace: str = "") -> Graph:
        """What is within two relations of an entity, itself first; empty when it is unknown.

        ``namespace`` may be an environment's name as well.
        """
        graph = GraphStore(self._sessions)
        same = [
            e for e in await graph.entity(name) if namespace in ("", e.namespace, e.environment)
        ]
        entities: dict[str, Entity] = {}
        relations: dict[tuple[str, str, str, str], Relation] = {}
        for entity in sorted(same, key=_rank):
            near, ties = await graph.neighbourhood(entity.key, HOPS)
            entities |= {e.key: e for e in near if e.key not in entities}
            relations |= {(r.source, r.target, r.kind, r.origin): r for r in ties}
        return tuple(entities.values()), tuple(relations.values())

    async def recall(self, signal: Signal) -> tuple[Pattern, ...]:
        """Patterns that resemble the signal, the closest first."""
        return await Patterns(self._sessions).similar(
            symptoms=(signal.title,), entity=signal.service
        )


def _speaks_of(text: str, name: str) -> bool:
    """Whether the name stands in the text as a word: ``cart`` is not in ``cart-worker``."""
    return bool(re.search(rf"(?<![\w-]){re.escape(name.lower())}(?![\w-])", text))


def _rank(entity: Entity) -> tuple[bool, int, str]:
    """Production first, then what is more likely meant."""
    known = entity.kind in _WORKLOADS
    place = _WORKLOADS.index(entity.kind) if known else len(_WORKLOADS)
    return (entity.environment != "production", place, entity.key)

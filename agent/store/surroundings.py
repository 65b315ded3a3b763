"""What lies around an entity, as triage and correlation need it; remembered for a minute, for storms ask it often."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from pydantic import Field

from agent.knowledge.graph import name_of
from agent.model import Entity, Value
from agent.store.graph import GraphStore

REMEMBERED_SECONDS = 60.0
CAUSE_HOPS = 2
"""How far from what alerts its cause is looked for, in dependencies."""
_MOST_REMEMBERED = 5_000
_MOST_REACHED = 100
_MOST_ALIKE = 4
"""Entities of one name and place that are looked around, the service before its workload."""
_FIRST = ("service", "deployment", "statefulset", "daemonset", "database", "cache", "cronjob")
_NO_PARTY = frozenset({"team", "person", "node", "configmap", "secret", "namespace", "monitor"})
"""Kinds of entity that are no cause by which alerts are correlated."""


class Surroundings(Value):
    """An entity, who depends on it, and where the cause of its trouble can sit."""

    key: str = ""
    """Of the entity; empty when it is not known which one is meant."""
    entities: tuple[Entity, ...] = ()
    """Those of its name, the likeliest meant first."""
    causes: dict[str, int] = Field(default_factory=dict)
    """Key -> how many dependencies away, of itself and all that it depends on."""
    dependants: tuple[str, ...] = ()
    """Names of those that depend directly on it."""

    @property
    def name(self) -> str:
        """The entity's name."""
        return name_of(self.key)

    @property
    def environment(self) -> str:
        """Of the entity that is likeliest meant; empty when it is unknown."""
        return self.entities[0].environment if self.entities else ""


def folded(key: str) -> str:
    """Namespace and name of a key: a service, its Deployment and its Pods' set are one place for trouble."""
    namespace, _, rest = key.partition("/")
    return f"{namespace}/{name_of(rest)}"


class _Known(NamedTuple):
    since: float
    found: asyncio.Task[Surroundings]


class SurroundingsMemory:
    """Looks around entities; who asks the same at the same time waits for the one look.

    Args:
        graph: the graph.
        clock: seconds, for forgetting.
    """

    def __init__(self, graph: GraphStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._graph = graph
        self._clock = clock
        self._known: OrderedDict[tuple[str, str], _Known] = OrderedDict()

    async def of(self, service: str, namespace: str) -> Surroundings:
        """What lies around a service; ``namespace`` may be an environment's name as well."""
        if not service:
            return Surroundings()
        place, now = (service, namespace), self._clock()
        known = self._known.get(place)
        if known is None or now - known.since >= REMEMBERED_SECONDS or _failed(known.found):
            known = _Known(now, asyncio.create_task(self._look(service, namespace)))
            self._known[place] = known
            self._known.move_to_end(place)
            if len(self._known) > _MOST_REMEMBERED:
                self._known.popitem(last=False)
        return await asyncio.shield(known.found)

    async def _look(self, service: str, namespace: str) -> Surroundings:
        named = await self._graph.entity(service)
        meant = [e for e in named if namespace in ("", e.namespace, e.environment)]
        own = sorted((e for e in meant if e.kind not in _NO_PARTY), key=_rank)
        if not own:
            key = f"{namespace or '-'}/service/{service}"
            return Surroundings(key=key, causes={key: 0})
        here = own[0].environment
        own = [e for e in own if e.environment == here]
        causes, dependants = {own[0].key: 0}, set()
        for entity in own[:_MOST_ALIKE]:
            down = await self._graph.blast_radius(
                entity.key, upstream=False, hops=CAUSE_HOPS, limit=_MOST_REACHED
            )
            for reached in down:
                key = reached.entity.key
                causes[key] = min(reached.distance, causes.get(key, reached.distance))
            up = await self._graph.blast_radius(
                entity.key, upstream=True, hops=1, limit=_MOST_REACHED
            )
            dependants |= {r.entity.name for r in up}
        return Surroundings(
            key=own[0].key,
            entities=tuple(own),
            causes=_unfolded(causes),
            dependants=tuple(sorted(dependants - {service})),
        )


def _failed(task: asyncio.Task[Surroundings]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


def _rank(entity: Entity) -> tuple[bool, int, str]:
    """Production first, then what is likelier meant by a name."""
    place = _FIRST.index(entity.kind) if entity.kind in _FIRST else len(_FIRST)
    return (entity.environment != "production", place, entity.key)


def _unfolded(causes: dict[str, int]) -> dict[str, int]:
    """One key for each place of trouble, the nearest."""
    nearest: dict[str, str] = {}
    for key, hops in causes.items():
        known = nearest.get(folded(key))
        if known is None or hops < causes[known]:
            nearest[folded(key)] = key
    return {key: causes[key] for key in nearest.values()}

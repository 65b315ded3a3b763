"""What lies around an entity, as triage and correlation need it; remembered for a minute, for storms ask it often."""

from __future__ import annotations

import time
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable

from pydantic import Field

from agent.knowledge.graph import DEPENDS, name_of
from agent.model import Entity, Relation, Value
from agent.store.memory import GraphMemory

REMEMBERED_SECONDS = 60.0
CAUSE_HOPS = 2
"""How far from what alerts its cause is looked for, in dependencies."""
_MOST_REMEMBERED = 5_000
_NO_PARTY = frozenset({"team", "person", "node", "configmap", "secret", "namespace", "monitor"})
"""Kinds of entity that are no cause by which alerts are correlated."""
_LEAST_CONFIDENCE = 0.3


class Surroundings(Value):
    """An entity, who depends on it, and where the cause of its trouble can sit."""

    key: str = ""
    """Of the entity; empty when it is not known which one is meant."""
    entities: tuple[Entity, ...] = ()
    """Those of its name, the most likely meant first."""
    causes: dict[str, int] = Field(default_factory=dict)
    """Key -> how many dependencies away, of itself and all that it depends on."""
    dependants: tuple[str, ...] = ()
    """Names of those that depend directly on it."""

    @property
    def name(self) -> str:
        """The entity's name."""
        return name_of(self.key)


def folded(key: str) -> str:
    """Namespace and name of a key: a service, its Deployment and its Pods' set are one place for trouble."""
    namespace, _, rest = key.partition("/")
    return f"{namespace}/{name_of(rest)}"


class SurroundingsMemory:
    """Looks around entities.

    Args:
        memory: the graph.
        clock: seconds, for forgetting.
    """

    def __init__(self, memory: GraphMemory, clock: Callable[[], float] = time.monotonic) -> None:
        self._memory = memory
        self._clock = clock
        self._known: OrderedDict[tuple[str, str], tuple[float, Surroundings]] = OrderedDict()

    async def of(self, service: str, namespace: str) -> Surroundings:
        """What lies around a service; ``namespace`` may be an environment's name as well."""
        if not service:
            return Surroundings()
        place = (service, namespace)
        now = self._clock()
        if (known := self._known.get(place)) is not None and now - known[0] < REMEMBERED_SECONDS:
            return known[1]
        entities, relations = await self._memory.around(service, namespace)
        found = surroundings_of(service, namespace, entities, relations)
        self._known[place] = (now, found)
        self._known.move_to_end(place)
        if len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)
        return found


def surroundings_of(
    service: str, namespace: str, entities: Iterable[Entity], relations: Iterable[Relation]
) -> Surroundings:
    """What a part of the graph says on a service in it."""
    known = [e for e in entities if e.kind not in _NO_PARTY]
    own = tuple(e for e in known if e.name == service)
    key = own[0].key if own else f"{namespace or '-'}/service/{service}"
    names = {folded(e.key): e.key for e in reversed(known)}
    down, up = _dependencies(relations)
    here = [folded(e.key) for e in own] or [folded(key)]
    causes = _reached(here, down)
    users = {u for place in here for u in up[place]} - set(here)
    return Surroundings(
        key=key,
        entities=own,
        causes={key: 0} | {names.get(p, p.replace("/", "/service/", 1)): n for p, n in causes if n},
        dependants=tuple(sorted(name_of(u) for u in users)),
    )


def _dependencies(
    relations: Iterable[Relation],
) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """What depends on what, and the other way round, by folded key."""
    down: dict[str, set[str]] = defaultdict(set)
    up: dict[str, set[str]] = defaultdict(set)
    denied = {(r.source, r.target, r.kind) for r in relations if not r.holds}
    for relation in relations:
        tie = (relation.source, relation.target, relation.kind)
        weak = relation.confidence < _LEAST_CONFIDENCE or relation.missing_since is not None
        if relation.kind in DEPENDS and not weak and tie not in denied:
            source, target = folded(relation.source), folded(relation.target)
            down[source].add(target)
            up[target].add(source)
    return down, up


def _reached(start: list[str], down: dict[str, set[str]]) -> list[tuple[str, int]]:
    """Everything within ``CAUSE_HOPS`` dependencies, with its distance."""
    distance = dict.fromkeys(start, 0)
    waiting = deque(start)
    while waiting:
        place = waiting.popleft()
        if distance[place] == CAUSE_HOPS:
            continue
        for further in sorted(down[place] - distance.keys()):
            distance[further] = distance[place] + 1
            waiting.append(further)
    return list(distance.items())

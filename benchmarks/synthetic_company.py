"""A large company as its sources would show it: mostly small services, some hubs that everything hangs on."""

from __future__ import annotations

import bisect
import itertools
import random
from collections.abc import Iterator
from datetime import UTC, datetime

from agent.knowledge.facts import Seen
from agent.model import Entity, Relation

_SEEN_AT = datetime(2026, 11, 25, 6, tzinfo=UTC)
_POPULARITY = 0.9
"""Exponent of the Zipf law by which services are called: the first of 9,000 by thousands, most by a few."""
_PER_SERVICE = (
    ("deployment", 1.0, "runs"),
    ("kubernetes_service", 0.7, "routes_to"),
    ("configmap", 0.9, "configured_by"),
    ("secret", 0.6, "uses_secret"),
    ("poddisruptionbudget", 0.4, "protects"),
    ("horizontalpodautoscaler", 0.3, "scales"),
    ("cronjob", 0.2, "depends_on"),
)
"""Kind of a service's parts, how many of them it has on average, and how they are tied to it."""
_SHARED = (("node", 500), ("team", 250), ("database", 900), ("cache", 500), ("queue", 150))
_NAMESPACES = 200
_NODES_EACH = 3
_CALLS_EACH = 6
_HUBS = 160


class Company:
    """Entities and relations of the wanted size, the same for the same seed.

    Args:
        entities: how many in all; about 5 to each service.
        relations: how many in all; what the structure does not need becomes calls between services.
        seed: of the random choices.
    """

    def __init__(self, entities: int, relations: int, seed: int = 3) -> None:
        self._random = random.Random(seed)
        shared = sum(count for _, count in _SHARED)
        each = 1 + sum(share for _, share, _ in _PER_SERVICE)
        self.services = [self._entity("service", n) for n in range(int((entities - shared) / each))]
        self._shared = {
            kind: [self._entity(kind, n) for n in range(count)] for kind, count in _SHARED
        }
        self._ranks = list(
            itertools.accumulate((n + 1) ** -_POPULARITY for n in range(len(self.services)))
        )
        self._ties: dict[tuple[str, str, str], Relation] = {}
        self._parts = list(self._structure())
        self._fill(entities, relations)

    @property
    def seen(self) -> Seen:
        """All of it, as one scan."""
        shared = itertools.chain.from_iterable(self._shared.values())
        entities = (*self.services, *shared, *self._parts)
        return Seen(entities=entities, relations=tuple(self._ties.values()))

    @property
    def hubs(self) -> list[str]:
        """Keys of what most hangs on: popular services, nodes and teams."""
        busy = (self.services, self._shared["node"], self._shared["team"])
        return [e.key for row in zip(*busy, strict=False) for e in row][:_HUBS]

    @property
    def popular(self) -> list[str]:
        """Keys of the services that most others call."""
        return [e.key for e in self.services[:_HUBS]]

    def _structure(self) -> Iterator[Entity]:
        """What each service consists of, runs on, belongs to and uses."""
        for n, service in enumerate(self.services):
            for kind, share, tie in _PER_SERVICE:
                if self._random.random() < share:
                    part = self._entity(kind, n, service.namespace)
                    inward = kind in ("poddisruptionbudget", "horizontalpodautoscaler", "cronjob")
                    self._tie(part if inward else service, service if inward else part, tie)
                    yield part
            self._tie(self._random.choice(self._shared["team"]), service, "owns")
            for node in self._random.sample(self._shared["node"], _NODES_EACH):
                self._tie(service, node, "on_node")
            for kind in ("database", "cache", "queue"):
                if self._random.random() < 0.5:
                    self._tie(service, self._random.choice(self._shared[kind]), "depends_on")
            for _ in range(self._random.randint(1, 2 * _CALLS_EACH)):
                self._tie(service, self._popular(), "calls")

    def _fill(self, entities: int, relations: int) -> None:
        """Make up the rest of the numbers: jobs, and calls by popularity."""
        known = len(self.services) + sum(map(len, self._shared.values())) + len(self._parts)
        self._parts += [self._entity("job", n) for n in range(max(0, entities - known))]
        while len(self._ties) < relations:
            self._tie(self._random.choice(self.services), self._popular(), "calls")

    def _popular(self) -> Entity:
        place = bisect.bisect(self._ranks, self._random.random() * self._ranks[-1])
        return self.services[min(place, len(self.services) - 1)]

    def _entity(self, kind: str, number: int, namespace: str = "") -> Entity:
        return Entity(
            name=f"{kind.replace('_', '-')}-{number}",
            kind=kind,
            namespace=namespace or f"space-{number % _NAMESPACES}",
            environment="production",
            properties={"tier": 1 + number % 3, "replicas": 1 + number % 5},
        )

    def _tie(self, source: Entity, target: Entity, kind: str) -> None:
        if source.key == target.key:
            return
        relation = Relation(
            source=source.key,
            target=target.key,
            kind=kind,
            origin="datadog" if kind == "calls" else "kubernetes",
            evidence="synthetic",
            confidence=self._random.choice((0.6, 0.8, 0.95, 1.0)),
            first_seen=_SEEN_AT,
            last_confirmed=_SEEN_AT,
        )
        self._ties.setdefault((relation.source, relation.target, kind), relation)

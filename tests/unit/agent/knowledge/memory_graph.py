"""A small company's graph in memory, as the tools see it."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import networkx as nx

from agent.knowledge.facts import (
    Belief,
    ChangeType,
    Constraint,
    Context,
    EntityChange,
    Explanation,
    Neighbourhood,
    Reached,
    SameAs,
)
from agent.knowledge.graph import DEPENDS
from agent.model import Entity, Relation

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def thing(
    name: str, kind: str = "service", environment: str = "production", **facts: Any
) -> Entity:
    return Entity(
        name=name, kind=kind, namespace=environment, environment=environment, properties=facts
    )


def says(
    source: str,
    target: str,
    kind: str = "depends_on",
    origin: str = "kubernetes",
    *,
    holds: bool = True,
    days_ago: float = 0.0,
    evidence: str = "",
    confidence: float = 0.9,
) -> Relation:
    at = NOW - timedelta(days=days_ago)
    return Relation(
        source=source,
        target=target,
        kind=kind,
        origin=origin,
        evidence=evidence or f"seen by {origin}",
        confidence=confidence,
        holds=holds,
        first_seen=at - timedelta(days=3),
        last_confirmed=at,
    )


def key(name: str, kind: str = "service", environment: str = "production") -> str:
    return f"{environment}/{kind}/{name}"


@dataclass
class MemoryGraph:
    """Implements what the tools read; beliefs are made as simply as tells them apart."""

    entities: list[Entity] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    journal: list[EntityChange] = field(default_factory=list)
    merges: list[SameAs] = field(default_factory=list)
    single: frozenset[str] = frozenset()

    async def get(self, key: str) -> Entity | None:
        return next((e for e in self.entities if e.key == key), None)

    async def entity(self, name: str, environment: str | None = None) -> list[Entity]:
        return [e for e in self.entities if e.name == name and environment in (None, e.environment)]

    def beliefs(self) -> list[Belief]:
        groups: dict[tuple[str, str, str], list[Relation]] = {}
        for relation in self.relations:
            groups.setdefault((relation.source, relation.target, relation.kind), []).append(
                relation
            )
        found = []
        for (source, target, kind), said in groups.items():
            saying, denying = [r for r in said if r.holds], [r for r in said if not r.holds]
            outranked = any(r.origin == "engineer" for r in denying)
            sure = 0.0 if outranked or not saying else max(r.confidence for r in saying)
            weak = len(saying) == 1 and saying[0].confidence < 0.7
            found.append(
                Belief(
                    source=source,
                    target=target,
                    kind=kind,
                    confidence=sure,
                    tentative=weak or bool(denying),
                    contradicted=bool(saying and denying),
                    said_by=tuple(sorted(said, key=lambda r: -r.confidence)),
                )
            )
        return found

    async def belief(self, source: str, target: str, kind: str = "") -> tuple[Belief, ...]:
        return tuple(
            b
            for b in self.beliefs()
            if (b.source, b.target) == (source, target) and kind in ("", b.kind)
        )

    async def neighbourhood(self, key: str, hops: int = 2, limit: int = 200) -> Neighbourhood:
        graph = nx.Graph([(b.source, b.target) for b in self.beliefs()])
        graph.add_node(key)
        near = nx.single_source_shortest_path_length(graph, key, hops)
        keys = sorted(near, key=lambda k: (near[k], k))[:limit]
        known = {e.key: e for e in self.entities}
        return Neighbourhood(
            entities=tuple(known[k] for k in keys if k in known),
            beliefs=tuple(b for b in self.beliefs() if {b.source, b.target} <= set(keys)),
            cut=len(near) > limit,
        )

    async def blast_radius(
        self, key: str, upstream: bool, hops: int = 6, limit: int = 200
    ) -> tuple[Reached, ...]:
        known = {e.key: e for e in self.entities}
        ties = [b for b in self.beliefs() if b.kind in DEPENDS and b.confidence > 0]
        paths: dict[str, tuple[tuple[str, ...], float]] = {key: ((key,), 1.0)}
        waiting = deque([key])
        while waiting:
            here = waiting.popleft()
            for tie in ties:
                near, far = (tie.target, tie.source) if upstream else (tie.source, tie.target)
                if near == here and far not in paths and len(paths[here][0]) <= hops:
                    paths[far] = ((*paths[here][0], far), paths[here][1] * tie.confidence)
                    waiting.append(far)
        return tuple(
            Reached(entity=known[k], distance=len(path) - 1, path=path, confidence=sure)
            for k, (path, sure) in paths.items()
            if k != key
        )[:limit]

    async def explain(self, a: str, b: str, most: int = 3) -> tuple[Explanation, ...]:
        ties = {(x.source, x.target): x for x in self.beliefs() if x.confidence > 0}
        graph = nx.Graph(list(ties))
        if a not in graph or b not in graph or not nx.has_path(graph, a, b):
            return ()
        found = []
        for path in list(nx.all_shortest_paths(graph, a, b))[:most]:
            steps = [ties.get((x, y)) or ties[y, x] for x, y in itertools.pairwise(path)]
            found.append(Explanation(path=tuple(path), beliefs=tuple(steps), confidence=0.8))
        return tuple(found)

    async def among(self, keys: Sequence[str]) -> tuple[Belief, ...]:
        return tuple(b for b in self.beliefs() if {b.source, b.target} <= set(keys))

    async def denied(self, key: str) -> tuple[Belief, ...]:
        return tuple(
            b
            for b in self.beliefs()
            if key in (b.source, b.target) and not all(r.holds for r in b.said_by)
        )

    async def context(self, key: str) -> Context:
        entity = next(e for e in self.entities if e.key == key)
        alone = Constraint(entity=key, kind="single_replica", statement="a single replica")
        return Context(entity=entity, constraints=(alone,) if key in self.single else ())

    async def changes(
        self, keys: Sequence[str], since: datetime, until: datetime | None = None, limit: int = 100
    ) -> tuple[EntityChange, ...]:
        return tuple(c for c in self.journal if c.entity in keys and c.at >= since)[:limit]

    async def merges_of(self, key: str) -> tuple[SameAs, ...]:
        return tuple(m for m in self.merges if m.canonical == key)


@dataclass
class MemoryStore:
    """The graph with the ways to find things in it."""

    graph: MemoryGraph

    @property
    def memory(self) -> MemoryStore:
        return self

    @property
    def names(self) -> MemoryStore:
        return self

    async def locate(self, text: str, environment: str = "") -> Entity | None:
        said = text.lower()
        for entity in self.graph.entities:
            aliases = [str(a).lower() for a in entity.properties.get("also_known_as") or ()]
            if said in aliases:
                return entity
        return None

    async def near(self, text: str, most: int = 3) -> tuple[str, ...]:
        names = {e.name for e in self.graph.entities if e.kind == "service"}
        return tuple(sorted(n for n in names if n[:3] == text.lower()[:3]))[:most]


def company() -> MemoryStore:
    """The shop: gateway and checkout above cart, session and auth; redis-reco and auth-db below."""
    services = {
        "gateway": {"tier": "1", "team": "platform"},
        "checkout": {"tier": "1", "team": "payments", "also_known_as": ["Checkout API (prod)"]},
        "cart": {"tier": "1", "team": "payments"},
        "session": {"tier": "1", "team": "identity"},
        "auth": {"tier": "1", "team": "identity"},
        "auth-db": {"tier": "1", "team": "identity"},
        "redis-reco": {"tier": "1", "team": "discovery"},
        "search": {"tier": "2", "team": "discovery"},
        "notifications": {"tier": "3", "team": "platform"},
    }
    entities = [thing(name, **facts) for name, facts in services.items()]
    entities += [
        thing("cart", environment="staging"),
        thing("cart", "deployment", replicas={"desired": 3, "ready": 3}),
        thing("redis-reco-backup", "cronjob", tier="3", schedule="30 2 * * *"),
        thing("Purchase", "business_service"),
        Entity(name="identity", kind="team"),
        Entity(name="payments", kind="team"),
        Entity(name="Identity", kind="escalation_policy", properties=_CALLED),
    ]
    relations = [
        says(key("cart"), key("redis-reco"), evidence="REDIS_URL in ConfigMap cart-config"),
        says(key("cart"), key("redis-reco"), origin="datadog", evidence="https://dd.example/cart"),
        says(key("session"), key("redis-reco")),
        says(key("redis-reco-backup", "cronjob"), key("redis-reco"), "targets"),
        says(
            key("notifications"), key("redis-reco"), origin="runbook", confidence=0.4, days_ago=240
        ),
        says(key("search"), key("redis-reco"), confidence=0.8),
        says(
            key("search"), key("redis-reco"), origin="engineer", holds=False, evidence="https://s/1"
        ),
        says(key("checkout"), key("cart")),
        says(key("gateway"), key("cart")),
        says(key("gateway"), key("auth")),
        says(key("session"), key("auth")),
        says(key("auth"), key("auth-db")),
        says(key("Purchase", "business_service"), key("checkout"), origin="pagerduty"),
        says("-/team/identity", key("auth"), "owns", "pagerduty"),
        says("-/team/identity", key("auth"), "owns", "datadog"),
        says("-/escalation_policy/Identity", key("auth"), "escalates", "pagerduty"),
        says(key("cart"), key("cart", "deployment"), "runs"),
    ]
    journal = [
        EntityChange(
            at=NOW - timedelta(minutes=40),
            entity=key("auth"),
            type=ChangeType.ROLLOUT,
            what="image of auth: 5.8.0 -> 5.8.1",
            origin="kubernetes",
        ),
        EntityChange(
            at=NOW - timedelta(hours=30),
            entity=key("auth-db"),
            type=ChangeType.CONFIG,
            what="max_connections: 100 -> 200",
            origin="kubernetes",
        ),
    ]
    return MemoryStore(
        MemoryGraph(entities, relations, journal, single=frozenset({key("redis-reco")}))
    )


_CALLED = {"on_call": [{"level": 1, "name": "Mira Okafor", "email": "mira@example.com"}]}

"""The tools by which a reasoner asks the graph of the company; each answer says where every fact comes from.

The data of each reading has the shape that its builder in ``agent.knowledge.readings`` documents; its ``scene`` is what
a picture of the answer shows; its ``raw`` holds the facts as they are stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Protocol

from pydantic import Field

from agent.errors import BadArguments
from agent.knowledge import readings
from agent.knowledge.facts import (
    Belief,
    Context,
    EntityChange,
    Explanation,
    Neighbourhood,
    Reached,
    SameAs,
)
from agent.knowledge.finding import Findable, Graph, find
from agent.knowledge.graph import DEPENDS
from agent.model import Entity, Reading
from agent.tools import tool

Name = Annotated[
    str,
    Field(
        description="name as people or vendors say it, or its key such as production/service/cart"
    ),
]
Environment = Annotated[str, Field(description="such as production; empty: wherever it is")]
HOPS = 6
MOST_REACHED = 200
_MOST_CHANGES = 100
_CONSTRAINED = 12
"""How many of the nearest entities are looked at for single replicas."""


class Facts(Graph, Protocol):
    """What is read of the graph."""

    async def neighbourhood(self, key: str, hops: int = 2, limit: int = 200) -> Neighbourhood:
        """What is near an entity, itself first."""

    async def blast_radius(
        self, key: str, upstream: bool, hops: int = 6, limit: int = 200
    ) -> tuple[Reached, ...]:
        """Who depends on an entity (``upstream``), or what it depends on."""

    async def explain(self, a: str, b: str, most: int = 3) -> tuple[Explanation, ...]:
        """The shortest chains between two entities."""

    async def belief(self, source: str, target: str, kind: str = "") -> tuple[Belief, ...]:
        """What all sources make of the relations between two entities."""

    async def denied(self, key: str) -> tuple[Belief, ...]:
        """The relations at an entity that somebody denies."""

    async def context(self, key: str) -> Context:
        """Constraints and patterns."""

    async def changes(
        self, keys: Sequence[str], since: datetime, until: datetime | None = None, limit: int = 100
    ) -> tuple[EntityChange, ...]:
        """The journal of some entities, the latest first."""

    async def among(self, keys: Sequence[str]) -> tuple[Belief, ...]:
        """What is believed of the relations among some entities."""

    async def merges_of(self, key: str) -> tuple[SameAs, ...]:
        """Which keys were found to mean this entity."""


class Known(Findable, Protocol):
    """Where the graph is kept, with the ways to find things in it."""

    @property
    def graph(self) -> Facts:
        """The graph."""


def _now() -> datetime:
    return datetime.now(UTC)


class GraphTools:
    """Read tools on what srebot knows of the company."""

    def __init__(self, store: Known, now: Callable[[], datetime] = _now) -> None:
        self._store = store
        self._graph = store.graph
        self._now = now

    @tool("graph", cost_seconds=0.1, deadline_seconds=10.0, shared=False)
    async def graph_dependants(self, entity: Name, environment: Environment = "") -> Reading:
        """What depends on something, directly and through others: who would be hit if it went away. With paths,
        confidence, tiers, single replicas, and the business services that customers would miss."""
        return await self._radius(entity, environment, upstream=True)

    @tool("graph", cost_seconds=0.1, deadline_seconds=10.0, shared=False)
    async def graph_dependencies(self, entity: Name, environment: Environment = "") -> Reading:
        """What something depends on, directly and through others, with paths and confidence."""
        return await self._radius(entity, environment, upstream=False)

    @tool("graph", cost_seconds=0.05, deadline_seconds=10.0, shared=False)
    async def graph_why(
        self,
        source: Annotated[str, Field(description="the one that is thought to use the other")],
        target: Name,
        environment: Environment = "",
    ) -> Reading:
        """Why one thing is thought to use another: what each source says with its evidence, when it was first seen
        and last confirmed, how sure it is, and who contradicts."""
        a = await find(self._store, source, environment)
        near = (await self._graph.neighbourhood(a.key, hops=2, limit=MOST_REACHED)).entities[1:]
        b = await find(self._store, target, environment or a.environment, near=near)
        beliefs = await self._between(a, b)
        explanations = () if beliefs else await self._graph.explain(a.key, b.key)
        return readings.why(a, b, beliefs, explanations, self._now())

    @tool("graph", cost_seconds=0.05, deadline_seconds=10.0, shared=False)
    async def graph_owner(self, entity: Name, environment: Environment = "") -> Reading:
        """Who owns something: team, escalation policy, who is on call by the last scan, contacts; and who says so.
        (pagerduty_oncall has who is on call at this moment.)"""
        found = await find(self._store, entity, environment)
        near = await self._graph.neighbourhood(found.key, hops=1, limit=MOST_REACHED)
        return readings.owner(found, near, self._now())

    @tool("graph", cost_seconds=0.1, deadline_seconds=10.0, shared=False)
    async def graph_changes(
        self,
        entity: Name,
        environment: Environment = "",
        since: Annotated[
            str, Field(description="ISO 8601 time, such as 2026-11-25T02:00:00Z; empty: 24 h ago")
        ] = "",
        hops: Annotated[int, Field(ge=0, le=3, description="how far around it to look")] = 1,
    ) -> Reading:
        """What changed at something and around it: rollouts, images, limits, scale, config, relations, corrections."""
        found = await find(self._store, entity, environment)
        start = _time(since) if since else self._now() - timedelta(hours=24)
        near = await self._graph.neighbourhood(found.key, hops=hops, limit=MOST_REACHED)
        keys = [e.key for e in near.entities] or [found.key]
        keys += await self._settings_of(found, near)
        changes = await self._graph.changes(keys, start, limit=_MOST_CHANGES)
        return readings.changes(found, near, changes, start, self._now())

    async def _settings_of(self, found: Entity, near: Neighbourhood) -> list[str]:
        """Keys of what configures the workloads of a service: a setting of theirs is one of its own."""
        own = [
            e.key
            for e in near.entities
            if (e.name, e.namespace) == (found.name, found.namespace) and e.key != found.key
        ]
        parts = [await self._graph.neighbourhood(key, hops=1, limit=MOST_REACHED) for key in own]
        ties = [b for part in parts for b in part.beliefs if b.source in own]
        return [b.target for b in ties if b.kind == "configured_by"]

    @tool("graph", cost_seconds=0.1, deadline_seconds=10.0, shared=False)
    async def graph_entity(self, entity: Name, environment: Environment = "") -> Reading:
        """What is known of one thing: tier, team, replicas, limits, images, schedule, constraints, learnt patterns,
        its other names and how they were found to mean the same."""
        found = await find(self._store, entity, environment)
        near = await self._graph.neighbourhood(found.key, hops=1, limit=MOST_REACHED)
        context = await self._context(found)
        merges = await self._graph.merges_of(found.key)
        return readings.entity(found, near, context, merges, self._now())

    @tool("graph", cost_seconds=0.1, deadline_seconds=10.0, shared=False)
    async def graph_path(
        self,
        source: Name,
        target: Annotated[str, Field(description="the other one")],
        environment: Environment = "",
    ) -> Reading:
        """How two things are connected: the shortest chains of relations between them."""
        a = await find(self._store, source, environment)
        b = await find(self._store, target, environment or a.environment)
        return readings.path(a, b, await self._graph.explain(a.key, b.key), self._now())

    async def _radius(self, text: str, environment: str, *, upstream: bool) -> Reading:
        found = await find(self._store, text, environment)
        reached = await self._graph.blast_radius(found.key, upstream, HOPS, MOST_REACHED)
        known = await self._graph.among([found.key, *(r.entity.key for r in reached)])
        denied = await self._graph.denied(found.key)
        beliefs = [b for b in (*known, *denied) if b.kind in DEPENDS]
        alone = await self._alone(found, [r.entity for r in reached])
        return readings.radius(
            found, reached, beliefs, alone, self._now(), upstream=upstream, most=MOST_REACHED
        )

    async def _alone(self, found: Entity, reached: Sequence[Entity]) -> frozenset[str]:
        """Which of them run as a single replica."""
        alone = set()
        for entity in (found, *reached[:_CONSTRAINED]):
            context = await self._context(entity)
            if any(c.kind == "single_replica" for c in context.constraints):
                alone.add(entity.key)
        return frozenset(alone)

    async def _context(self, entity: Entity) -> Context:
        try:
            return await self._graph.context(entity.key)
        except KeyError:  # it went between two look-ups
            return Context(entity=entity)

    async def _between(self, a: Entity, b: Entity) -> tuple[Belief, ...]:
        """The relations from one to the other; only if there are none, those the other way round."""
        there = await self._graph.belief(a.key, b.key)
        return there or await self._graph.belief(b.key, a.key)


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise BadArguments(
            f"{text!r} is not an ISO 8601 time such as 2026-11-25T02:00:00Z"
        ) from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)

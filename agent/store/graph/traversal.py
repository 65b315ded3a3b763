"""Ways through the graph, walked in PostgreSQL by recursive queries, each bounded in distance, width and size."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import networkx as nx
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from agent.knowledge.facts import Belief, Explanation, Neighbourhood, Reached
from agent.knowledge.graph import DEPENDS
from agent.model import Entity
from agent.store.graph.believing import beliefs_of
from agent.store.graph.rows import entities_of, keys_parameter, one_of, read_relations
from agent.store.tables import RelationRow

MAX_HOPS = 6
MAX_ENTITIES = 500
_REVISITS = 5
"""A walk comes by an entity again at other distances: it looks at so many rows for each entity that is asked for."""
_EXPLAINED_WITHIN = (1, 2, 3)
"""How far from either end an explanation is looked for, the next only if there is none: chains twice as long."""
_EXPLAINED_FROM = 4_000
"""Rows that such a walk looks at."""
_FAN_OUT = 200
"""Of one entity's relations either way, how many such a walk follows."""
_CHAINS_TRIED = 20
_LONGER = 1
"""By how many relations a chain may be longer than the shortest to be an explanation as well."""

_CARRYING = DEPENDS | {"runs", "routes_to", "schedules", "configured_by"}
"""Kinds of relation that trouble, traffic or settings go by."""

_EITHER_WAY = """
    (SELECT DISTINCT target AS key FROM relations WHERE source = near.key AND stands LIMIT :fan_out)
    UNION ALL
    (SELECT DISTINCT source FROM relations WHERE target = near.key AND stands LIMIT :fan_out)
"""
_EITHER_WAY_BY_KIND = """
    (SELECT DISTINCT target AS key FROM relations
     WHERE source = near.key AND stands AND kind = ANY(:kinds) LIMIT :fan_out)
    UNION ALL
    (SELECT DISTINCT source FROM relations
     WHERE target = near.key AND stands AND kind = ANY(:kinds) LIMIT :fan_out)
"""
_TO_DEPENDANTS = """
    SELECT DISTINCT source AS key FROM relations
    WHERE target = near.key AND stands AND kind = ANY(:kinds) LIMIT :fan_out
"""
_TO_DEPENDENCIES = """
    SELECT DISTINCT target AS key FROM relations
    WHERE source = near.key AND stands AND kind = ANY(:kinds) LIMIT :fan_out
"""


def _walk(step: str) -> str:
    """Breadth first: rows come in order of distance, and no more are made than are read (``LIMIT``).

    The step reads nothing but an index, which is in the order of DISTINCT. ``OFFSET 0`` has the few entities found looked
    up one by one, whatever the planner thinks of their number.
    """
    return f"""
    WITH RECURSIVE near (key, distance) AS (
        SELECT CAST(:key AS text), 0
        UNION
        SELECT next.key, near.distance + 1
        FROM near CROSS JOIN LATERAL ({step}) AS next
        WHERE near.distance < :hops
    ), bounded AS (
        SELECT key, distance FROM near LIMIT :work
    ), nearest AS (
        SELECT key, min(distance) AS distance FROM bounded GROUP BY key ORDER BY 2, 1 LIMIT 2 * :limit
    )
    SELECT found.*, nearest.distance, nearest.key, (SELECT count(*) FROM bounded) AS rows
    FROM nearest CROSS JOIN LATERAL (
        SELECT {", ".join(Entity.model_fields)} FROM entities
        WHERE entities.key = nearest.key AND missing_since IS NULL OFFSET 0
    ) AS found
    ORDER BY nearest.distance, nearest.key LIMIT :limit
    """  # noqa: S608 - constants of this module


def _ties_on_the_way(step: str) -> str:
    """The relations on the way from an entity, as pairs of keys, the nearest first."""
    return f"""
    WITH RECURSIVE near (key, closer, distance) AS (
        SELECT CAST(:key AS text), CAST('' AS text), 0
        UNION
        SELECT next.key, near.key, near.distance + 1
        FROM near CROSS JOIN LATERAL ({step}) AS next
        WHERE near.distance < :hops
    )
    SELECT closer, key FROM near WHERE distance > 0 LIMIT :work
    """  # noqa: S608 - constants of this module


_NEAR = text(_walk(_EITHER_WAY))
_UP = text(_walk(_TO_DEPENDANTS)).bindparams(keys_parameter("kinds"))
_DOWN = text(_walk(_TO_DEPENDENCIES)).bindparams(keys_parameter("kinds"))
_TIES = text(_ties_on_the_way(_EITHER_WAY))
_TIES_BY_KIND = text(_ties_on_the_way(_EITHER_WAY_BY_KIND)).bindparams(keys_parameter("kinds"))


class _Walked(NamedTuple):
    """What a walk found."""

    entities: tuple[Entity, ...]
    cut: bool


async def neighbourhood(
    tx: AsyncSession, key: str, hops: int, limit: int, now: datetime
) -> Neighbourhood:
    """What is within some relations of an entity, either way: itself first, the nearest next."""
    walked = await _walked(tx, _NEAR, key, hops, limit)
    if not walked.entities or walked.entities[0].key != key:
        return Neighbourhood()
    beliefs = await beliefs_among(tx, [e.key for e in walked.entities], now)
    return Neighbourhood(entities=walked.entities, beliefs=beliefs, cut=walked.cut)


async def blast_radius(
    tx: AsyncSession, key: str, hops: int, limit: int, now: datetime, *, upstream: bool
) -> tuple[Reached, ...]:
    """Who depends on an entity (``upstream``), or what it depends on, each by its most certain path."""
    way = _UP if upstream else _DOWN
    walked = await _walked(tx, way, key, hops, limit + 1, kinds=sorted(DEPENDS))
    entities = {e.key: e for e in walked.entities}
    if entities.pop(key, None) is None or not entities:
        return ()
    beliefs = await beliefs_among(tx, [key, *entities], now, DEPENDS)
    reached = [
        Reached(entity=entities[k], distance=len(path) - 1, path=path, confidence=confidence)
        for k, (path, confidence) in _surest_paths(key, beliefs, upstream=upstream).items()
        if k in entities
    ]
    return tuple(sorted(reached, key=lambda r: (r.distance, -r.confidence, r.entity.key)))


async def explain(
    tx: AsyncSession, a: str, b: str, most: int, now: datetime
) -> tuple[Explanation, ...]:
    """The shortest chains of relations between two entities, the surest of a length first.

    Chains by which trouble or traffic goes are preferred to those through a common owner or node, however much longer.
    """
    for kinds in (_CARRYING, None):
        if chains := await _chains(tx, a, b, kinds):
            by_pair = await _by_pair(tx, {k for chain in chains for k in chain}, kinds, now)
            found = [_explanation(chain, by_pair) for chain in chains]
            return tuple(sorted(found, key=lambda e: (len(e.path), -e.confidence))[:most])
    return ()


async def _chains(
    tx: AsyncSession, a: str, b: str, kinds: frozenset[str] | None
) -> list[Sequence[str]]:
    """Simple paths between two entities, the shortest and those that are hardly longer."""
    for hops in _EXPLAINED_WITHIN:
        graph: nx.Graph[str] = nx.Graph()
        for end in (a, b):
            graph.add_edges_from(await _ties(tx, end, hops, kinds))
        if a in graph and b in graph and nx.has_path(graph, a, b):
            chains = list(itertools.islice(nx.shortest_simple_paths(graph, a, b), _CHAINS_TRIED))
            return [c for c in chains if len(c) <= len(chains[0]) + _LONGER]
    return []


async def _by_pair(
    tx: AsyncSession, keys: Collection[str], kinds: frozenset[str] | None, now: datetime
) -> dict[tuple[str, str], Belief]:
    """The surest relation of each pair among some entities."""
    found: dict[tuple[str, str], Belief] = {}
    for belief in await beliefs_among(tx, keys, now, kinds):
        found.setdefault(_pair(belief.source, belief.target), belief)
    return found


async def _walked(
    tx: AsyncSession, way: TextClause, key: str, hops: int, limit: int, **more: Any
) -> _Walked:
    limit = min(limit, MAX_ENTITIES)
    work = _REVISITS * (limit + 1)
    asked = {"key": key, "hops": min(hops, MAX_HOPS), "limit": limit + 1, "work": work, **more}
    found = (await tx.execute(way, {**asked, "fan_out": limit + 1})).all()
    cut = len(found) > limit or (bool(found) and found[0].rows >= work)
    return _Walked(entities_of(found[:limit]), cut)


async def _ties(
    tx: AsyncSession, key: str, hops: int, kinds: frozenset[str] | None
) -> list[tuple[str, str]]:
    asked: dict[str, Any] = {"key": key, "hops": hops}
    asked |= {"work": _EXPLAINED_FROM, "fan_out": _FAN_OUT}
    found = (
        await tx.execute(_TIES, asked)
        if kinds is None
        else await tx.execute(_TIES_BY_KIND, {**asked, "kinds": sorted(kinds)})
    )
    return [(row.closer, row.key) for row in found]


async def beliefs_among(
    tx: AsyncSession, keys: Collection[str], now: datetime, kinds: frozenset[str] | None = None
) -> tuple[Belief, ...]:
    """What is believed of the relations among some entities, of some kinds or of all."""
    where = [one_of(RelationRow.source, keys), one_of(RelationRow.target, keys)]
    if kinds is not None:
        where.append(one_of(RelationRow.kind, sorted(kinds)))
    relations = await read_relations(tx, *where)
    return beliefs_of((r for r in relations if r.source != r.target), now)


def _surest_paths(
    key: str, beliefs: Iterable[Belief], *, upstream: bool
) -> Mapping[str, tuple[tuple[str, ...], float]]:
    """For each entity the path whose product of confidences is the largest (Dijkstra over their logarithms)."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    for belief in beliefs:
        ends = (belief.target, belief.source) if upstream else (belief.source, belief.target)
        cost = -math.log(max(belief.confidence, 1e-6))
        if not graph.has_edge(*ends) or cost < graph.edges[ends]["cost"]:
            graph.add_edge(*ends, cost=cost)
    if key not in graph:
        return {}
    costs = nx.single_source_dijkstra_path_length(graph, key, weight="cost")
    paths = nx.single_source_dijkstra_path(graph, key, weight="cost")
    return {k: (tuple(path), math.exp(-costs[k])) for k, path in paths.items()}


def _explanation(chain: Sequence[str], by_pair: Mapping[tuple[str, str], Belief]) -> Explanation:
    beliefs = tuple(by_pair[_pair(*ends)] for ends in itertools.pairwise(chain))
    return Explanation(
        path=tuple(chain), beliefs=beliefs, confidence=math.prod(b.confidence for b in beliefs)
    )


def _pair(a: str, b: str) -> tuple[str, str]:
    """Two keys whichever way round."""
    return (a, b) if a <= b else (b, a)

"""Ways through the graph, walked in PostgreSQL by recursive queries, each bounded in distance, width and size."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import networkx as nx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from agent.knowledge.facts import Belief, Explanation, Neighbourhood, Reached
from agent.knowledge.graph import DEPENDS
from agent.store.graph.believing import beliefs_of
from agent.store.graph.rows import keys_parameter, read_entities, read_relations
from agent.store.tables import EntityRow, RelationRow

MAX_HOPS = 6
MAX_ENTITIES = 500
_FAN_OUT = 100
"""Relations followed from one entity in each direction: what everything hangs on is not walked whole."""
_WORK = 6_000
"""Rows that one walk looks at, the nearest first."""
_MEETING_HOPS = 4
"""How far from either end an explanation is looked for: chains of up to twice as many relations."""
_CHAINS_TRIED = 50
_CARRYING = DEPENDS | {"runs", "routes_to", "schedules", "configured_by"}
"""Kinds of relation that trouble, traffic or settings go by."""

_EITHER_WAY = """
    (SELECT target AS key FROM relations WHERE source = near.key AND stands LIMIT :fan_out)
    UNION ALL
    (SELECT source FROM relations WHERE target = near.key AND stands LIMIT :fan_out)
"""
_EITHER_WAY_BY_KIND = """
    (SELECT target AS key FROM relations
     WHERE source = near.key AND stands AND kind = ANY(:kinds) LIMIT :fan_out)
    UNION ALL
    (SELECT source FROM relations
     WHERE target = near.key AND stands AND kind = ANY(:kinds) LIMIT :fan_out)
"""
_TO_DEPENDANTS = """
    SELECT source AS key FROM relations
    WHERE target = near.key AND stands AND kind = ANY(:kinds) LIMIT :fan_out
"""
_TO_DEPENDENCIES = """
    SELECT target AS key FROM relations
    WHERE source = near.key AND stands AND kind = ANY(:kinds) LIMIT :fan_out
"""


def _walk(step: str) -> str:
    """Breadth first: rows come in order of distance, and no more are made than are read (``LIMIT``)."""
    return f"""
    WITH RECURSIVE near (key, distance) AS (
        SELECT CAST(:key AS text), 0
        UNION
        SELECT next.key, near.distance + 1
        FROM near CROSS JOIN LATERAL ({step}) AS next
        WHERE near.distance < :hops
    ), bounded AS (SELECT key, distance FROM near LIMIT :work)
    SELECT bounded.key, min(bounded.distance) AS distance, (SELECT count(*) FROM bounded) AS rows
    FROM bounded JOIN entities ON entities.key = bounded.key AND entities.missing_since IS NULL
    GROUP BY bounded.key ORDER BY 2, 1 LIMIT :limit
    """  # noqa: S608 - constants of this module


_NEAR = text(_walk(_EITHER_WAY))
_NEAR_BY_KIND = text(_walk(_EITHER_WAY_BY_KIND)).bindparams(keys_parameter("kinds"))
_UP = text(_walk(_TO_DEPENDANTS)).bindparams(keys_parameter("kinds"))
_DOWN = text(_walk(_TO_DEPENDENCIES)).bindparams(keys_parameter("kinds"))


async def neighbourhood(
    tx: AsyncSession, key: str, hops: int, limit: int, now: datetime
) -> Neighbourhood:
    """What is within some relations of an entity, either way: itself first, the nearest next."""
    limit = min(limit, MAX_ENTITIES)
    asked = {"key": key, "hops": min(hops, MAX_HOPS), "limit": limit + 1, **_bounds()}
    found = list((await tx.execute(_NEAR, asked)).mappings())
    keys = [row["key"] for row in found][:limit]
    if not keys or keys[0] != key:
        return Neighbourhood()
    entities = {e.key: e for e in await read_entities(tx, EntityRow.key.in_(keys))}
    beliefs = await _among(tx, keys, now)
    cut = len(found) > limit or found[0]["rows"] >= _WORK
    return Neighbourhood(entities=tuple(entities[k] for k in keys), beliefs=beliefs, cut=cut)


async def blast_radius(
    tx: AsyncSession, key: str, hops: int, limit: int, now: datetime, *, upstream: bool
) -> tuple[Reached, ...]:
    """Who depends on an entity (``upstream``), or what it depends on, each by its most certain path."""
    asked = {
        "key": key,
        "hops": min(hops, MAX_HOPS),
        "limit": min(limit, MAX_ENTITIES) + 1,
        "kinds": sorted(DEPENDS),
        **_bounds(),
    }
    found = (await tx.execute(_UP if upstream else _DOWN, asked)).mappings()
    distances = {row["key"]: int(row["distance"]) for row in found}
    if key not in distances or len(distances) == 1:
        return ()
    beliefs = [b for b in await _among(tx, list(distances), now) if b.kind in DEPENDS]
    paths = _surest_paths(key, beliefs, upstream=upstream)
    entities = await read_entities(tx, EntityRow.key.in_(list(distances)))
    reached = [
        Reached(entity=e, distance=len(path) - 1, path=path, confidence=confidence)
        for e in entities
        if e.key != key and (found_path := paths.get(e.key)) is not None
        for path, confidence in [found_path]
    ]
    return tuple(sorted(reached, key=lambda r: (r.distance, -r.confidence, r.entity.key)))


async def explain(
    tx: AsyncSession, a: str, b: str, most: int, now: datetime
) -> tuple[Explanation, ...]:
    """The shortest chains of relations between two entities, the surest of a length first.

    Chains by which trouble or traffic goes are preferred to those through a common owner or node, however much longer.
    """
    for kinds in (_CARRYING, None):
        if found := await _chains(tx, a, b, kinds, now):
            return tuple(sorted(found, key=lambda e: (len(e.path), -e.confidence))[:most])
    return ()


async def _chains(
    tx: AsyncSession, a: str, b: str, kinds: frozenset[str] | None, now: datetime
) -> list[Explanation]:
    near_a, near_b = await _distances(tx, a, kinds), await _distances(tx, b, kinds)
    meeting = {k: near_a[k] + near_b[k] for k in near_a.keys() & near_b.keys()}
    if not meeting:
        return []
    shortest = min(meeting.values())
    keys = [k for k, far in meeting.items() if far <= shortest + 1]
    by_pair: dict[tuple[str, str], Belief] = {}
    for belief in await _among(tx, keys, now):
        if kinds is not None and belief.kind not in kinds:
            continue
        pair = (min(belief.source, belief.target), max(belief.source, belief.target))
        by_pair.setdefault(pair, belief)
    graph: nx.Graph[str] = nx.Graph(list(by_pair))
    if a not in graph or b not in graph or not nx.has_path(graph, a, b):
        return []
    chains = itertools.islice(nx.shortest_simple_paths(graph, a, b), _CHAINS_TRIED)
    return [_explanation(chain, by_pair) for chain in chains]


async def _distances(tx: AsyncSession, key: str, kinds: frozenset[str] | None) -> dict[str, int]:
    asked = {"key": key, "hops": _MEETING_HOPS, "limit": _WORK, **_bounds()}
    walk = _NEAR if kinds is None else _NEAR_BY_KIND
    if kinds is not None:
        asked["kinds"] = sorted(kinds)
    return {row["key"]: row["distance"] for row in (await tx.execute(walk, asked)).mappings()}


async def _among(tx: AsyncSession, keys: Sequence[str], now: datetime) -> tuple[Belief, ...]:
    """What is believed of the relations among some entities."""
    relations = await read_relations(tx, RelationRow.source.in_(keys), RelationRow.target.in_(keys))
    return beliefs_of((r for r in relations if r.source != r.target), now)


def _bounds() -> dict[str, int]:
    return {"fan_out": _FAN_OUT, "work": _WORK}


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
    beliefs = tuple(by_pair[(min(p), max(p))] for p in itertools.pairwise(chain))
    return Explanation(
        path=tuple(chain), beliefs=beliefs, confidence=math.prod(b.confidence for b in beliefs)
    )

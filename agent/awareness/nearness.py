"""How near entities are to each other in a dependency graph of keys, where an edge leads to what is depended on."""

from __future__ import annotations

from collections.abc import Iterable

import networkx as nx

HOPS = 2
"""How far in the graph weak signs are combined."""


def distances(key: str, graph: nx.DiGraph[str], hops: int = HOPS) -> list[tuple[str, int]]:
    """The entity and what is near it in either direction, with how far."""
    if key not in graph:
        return [(key, 0)]
    found = nx.single_source_shortest_path_length(graph.to_undirected(as_view=True), key, hops)
    return list(found.items())


def dependants(key: str, graph: nx.DiGraph[str]) -> tuple[str, ...]:
    """What depends on the entity, directly or not, the nearest first."""
    if key not in graph:
        return ()
    found = nx.single_source_shortest_path_length(graph.reverse(copy=False), key)
    return tuple(sorted((k for k in found if k != key), key=lambda k: (found[k], k)))


def groups(keys: Iterable[str], graph: nx.DiGraph[str]) -> list[list[str]]:
    """The keys, those within reach of each other together."""
    ties: nx.Graph[str] = nx.Graph()
    ties.add_nodes_from(keys)
    for key in list(ties):
        ties.add_edges_from((key, k) for k, _ in distances(key, graph) if k in ties and k != key)
    return [sorted(group) for group in nx.connected_components(ties)]

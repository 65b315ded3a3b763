"""Slices of the graph as networkx graphs: who depends on whom, and how to get from one to the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import networkx as nx

from agent.knowledge.inference import endpoints_in
from agent.model import Case, Entity, Json, Relation, Step

DEPENDS = frozenset({"depends_on", "calls", "targets"})
"""Kinds of relation by which trouble travels from target to source."""


def name_of(key: str) -> str:
    """The entity's name in its key ``namespace/kind/name``."""
    return key.rsplit("/", 1)[-1]


def dependency_graph(entities: Iterable[Entity], relations: Iterable[Relation]) -> nx.DiGraph[str]:
    """Names as nodes (with ``kind``), an edge from what depends to what it depends on."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    nodes, edges = _parts(entities, relations)
    graph.add_nodes_from(nodes)
    graph.add_edges_from(edges)
    return graph


_Parts = tuple[list[tuple[str, dict[str, str]]], list[tuple[str, str]]]


def _parts(entities: Iterable[Entity], relations: Iterable[Relation]) -> _Parts:
    """Nodes and edges of a dependency graph."""
    nodes = [
        (e.name, {"kind": e.kind})
        for e in entities
        if e.kind not in ("team", "node", "configmap", "secret")
    ]
    ties = ((name_of(r.source), name_of(r.target)) for r in relations if r.kind in DEPENDS)
    return nodes, [(source, target) for source, target in ties if source != target]


def dependencies_in(case: Case) -> nx.DiGraph[str]:
    """The dependency graph that a case knows: the stored one, and what its own look-ups showed."""
    known = (case.entities, case.relations)
    nodes, edges = case.notebook.kept("graph", known, lambda: _parts(*known))
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from(edges)
    for step in case.steps:
        if step.reading is not None:
            graph.add_edges_from(edges_of(step, step.reading.data))
            if step.check.tool == "kubernetes_jobs":
                for job in step.reading.data.get("cron_jobs") or []:
                    graph.add_node(job["name"], kind="cronjob")
    return graph


def dependants(graph: nx.DiGraph[str], name: str) -> tuple[str, ...]:
    """Who depends directly on ``name``, by name."""
    return tuple(sorted(graph.predecessors(name))) if name in graph else ()


def dependencies(graph: nx.DiGraph[str], name: str) -> tuple[str, ...]:
    """What ``name`` depends on directly, by name."""
    return tuple(sorted(graph.successors(name))) if name in graph else ()


def blast_radius(graph: nx.DiGraph[str], name: str) -> tuple[str, ...]:
    """Everything that depends on ``name``, directly or not, the nearest first."""
    if name not in graph:
        return ()
    distances = nx.single_source_shortest_path_length(graph.reverse(copy=False), name)
    return tuple(sorted((n for n in distances if n != name), key=lambda n: (distances[n], n)))


def path(graph: nx.DiGraph[str], source: str, target: str) -> tuple[str, ...]:
    """The shortest chain of dependencies from one to the other, both included; empty when there is none."""
    if source not in graph or target not in graph or not nx.has_path(graph, source, target):
        return ()
    return tuple(nx.shortest_path(graph, source, target))


def neighbourhood(graph: nx.DiGraph[str], name: str, hops: int = 2) -> nx.DiGraph[str]:
    """The part of the graph within ``hops`` edges of ``name``, in either direction."""
    if name not in graph:
        return nx.DiGraph()
    near = nx.single_source_shortest_path_length(graph.to_undirected(as_view=True), name, hops)
    return graph.subgraph(near).copy()


def edges_of(step: Step, data: Json) -> Iterator[tuple[str, str]]:
    """The dependencies that a look-up showed, by name: who depends, on what."""
    arguments = step.check.arguments
    if step.check.tool == "datadog_dependencies":
        service = str(arguments.get("service"))
        yield from ((service, str(n)) for n in data.get("calls") or [])
        yield from ((str(n), service) for n in data.get("called_by") or [])
    elif step.check.tool == "kubernetes_workload" and data.get("name"):
        yield from ((data["name"], host) for host in _hosts_of_workload(data))
    elif step.check.tool == "kubernetes_jobs":
        for job in data.get("cron_jobs") or []:
            yield from ((job["name"], host.split(".")[0]) for host in job.get("targets") or [])
    elif step.check.tool == "kubernetes_config":
        hosts = {e.service for e in endpoints_in(data.get("values") or {})}
        users = {name_of(str(w)) for w in data.get("used_by") or []}
        yield from ((w, h) for w in users for h in hosts if w != h)


def _hosts_of_workload(data: Json) -> set[str]:
    values = {
        name: ref.get("value")
        for container in data.get("containers") or []
        for name, ref in (container.get("env") or {}).items()
        if isinstance(ref, dict) and ref.get("value")
    }
    return {e.service for e in endpoints_in(values)} - {str(data["name"])}

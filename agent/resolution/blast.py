"""What a change may be felt by: the blast radius of its target, from the graph as the case knows it."""

from __future__ import annotations

from collections.abc import Iterator

from agent.knowledge.graph import blast_radius, dependencies_in, name_of
from agent.model import Case, Entity, Plan

_STANDS_ON = frozenset({"scales", "configured_by", "on_node"})
"""Relations between such a thing and a workload that feels its change, although it does not call it."""
_OF_THE_SUBSTRATE = frozenset({"configmap", "hpa", "node", "pod"})
"""Kinds that nothing calls: what uses them is what their change is felt by first."""
_KINDS_OF_GRAPH = {"hpa": "horizontalpodautoscaler"}
_MOST = 40


def with_radius(plan: Plan, target: Entity, case: Case) -> Plan:
    """The plan with the names of what depends on its target, the nearest first."""
    return plan.model_copy(update={"blast_radius": blast_radius_of(target, case)})


def blast_radius_of(target: Entity, case: Case) -> tuple[str, ...]:
    """Names of what would feel a change of the target, the nearest first, then by name."""
    graph = dependencies_in(case)
    nearest = tuple(dict.fromkeys(_users(target, case)))
    found: dict[str, None] = dict.fromkeys(n for n in nearest if n != target.name)
    for name in nearest or (target.name,):
        found.update(dict.fromkeys(blast_radius(graph, name)))
    found.pop(target.name, None)
    return tuple(found)[:_MOST]


def _users(target: Entity, case: Case) -> Iterator[str]:
    """The workloads that stand on what nothing calls: of a ConfigMap those configured by it, of a node its pods'."""
    if target.kind not in _OF_THE_SUBSTRATE:
        return
    kind = _KINDS_OF_GRAPH.get(target.kind, target.kind)
    key = target.model_copy(update={"kind": kind}).key
    for relation in case.relations:
        if relation.kind in _STANDS_ON and key in (relation.source, relation.target):
            yield name_of(relation.target if relation.source == key else relation.source)
    yield from _seen_in_steps(target, case)


def _seen_in_steps(target: Entity, case: Case) -> Iterator[str]:
    """The same as the case's own look-ups show it."""
    for step in case.steps:
        data = step.reading.data if step.reading else {}
        if step.check.tool == "kubernetes_config" and data.get("name") == target.name:
            yield from (name_of(str(user)) for user in data.get("used_by") or [])
        elif step.check.tool == "kubernetes_workload" and data.get("name"):
            scaler = str((data.get("autoscaler") or {}).get("name") or "")
            pods = data.get("pods") or []
            names = {scaler, *(str(p.get("name")) for p in pods)}
            nodes = {str(p.get("node")) for p in pods}
            if target.name in (nodes if target.kind == "node" else names):
                yield str(data["name"])

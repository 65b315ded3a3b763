"""What bounds an entity: limits, disruption budgets, schedules, single replicas, autoscalers, storage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from agent.knowledge.facts import Belief, Constraint
from agent.model import Entity, Json

_PARTS = frozenset({"runs", "routes_to"})
"""Relations from a service to what runs it: its bounds are the service's."""


def constraints_of(
    entity: Entity, entities: Iterable[Entity], beliefs: Iterable[Belief]
) -> tuple[Constraint, ...]:
    """The constraints on an entity, on the workloads that run it, and by what protects or scales these.

    Args:
        entity: the one asked about.
        entities: its neighbourhood, two relations wide.
        beliefs: the relations in it.
    """
    known = {e.key: e for e in entities} | {entity.key: entity}
    ties = list(beliefs)
    own = [entity.key] + [
        b.target for b in ties if b.source == entity.key and b.kind in _PARTS and b.target in known
    ]
    found: dict[tuple[str, str, str], Constraint] = {}
    for key in dict.fromkeys(own):
        for constraint in _own(known[key]):
            found.setdefault((key, constraint.kind, constraint.statement), constraint)
        for tie in ties:
            if tie.target == key and tie.kind in ("protects", "scales") and tie.source in known:
                for constraint in _from(known[tie.source], key):
                    found.setdefault((key, constraint.kind, constraint.statement), constraint)
    return tuple(found.values())


def _own(entity: Entity) -> Iterator[Constraint]:
    facts = entity.properties
    for name, limits in sorted(_limits(facts).items()):
        yield _constraint(entity.key, "limits", f"{name}: {limits}", facts)
    if facts.get("schedule"):
        yield _constraint(entity.key, "schedule", f"runs on schedule {facts['schedule']}", facts)
    workload = entity.kind in ("deployment", "statefulset")
    if workload and facts.get("replicas") == 1:
        yield _constraint(entity.key, "single_replica", "a single replica", facts)
    if entity.kind == "persistentvolumeclaim" and (size := facts.get("size")):
        yield _constraint(entity.key, "storage", f"storage of {size}", facts)


def _from(other: Entity, key: str) -> Iterator[Constraint]:
    facts = other.properties
    if other.kind == "poddisruptionbudget":
        bound = " and ".join(
            f"{words} {facts[name]}"
            for name, words in (
                ("min_available", "at least"),
                ("max_unavailable", "unavailable at most"),
            )
            if facts.get(name) is not None
        )
        yield _constraint(key, "disruption_budget", f"{other.name} keeps {bound or 'pods'}", facts)
    elif other.kind == "horizontalpodautoscaler":
        low, high = facts.get("min_replicas"), facts.get("max_replicas")
        said = f"{other.name} scales between {low or 1} and {high} replicas"
        yield _constraint(key, "autoscaler", said, facts)


def _limits(facts: Mapping[str, Any]) -> dict[str, str]:
    """Container -> its limits in words, whichever way the source writes them."""
    found: dict[str, str] = {}
    given = facts.get("limits")
    if isinstance(given, dict):
        nested = any(isinstance(v, dict) for v in given.values())
        for name, limits in (given if nested else {"limits": given}).items():
            if isinstance(limits, dict) and limits:
                found[str(name)] = _amounts(limits)
    for container in facts.get("containers") or ():
        if isinstance(container, dict) and isinstance(container.get("limits"), dict):
            limits = container["limits"]
            if limits:
                found[str(container.get("name", "container"))] = _amounts(limits)
    return found


def _amounts(limits: Mapping[str, Any]) -> str:
    """``4 CPU cores, 26 GiB of memory``; what is in another form stands as it is."""
    words = []
    for name, value in sorted(limits.items()):
        if name == "cpu_cores" and isinstance(value, int | float):
            words.append(f"{value:g} CPU cores")
        elif name.endswith("_bytes") and isinstance(value, int | float):
            words.append(f"{value / 2**30:.3g} GiB of {name.removesuffix('_bytes')}")
        else:
            words.append(f"{name} {value}")
    return ", ".join(words)


def _constraint(key: str, kind: str, statement: str, facts: Json) -> Constraint:
    names = {
        "limits": ("limits", "requests"),
        "schedule": ("schedule", "suspend"),
        "single_replica": ("replicas",),
        "disruption_budget": ("min_available", "max_unavailable"),
        "autoscaler": ("min_replicas", "max_replicas"),
        "storage": ("size",),
    }[kind]
    return Constraint(
        entity=key,
        kind=kind,
        statement=statement,
        values={n: facts[n] for n in names if facts.get(n) is not None},
    )

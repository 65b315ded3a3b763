"""The patches of what workloads stand on: the bounds of their autoscalers, and whether a node takes pods."""

from __future__ import annotations

from typing import Any

from agent.errors import Refused
from agent.model import Change, ChangeKind, Json
from integrations.kubernetes import objects
from integrations.kubernetes.edits import MOST_REPLICAS, Draft, Edit, back

_BOUNDS = (("minimum", "minReplicas"), ("maximum", "maxReplicas"))
"""Argument, and its field in the manifest."""


def hpa_bounds(change: Change, item: Json) -> Draft:
    """Other bounds of an autoscaler; the number of replicas between them stays its own."""
    spec, name = item.get("spec", {}), objects.name_of(item)
    now = {"minimum": spec.get("minReplicas", 1), "maximum": spec.get("maxReplicas")}
    wanted = {
        argument: _count(change.arguments[argument], argument)
        for argument, _ in _BOUNDS
        if change.arguments.get(argument) is not None
    }
    if not wanted:
        raise Refused("A change of an autoscaler's bounds needs a minimum or a maximum")
    after = {**now, **wanted}
    if after["minimum"] > after["maximum"]:
        raise Refused(
            f"The minimum of {after['minimum']} is above the maximum of {after['maximum']}"
        )
    said = "; ".join(f"{a} of autoscaler {name}: {now[a]} -> {wanted[a]}" for a in wanted)
    fields = {field: wanted[argument] for argument, field in _BOUNDS if argument in wanted}
    former = {argument: now[argument] for argument in wanted}
    return Draft((Edit(item, {"spec": fields}),), said, back(change, arguments=former))


def cordoning(change: Change, item: Json) -> Draft:
    """Let a node take no new pods, or take them again; those that run there stay."""
    name = objects.name_of(item)
    closed = bool(item.get("spec", {}).get("unschedulable"))
    close = change.kind is ChangeKind.CORDON
    if close == closed:
        raise Refused(f"Node {name} is {'cordoned already' if closed else 'not cordoned'}")
    other = ChangeKind.UNCORDON if close else ChangeKind.CORDON
    return Draft(
        (Edit(item, {"spec": {"unschedulable": True if close else None}}),),
        f"{change.kind.value} node {name}: it takes {'no new pods' if close else 'pods again'}",
        back(change, other),
    )


def _count(value: Any, bound: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_REPLICAS:
        raise Refused(f"The {bound} must be between 1 and {MOST_REPLICAS} replicas, not {value!r}")
    return value

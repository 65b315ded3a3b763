"""Whether a change would break a PodDisruptionBudget.

Controllers do not ask budgets: a rollout goes as far down as its strategy lets it, a smaller number of replicas is
carried out at once, and only evictions are counted against a budget by the API server itself. So a rollout or a
scaling is held to the budget here, by how many healthy pods it would take away. What is broken already does not forbid
its mending: pods that are not healthy are nobody's to lose.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from agent.errors import Refused
from agent.model import Change, ChangeKind, Json
from integrations.kubernetes import objects
from integrations.kubernetes.workloads import budget_of

ROLLING = frozenset(
    {ChangeKind.RESOURCES, ChangeKind.ROLLBACK, ChangeKind.RESTART, ChangeKind.IMAGE}
)
"""Kinds that replace the target's pods one after another."""

NEVER_DISRUPTIVE = frozenset(
    {ChangeKind.SUSPEND_JOB, ChangeKind.RESUME_JOB, ChangeKind.CORDON, ChangeKind.UNCORDON}
)
"""Kinds that take away no pod that a budget could cover."""


class Fall(NamedTuple):
    """How far a change lets a workload's healthy pods go down."""

    item: Json
    lowest: int
    """Healthy pods at its worst moment."""
    replicas_after: int


def refuse_breaking(falls: Iterable[Fall], budgets: Sequence[Json]) -> None:
    """Let a change through only if each budget still has the healthy pods that it needs at the worst moment.

    Raises:
        Refused: the message names the budget and its numbers.
    """
    for fall in falls:
        budget = budget_of(fall.item, list(budgets))
        lost = _healthy(fall.item) - fall.lowest
        if budget is None or lost <= 0:
            continue
        needed = _needed(budget, fall)
        left = _healthy_of_budget(budget, fall.item) - lost
        if left < needed:
            raise Refused(
                f"It would break disruption budget {objects.name_of(budget)}, which needs {needed} healthy pods:"
                f" {objects.name_of(fall.item)} would go down to {left} of"
                f" {_healthy_of_budget(budget, fall.item)}"
            )


def falls_of(change: Change, target: Json, item: Json, rolled: Sequence[Json]) -> Iterator[Fall]:
    """What a change takes away.

    Args:
        change: the change.
        target: the object that it is made to.
        item: the workload that this is, or that it scales.
        rolled: workloads whose pods are replaced beside it, such as by Reloader.
    """
    if change.kind is ChangeKind.REPLICAS:
        wanted = int(change.arguments["replicas"])
        yield Fall(item, min(_healthy(item), wanted), wanted)
    elif change.kind is ChangeKind.HPA_BOUNDS:
        yield from _of_bounds(change, target, item)
    elif change.kind in ROLLING and item["kind"] != "CronJob":
        yield _of_rollout(item)
    for other in rolled:
        yield _of_rollout(other)


def _of_bounds(change: Change, scaler: Json, item: Json) -> Iterator[Fall]:
    """A lower maximum takes pods away at once; a lower minimum lets the autoscaler do so as soon as load falls."""
    for bound, now in (
        ("maximum", scaler["spec"].get("maxReplicas")),
        ("minimum", scaler["spec"].get("minReplicas", 1)),
    ):
        wanted = change.arguments.get(bound)
        if isinstance(wanted, int) and wanted < now:
            yield Fall(item, min(_healthy(item), wanted), wanted)


def _of_rollout(item: Json) -> Fall:
    replicas = _replicas(item)
    spec = item.get("spec", {})
    strategy = spec.get("strategy") or spec.get("updateStrategy") or {}
    rolling = strategy.get("rollingUpdate") or {}
    match strategy.get("type"):
        case "OnDelete":
            away = 0
        case "Recreate":
            away = replicas
        case _ if item["kind"] == "Deployment":
            surge = _share(rolling.get("maxSurge", "25%"), replicas, up=True)
            away = _share(rolling.get("maxUnavailable", "25%"), replicas)
            away = max(away, 1) if surge == 0 else away
        case _:
            away = max(_share(rolling.get("maxUnavailable", 1), replicas), 1)
    lowest = max(min(_healthy(item), replicas - away), 0)
    return Fall(item, lowest, replicas)


def _needed(budget: Json, fall: Fall) -> int:
    """The healthy pods that the budget asks for once the workload has its new number of replicas."""
    spec, replicas = budget.get("spec", {}), fall.replicas_after
    known = budget.get("status", {}).get("desiredHealthy")
    if known is not None and replicas == _replicas(fall.item):
        return int(known)
    if spec.get("minAvailable") is not None:
        return _share(spec["minAvailable"], replicas, up=True)
    return max(replicas - _share(spec.get("maxUnavailable", 0), replicas, up=True), 0)


def _healthy_of_budget(budget: Json, item: Json) -> int:
    """Of all workloads that the budget covers."""
    return int(budget.get("status", {}).get("currentHealthy", _healthy(item)))


def _healthy(item: Json) -> int:
    return int((objects.replicas_data(item) or {}).get("ready") or 0)


def _replicas(item: Json) -> int:
    return int((objects.replicas_data(item) or {}).get("desired") or 0)


def _share(value: object, total: int, *, up: bool = False) -> int:
    """A number of pods, given as such or in per cent of all (rounded down, or up)."""
    text = str(value)
    if not text.endswith("%"):
        return int(text)
    exact = total * int(text[:-1]) / 100
    return math.ceil(exact) if up else math.floor(exact)

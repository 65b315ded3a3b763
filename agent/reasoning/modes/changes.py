"""Builders of changes that mend, with the provenance of every value."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from agent.model import Change, ChangeKind, Claim, Entity
from agent.reasoning.modes.target import Target
from agent.reasoning.modes.view import Found, View

_SIZE = re.compile(r"^(\d+)(k|kb|m|mb|g|gb|ki|mi|gi)?$", re.IGNORECASE)
_MOST = 2.0
"""A limit is never more than doubled in one change."""
_SENSIBLE_MEMORY = [m * 2**20 for m in (64, 128, 256, 384, 512, 768)] + [
    g * 2**30
    for g in (1, 1.5, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 128)
]
_SENSIBLE_CORES = (0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0)


def next_step(current: float, ladder: tuple[float, ...] | list[float], factor: float) -> float:
    """The first sensible value from ``factor`` times the current one on, never more than twice of it."""
    wanted = min(current * factor, current * _MOST)
    step = next((s for s in ladder if s >= wanted), wanted)
    return step if step <= current * _MOST else current * _MOST


def workload_entity(found: Found) -> Entity:
    """The workload of an answer as the target of a change."""
    data = found.data
    return Entity(
        name=str(data["name"]),
        kind=str(data["kind"]).lower(),
        namespace=str(data["namespace"]),
        environment=str(data["namespace"]),
    )


def resources_fix(
    target: Target, view: View, *, memory: bool, factor: float = 1.4, why: tuple[Claim, ...] = ()
) -> Iterator[Change]:
    """Raise the first container's memory (or CPU) limit to the next sensible step."""
    found = view.workload(target)
    container = next(iter(found.data.get("containers") or []), None) if found else None
    if found is None or container is None:
        return
    name = "memory_bytes" if memory else "cpu_cores"
    current = (container.get("limits") or {}).get(name)
    if not current:
        return
    ladder = _SENSIBLE_MEMORY if memory else list(_SENSIBLE_CORES)
    new = next_step(float(current), ladder, factor)
    yield Change(
        kind=ChangeKind.RESOURCES,
        target=workload_entity(found),
        arguments={"container": container["name"], name: int(new) if memory else new},
        provenance={
            "target": f"step:{found.step}",
            "container": f"step:{found.step}",
            name: f"computed:step:{found.step}",
        },
        why=why,
    )


def replicas_fix(target: Target, view: View, *, factor: float = 1.5) -> Iterator[Change]:
    """More replicas of a workload: half as many again, at least one more; by its autoscaler, where that has no more."""
    found = view.workload(target)
    replicas = (found.data.get("replicas") or {}) if found else {}
    if found is None or not replicas.get("desired"):
        return
    desired = int(replicas["desired"])
    most = (found.data.get("autoscaler") or {}).get("max")
    if most and desired >= int(most):  # its autoscaler would take back what lies above
        yield from bounds_fix(target, view)
        return
    yield Change(
        kind=ChangeKind.REPLICAS,
        target=workload_entity(found),
        arguments={"replicas": max(desired + 1, min(math.ceil(desired * factor), 2 * desired))},
        provenance={"target": f"step:{found.step}", "replicas": f"computed:step:{found.step}"},
    )


def bounds_fix(target: Target, view: View, *, wanted: int = 0) -> Iterator[Change]:
    """A higher maximum of the workload's autoscaler: ``wanted``, within half as many again and twice as many."""
    found = view.workload(target)
    scaler = (found.data.get("autoscaler") or {}) if found else {}
    if found is None or not scaler.get("max"):
        return
    most = int(scaler["max"])
    entity = workload_entity(found)
    yield Change(
        kind=ChangeKind.HPA_BOUNDS,
        target=entity.model_copy(update={"name": str(scaler["name"]), "kind": "hpa"}),
        arguments={"maximum": min(max(wanted, math.ceil(most * 1.5)), round(most * _MOST))},
        provenance={"target": f"step:{found.step}", "maximum": f"computed:step:{found.step}"},
    )


def restart_fix(target: Target, view: View) -> Iterator[Change]:
    """A rolling restart."""
    if (found := view.workload(target)) is not None:
        yield Change(
            kind=ChangeKind.RESTART,
            target=workload_entity(found),
            provenance={"target": f"step:{found.step}"},
        )


def config_fix(
    target: Target, view: View, key: str, *, factor: float = 1.5, why: tuple[Claim, ...] = ()
) -> Iterator[Change]:
    """Raise a number (or a size) in the workload's ConfigMap; workloads that read it at start are restarted after."""
    workload = view.workload(target)
    if workload is None:
        return
    for name in workload.data.get("config_maps") or []:
        found = view.config(name)
        value = str((found.data.get("values") or {}).get(key, "")) if found else ""
        matched = _SIZE.match(value)
        if found is None or matched is None or int(matched[1]) == 0:
            continue
        raised = round(next_step(float(matched[1]), [], factor))
        arguments = {"key": key, "value": f"{raised}{matched[2] or ''}"}
        provenance = {
            "target": f"step:{found.step}",
            "key": f"step:{found.step}",
            "value": f"computed:step:{found.step}",
        }
        if str(workload.data.get("kind")) == "Deployment":
            arguments["restart"] = target.name
            provenance["restart"] = f"step:{workload.step}"
        entity = Entity(
            name=name,
            kind="configmap",
            namespace=target.namespace,
            environment=target.environment,
        )
        yield Change(
            kind=ChangeKind.CONFIG_VALUE,
            target=entity,
            arguments=arguments,
            provenance=provenance,
            why=why,
        )
        return

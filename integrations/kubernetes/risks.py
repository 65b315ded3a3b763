"""What may go wrong with a change, from facts of the cluster."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from agent.model import Change, ChangeKind, Json
from integrations.kubernetes import objects
from integrations.kubernetes.disruption import NEVER_DISRUPTIVE, ROLLING
from integrations.kubernetes.platform_risks import bounds_risk, cordon_risk
from integrations.kubernetes.quantities import amount
from integrations.kubernetes.workloads import budget_of, scaler_of
from integrations.text import size

_MAXMEMORY = re.compile(r"maxmemory(?!-)[\s=:]+\"?(\d+\s*[kmgt]?b?)", re.I)


@dataclass(frozen=True)
class Surroundings:
    """What a change's risk depends on."""

    workload: Json
    """The object changed; for a configuration value, the workload that is restarted."""
    scalers: Sequence[Json] = ()
    budgets: Sequence[Json] = ()
    config_maps: Sequence[Json] = ()
    """Those that the workload uses."""
    nodes: Sequence[Json] = ()
    jobs: Sequence[Json] = ()
    """Jobs that are suspended or resumed with it."""
    reloaded: Sequence[Json] = ()
    """Workloads that Reloader rolls when the ConfigMap changes."""
    scaled: Json | None = None
    """The workload that an autoscaler scales."""
    unseen: Collection[str] = ()
    """Kinds that srebot may not see."""


def risk_of(change: Change, around: Surroundings) -> str:
    """The risk in sentences, the gravest first."""
    return " ".join(_sentences(change, around)) or "No risk is known from the cluster's state."


def _sentences(change: Change, around: Surroundings) -> Iterator[str]:
    item = around.workload
    if change.kind in ROLLING:
        yield from _rolling(item, around)
    match change.kind:
        case ChangeKind.RESOURCES:
            yield from _resources(change, item, around)
        case ChangeKind.REPLICAS:
            yield from _replicas(change, item, around)
        case ChangeKind.CONFIG_VALUE:
            yield from _configuration(change, around)
        case ChangeKind.SUSPEND_JOB | ChangeKind.RESUME_JOB:
            yield from _suspension(change, around)
        case ChangeKind.IMAGE:
            yield "The image alone changes: settings and resources stay those of the present revision."
        case ChangeKind.HPA_BOUNDS:
            yield from bounds_risk(change, item, around.scaled)
        case ChangeKind.CORDON | ChangeKind.UNCORDON:
            yield from cordon_risk(change, item, around.nodes)
    if "PodDisruptionBudget" in around.unseen and change.kind not in NEVER_DISRUPTIVE:
        yield "srebot may not see disruption budgets, so that it considered none."
    yield from managed_elsewhere(item)


def _configuration(change: Change, around: Surroundings) -> Iterator[str]:
    """``around.workload`` is the one to restart, or the ConfigMap itself."""
    rolled = list(around.reloaded)
    if change.arguments.get("restart") and around.workload not in rolled:
        rolled.append(around.workload)
    for item in rolled:
        yield from _rolling(item, around)
    if around.reloaded:
        names = ", ".join(objects.name_of(i) for i in around.reloaded)
        yield f"Reloader rolls {names} as soon as the value changes."
    if not rolled:
        yield "Pods that read the value at their start keep the old one until they restart."


def _rolling(item: Json, around: Surroundings) -> Iterator[str]:
    name, count = objects.name_of(item), (objects.replicas_data(item) or {}).get("desired", 1)
    strategy = (
        item.get("spec", {}).get("updateStrategy") or item.get("spec", {}).get("strategy") or {}
    )
    if item["kind"] == "CronJob":
        yield "It holds from the next run on; a run in progress keeps what it has."
        return
    if strategy.get("type") == "OnDelete":
        yield f"{name} updates on delete: pods keep the old template until someone deletes them."
    elif count == 1 and (item["kind"] == "StatefulSet" or strategy.get("type") == "Recreate"):
        kept = "its volume is kept" if _has_volume(item) else "what it holds in memory only is lost"
        yield f"{name} runs as a single replica: its pod is replaced, so it is away for the restart and {kept}."
    else:
        yield f"The {count} pods of {name} are replaced one after another."
    budget = budget_of(item, list(around.budgets))
    if budget is not None and budget.get("status", {}).get("disruptionsAllowed") == 0:
        yield f"Disruption budget {objects.name_of(budget)} allows no disruption now, and rollouts do not wait for it."


def _has_volume(item: Json) -> bool:
    volumes = objects.pod_template(item).get("spec", {}).get("volumes", [])
    return bool(item.get("spec", {}).get("volumeClaimTemplates")) or any(
        "persistentVolumeClaim" in v for v in volumes
    )


def _resources(change: Change, item: Json, around: Surroundings) -> Iterator[str]:
    wanted = change.arguments.get("memory_bytes")
    rooms = [
        amount(n.get("status", {}).get("allocatable", {}).get("memory")) or 0 for n in around.nodes
    ]
    if wanted and wanted > max(rooms, default=0) > 0:
        yield f"No node can ever hold {size(wanted)}: the largest has {size(max(rooms))} allocatable."
    for place, value in _own_limits(item, around.config_maps):
        yield f"The maxmemory of {value} in {place} is left as it is, so the data may grow no further than that."
        return


def _own_limits(item: Json, config_maps: Sequence[Json]) -> Iterator[tuple[str, str]]:
    """Where the container itself is told a Redis maxmemory."""
    for container in objects.containers_of(item):
        text = " ".join(str(a) for a in [*container.get("command", []), *container.get("args", [])])
        if match := _MAXMEMORY.search(text):
            yield f"the arguments of container {container['name']}", match[1]
    for config_map in config_maps:
        text = "\n".join(f"{k} {v}" for k, v in (config_map.get("data") or {}).items())
        if match := _MAXMEMORY.search(text):
            yield f"ConfigMap {objects.name_of(config_map)}", match[1]


def _replicas(change: Change, item: Json, around: Surroundings) -> Iterator[str]:
    wanted, now = int(change.arguments["replicas"]), item["spec"].get("replicas", 1)
    scaler = scaler_of(item, list(around.scalers))
    if scaler is not None:
        bounds = objects.autoscaler_data(scaler)
        yield (
            f"Autoscaler {bounds['name']} ({bounds['min']}-{bounds['max']}) owns the number of replicas"
            " and will set it again."
        )
    if wanted < now:
        yield f"{now - wanted} pods are removed; the rest must carry their load."
    elif item["kind"] == "StatefulSet":
        yield "A new member of a StatefulSet starts with an empty volume."
    else:
        yield "Each new pod opens its own connections to what it depends on."


def _suspension(change: Change, around: Surroundings) -> Iterator[str]:
    names = ", ".join(objects.name_of(j) for j in around.jobs)
    if change.kind is ChangeKind.SUSPEND_JOB:
        if names:
            yield f"The pods of {names} are stopped; when resumed, the job starts over from its beginning."
        yield f"Nothing that {objects.name_of(around.workload)} does happens until it is resumed."
    elif names:
        yield f"{names} starts over from its beginning, and with it its load."
    else:
        yield "Its next run comes at its schedule, and with it its load."


def managed_elsewhere(item: Json) -> Iterator[str]:
    """Who else writes the object and may set it back."""
    metadata = item["metadata"]
    marks = {**(metadata.get("labels") or {}), **(metadata.get("annotations") or {})}
    for prefix, tool in (
        ("argocd.argoproj.io/", "Argo CD"),
        ("kustomize.toolkit.fluxcd.io/", "Flux"),
        ("helm.toolkit.fluxcd.io/", "Flux"),
    ):
        if any(k.startswith(prefix) for k in marks):
            yield f"{tool} manages this object and may set it back; make the change in its repository too."
            return

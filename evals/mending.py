"""Whether a proposed change would mend what is wrong: it is made on a copy of the scenario's company, and looked at."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from evals.told import Proposed
from sandbox.app import build
from sandbox.kubernetes.store import ObjectStore
from sandbox.world.faults.conditions import Condition
from sandbox.world.scenario import FaultSpec, Scenario

Manifest = dict[str, Any]
_REVISION = "deployment.kubernetes.io/revision"
_NAMESPACED = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "ConfigMap")
_KINDS = {
    "cordon": ("Node",),
    "uncordon": ("Node",),
    "hpa_bounds": ("HorizontalPodAutoscaler",),
}
"""What a kind of change is made to, where that is not a workload."""
_SHORT = {"hpa": "horizontalpodautoscaler"}


class Company:
    """A copy of a scenario's cluster in which changes can be tried, each on its own."""

    def __init__(self, scenario: Scenario, store: ObjectStore | None = None) -> None:
        self._faults = [fault for fault in scenario.faults if fault.mends]
        self._store = store or build(scenario, posts_alerts=False).store

    def mends(self, change: Proposed) -> bool:
        """Whether the change ends one of the faults that can be ended."""
        after = self._after(change)
        return any(self._is_ended(fault, after) for fault in self._faults)

    def _is_ended(self, fault: FaultSpec, after: Mapping[tuple[str, str, str], Manifest]) -> bool:
        def holds(condition: Condition, *, changed: bool) -> bool:
            key = (condition.kind, condition.namespace, condition.name)
            state = self._store.get(*key)
            if changed and key in after:
                state = after[key]
            elif condition.kind == "Job":  # means the latest run of the CronJob of that name
                return changed and ("CronJob", *key[1:]) in after and _is_suspended(after, key)
            return condition.holds(state)

        return any(
            all(holds(c, changed=True) for c in mend)
            and not all(holds(c, changed=False) for c in mend)
            for mend in fault.mends
        )

    def _after(self, change: Proposed) -> dict[tuple[str, str, str], Manifest]:
        """The objects as the change would leave them."""
        edit = _EDITS.get(change.kind)
        changed = {}
        for kind in _KINDS.get(change.kind, _NAMESPACED):
            namespace = "" if kind == "Node" else change.namespace
            stored = self._store.get(kind, namespace, change.name)
            if edit is None or stored is None or not _is_meant(kind, change.target_kind):
                continue
            manifest = copy.deepcopy(stored)
            edit(manifest, change, self._store)
            changed[(kind, namespace, change.name)] = manifest
        return changed


def _is_meant(kind: str, target_kind: str) -> bool:
    wanted = _SHORT.get(target_kind.lower(), target_kind.lower())
    return not wanted or wanted in (kind.lower(), "service")


def _is_suspended(
    after: Mapping[tuple[str, str, str], Manifest], key: tuple[str, str, str]
) -> bool:
    return bool(after[("CronJob", key[1], key[2])]["spec"].get("suspend"))


def _containers(manifest: Manifest) -> list[Manifest]:
    spec = manifest["spec"]
    template = spec.get("jobTemplate", {}).get("spec", spec).get("template", {})
    containers: list[Manifest] = template.get("spec", {}).get("containers", [])
    return containers


def _resources(manifest: Manifest, change: Proposed, _: ObjectStore) -> None:
    wanted = change.arguments.get("container")
    for container in _containers(manifest):
        if wanted in (None, "", container["name"]):
            limits = container.setdefault("resources", {}).setdefault("limits", {})
            if (memory := change.arguments.get("memory_bytes")) is not None:
                limits["memory"] = str(int(memory))
            if (cpu := change.arguments.get("cpu_cores")) is not None:
                limits["cpu"] = str(cpu)


def _replicas(manifest: Manifest, change: Proposed, _: ObjectStore) -> None:
    manifest["spec"]["replicas"] = int(change.arguments.get("replicas", 1))


def _rollback(manifest: Manifest, change: Proposed, store: ObjectStore) -> None:
    uid, namespace = manifest["metadata"]["uid"], change.namespace
    wanted = str(change.arguments.get("revision", ""))
    for replica_set in store.owned_by(uid, "ReplicaSet", namespace):
        if replica_set["metadata"].get("annotations", {}).get(_REVISION) == wanted:
            manifest["spec"]["template"] = copy.deepcopy(replica_set["spec"]["template"])
    for revision in store.owned_by(uid, "ControllerRevision", namespace):
        if str(revision.get("revision")) == wanted:
            manifest["spec"]["template"] = copy.deepcopy(revision["data"]["spec"]["template"])


def _suspend(manifest: Manifest, _: Proposed, __: ObjectStore) -> None:
    manifest["spec"]["suspend"] = True


def _resume(manifest: Manifest, _: Proposed, __: ObjectStore) -> None:
    manifest["spec"]["suspend"] = False


def _config_value(manifest: Manifest, change: Proposed, _: ObjectStore) -> None:
    key, value = str(change.arguments.get("key", "")), str(change.arguments.get("value", ""))
    if manifest["kind"] == "ConfigMap":
        manifest.setdefault("data", {})[key] = value
        return
    for container in _containers(manifest):
        for variable in container.get("env") or ():
            if variable["name"] == key:
                variable["value"] = value


def _restart(manifest: Manifest, _: Proposed, __: ObjectStore) -> None:
    template = manifest["spec"].get("template", {})
    template.setdefault("metadata", {}).setdefault("annotations", {})["restarted"] = "now"


def _image(manifest: Manifest, change: Proposed, _: ObjectStore) -> None:
    wanted = change.arguments.get("container")
    for container in _containers(manifest):
        if wanted in (None, "", container["name"]):
            container["image"] = str(change.arguments.get("image", ""))


def _hpa_bounds(manifest: Manifest, change: Proposed, _: ObjectStore) -> None:
    for argument, field in (("minimum", "minReplicas"), ("maximum", "maxReplicas")):
        if (bound := change.arguments.get(argument)) is not None:
            manifest["spec"][field] = int(bound)


def _cordon(manifest: Manifest, _: Proposed, __: ObjectStore) -> None:
    manifest["spec"]["unschedulable"] = True


def _uncordon(manifest: Manifest, _: Proposed, __: ObjectStore) -> None:
    manifest["spec"].pop("unschedulable", None)


_EDITS: Mapping[str, Callable[[Manifest, Proposed, ObjectStore], None]] = {
    "resources": _resources,
    "replicas": _replicas,
    "rollback": _rollback,
    "suspend_job": _suspend,
    "resume_job": _resume,
    "config_value": _config_value,
    "restart": _restart,
    "image": _image,
    "hpa_bounds": _hpa_bounds,
    "cordon": _cordon,
    "uncordon": _uncordon,
}

"""Kubelets: what they write about the pods of their node, well or ill."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sandbox.kubernetes.clock import format_time
from sandbox.kubernetes.controllers.cluster import Cluster, Manifest
from sandbox.kubernetes.controllers.conditions import condition
from sandbox.kubernetes.controllers.references import missing_reference

_RETRY_EVERY = timedelta(seconds=12)
_NO_CONFIG = "CreateContainerConfigError"


def start(cluster: Cluster, pod: Manifest) -> None:
    """Start the containers of a pending pod, or write what keeps them from starting."""
    health = _health(cluster, pod)
    if not health.get("started", True):
        _tell(cluster, pod, health)
        cluster.set_status(pod, _waiting_status(pod, cluster.now, health))
        return
    for container in pod["spec"]["containers"]:
        path = f"spec.containers{{{container['name']}}}"
        for reason, message in (
            ("Pulled", f'Container image "{container["image"]}" already present on machine'),
            ("Created", f"Created container: {container['name']}"),
            ("Started", f"Started container {container['name']}"),
        ):
            cluster.event(pod, reason, message, "kubelet", field_path=path)
    observe(cluster, pod)


def observe(cluster: Cluster, pod: Manifest) -> None:
    """Write how a started pod is now."""
    if is_silent(cluster, pod):
        return
    health = cluster.health(pod, cluster.now)
    _tell(cluster, pod, health)
    if health.get("phase") == "Failed":
        cluster.set_status(pod, _failed_status(pod, cluster.now, health))
    else:
        cluster.set_status(pod, running_status(pod, cluster.now, health))


def is_silent(cluster: Cluster, pod: Manifest) -> bool:
    """Whether the kubelet of the pod's node has stopped reporting."""
    node = cluster.store.get("Node", "", pod["spec"].get("nodeName") or "")
    conditions = ((node or {}).get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "Unknown" for c in conditions)


def _health(cluster: Cluster, pod: Manifest) -> Mapping[str, Any]:
    """What the world says of a pod, unless its configuration is missing."""
    missing = missing_reference(cluster, pod)
    if missing is None:
        return cluster.health(pod, cluster.now)
    container, message = missing
    path = f"spec.containers{{{container}}}"
    cluster.event(
        pod, "Failed", f"Error: {message}", "kubelet", "Warning", path, every=_RETRY_EVERY
    )
    waiting = {"reason": _NO_CONFIG, "message": message}
    return {"started": False, "ready": False, "container": container, "state": {"waiting": waiting}}


def _tell(cluster: Cluster, pod: Manifest, health: Mapping[str, Any]) -> None:
    for event in health.get("events") or ():
        cluster.count_event(pod, event)


def running_status(pod: Manifest, now: datetime, health: Mapping[str, Any]) -> dict[str, Any]:
    """The status of a started pod; ``health`` is what the world says of it, see ``World.pod_status``."""
    containers = pod["spec"]["containers"]
    statuses = _statuses(containers, pod["status"].get("containerStatuses"), now, health)
    ready = all(container["ready"] for container in statuses)
    address = _address(pod)
    status: dict[str, Any] = pod["status"]
    made = status | {
        "phase": "Running",
        "conditions": _conditions(status, health.get("since", now), statuses, ready=ready),
        "containerStatuses": statuses,
        "podIP": address,
        "podIPs": [{"ip": address}],
        "hostIP": "10.0.0." + str(1 + _number(pod["spec"]["nodeName"]) % 250),
        "qosClass": _qos_class(containers),
    }
    if pod["spec"].get("initContainers"):
        made["initContainerStatuses"] = [
            _completed(c, pod["status"].get("startTime") or format_time(now))
            for c in pod["spec"]["initContainers"]
        ]
    return made


def _waiting_status(pod: Manifest, now: datetime, health: Mapping[str, Any]) -> dict[str, Any]:
    """The status of a pod of which a container, or one before them, cannot start."""
    spec, status = pod["spec"], pod["status"]
    first = spec.get("initContainers") or []
    blocked = [c for c in first if c["name"] == health.get("container")]
    made = dict(status) | {"phase": "Pending", "qosClass": _qos_class(spec["containers"])}
    others = health if not blocked else {"state": {"waiting": {"reason": "PodInitializing"}}}
    known = status.get("containerStatuses")
    statuses = _statuses(spec["containers"], known, now, {"ready": False, **others})
    if blocked:
        known = status.get("initContainerStatuses")
        made["initContainerStatuses"] = _statuses(first, known, now, health)
        statuses = [s | {"restartCount": 0, "lastState": {}} for s in statuses]
    made["containerStatuses"] = statuses
    incomplete = [c["name"] for c in blocked]
    moment = health.get("since", now)
    made["conditions"] = _conditions(status, moment, statuses, ready=False, incomplete=incomplete)
    return made


def _failed_status(pod: Manifest, now: datetime, health: Mapping[str, Any]) -> dict[str, Any]:
    """The status of a pod that the kubelet has evicted."""
    kept = {k: v for k, v in pod["status"].items() if k in ("startTime", "qosClass", "hostIP")}
    moment = health.get("since", now)
    disrupted = condition(
        pod["status"].get("conditions"),
        "DisruptionTarget",
        True,
        moment,
        "TerminationByKubelet",
        health["message"],
    )
    told = {k: health[k] for k in ("phase", "reason", "message")}
    return kept | told | {"conditions": [disrupted]}


def _conditions(
    status: Mapping[str, Any],
    now: datetime,
    containers: Sequence[Mapping[str, Any]],
    *,
    ready: bool,
    incomplete: Sequence[str] = (),
) -> list[dict[str, Any]]:
    before = status.get("conditions")
    waiting = [c["name"] for c in containers if not c["ready"]]
    told = ("", "")
    if waiting:
        told = (
            "ContainersNotReady",
            f"containers with unready status: [{' '.join(waiting)}]",
        )
    initialized = ("", "")
    if incomplete:
        names = " ".join(incomplete)
        initialized = (
            "ContainersNotInitialized",
            f"containers with incomplete status: [{names}]",
        )
    return [
        condition(before, "PodReadyToStartContainers", True, now),
        condition(before, "Initialized", not incomplete, now, *initialized),
        condition(before, "Ready", ready, now, *told),
        condition(before, "ContainersReady", ready, now, *told),
        condition(before, "PodScheduled", True, now),
    ]


def _statuses(
    containers: Sequence[Manifest],
    known: Sequence[Mapping[str, Any]] | None,
    now: datetime,
    health: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """One status a container; ``health`` is of the one that it names, else of the first."""
    before = {c["name"]: c for c in known or ()}
    ill = health.get("container") or containers[0]["name"]
    others: Mapping[str, Any] = {}
    return [
        _container_status(c, before.get(c["name"]), now, health if c["name"] == ill else others)
        for c in containers
    ]


def _container_status(
    container: Manifest, known: Mapping[str, Any] | None, now: datetime, health: Mapping[str, Any]
) -> dict[str, Any]:
    last = health.get("lastState") or {}
    finished = (last.get("terminated") or {}).get("finishedAt")
    running = ((known or {}).get("state") or {}).get("running") or {}
    began = finished or running.get("startedAt") or format_time(now)
    state = health.get("state") or {"running": {"startedAt": began}}
    digest = hashlib.sha256(container["image"].encode()).hexdigest()
    pulled = health.get("pulled", True)
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": f"{container['image'].rsplit(':', 1)[0]}@sha256:{digest}" if pulled else "",
        "containerID": f"containerd://{digest}" if pulled else "",
        "ready": bool(health.get("ready", True)),
        "started": "running" in state and bool(health.get("started", True)),
        "restartCount": int(health.get("restartCount", 0)),
        "state": state,
        "lastState": last,
    }


def _completed(container: Manifest, at: str) -> dict[str, Any]:
    """An init container that has done its work."""
    ended = {"exitCode": 0, "reason": "Completed", "startedAt": at, "finishedAt": at}
    digest = hashlib.sha256(container["image"].encode()).hexdigest()
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": f"{container['image'].rsplit(':', 1)[0]}@sha256:{digest}",
        "containerID": f"containerd://{digest}",
        "ready": True,
        "started": False,
        "restartCount": 0,
        "state": {"terminated": ended},
        "lastState": {},
    }


def _qos_class(containers: Sequence[Manifest]) -> str:
    amounts = [container.get("resources") or {} for container in containers]
    if not any(a.get("limits") or a.get("requests") for a in amounts):
        return "BestEffort"
    guaranteed = all(
        set(a.get("limits") or ()) >= {"cpu", "memory"} and a.get("limits") == a.get("requests")
        for a in amounts
    )
    return "Guaranteed" if guaranteed else "Burstable"


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def _address(pod: Manifest) -> str:
    number = _number(pod["metadata"]["uid"])
    return f"10.244.{number // 250 % 250}.{1 + number % 250}"

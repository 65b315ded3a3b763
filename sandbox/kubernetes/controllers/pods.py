"""Pods: making them from templates, scheduling, starting, finishing, and taking them down."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sandbox.kubernetes.clock import format_time, parse_time
from sandbox.kubernetes.cloning import clone
from sandbox.kubernetes.controllers.cluster import (
    Cluster,
    Manifest,
    controller_of,
    is_terminating,
    owner_reference,
)
from sandbox.kubernetes.controllers.conditions import condition

START_SECONDS = 2
"""From creation to ready; shorter than life, so that a rollout takes seconds."""
STOP_SECONDS = 1
DURATION_ANNOTATION = "sandbox/duration-seconds"
"""On a Job's pod template: how long its pods run."""
_DEFAULT_DURATION_SECONDS = 30
FINISHED = ("Succeeded", "Failed")


def is_ready(pod: Manifest) -> bool:
    """Whether the pod's Ready condition holds."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def is_moving(pod: Manifest) -> bool:
    """Whether time alone will change the pod: starting, stopping, or running to completion."""
    phase = pod["status"].get("phase")
    if is_terminating(pod) or phase == "Pending":
        return True
    owner = controller_of(pod)
    return phase == "Running" and owner is not None and owner["kind"] == "Job"


def make_pod(
    cluster: Cluster,
    owner: Manifest,
    template: Mapping[str, Any],
    name: str,
    labels: dict[str, str],
) -> Manifest:
    """Create a pod of ``owner`` from its template, with ``labels`` added."""
    metadata = clone(dict(template.get("metadata") or {}))
    metadata.pop("creationTimestamp", None)
    metadata |= {
        "name": name,
        "namespace": owner["metadata"]["namespace"],
        "labels": (metadata.get("labels") or {}) | labels,
        "ownerReferences": [owner_reference(owner)],
    }
    spec = clone(dict(template["spec"]))
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    created = cluster.create(pod)
    component = f"{owner['kind'].lower()}-controller"
    cluster.event(owner, "SuccessfulCreate", f"Created pod: {name}", component)
    return created


def stop_pod(cluster: Cluster, pod: Manifest, grace_seconds: int | None = None) -> Manifest:
    """Mark the pod as terminating; it disappears shortly after."""
    if is_terminating(pod):
        return pod
    grace = pod["spec"].get("terminationGracePeriodSeconds", 30)
    grace = grace if grace_seconds is None else grace_seconds
    changed = clone(pod)
    changed["metadata"]["deletionTimestamp"] = format_time(cluster.now + timedelta(seconds=grace))
    changed["metadata"]["deletionGracePeriodSeconds"] = grace
    for container in pod["spec"]["containers"]:
        message = f"Stopping container {container['name']}"
        cluster.event(pod, "Killing", message, "kubelet")
    return cluster.update(changed)


def advance_pod(cluster: Cluster, pod: Manifest) -> None:
    """Take the pod as far along its life as the time allows."""
    if is_terminating(pod):
        _remove_when_due(cluster, pod)
        return
    if not pod["spec"].get("nodeName"):
        _schedule(cluster, pod)
        return
    age = cluster.now - parse_time(pod["metadata"]["creationTimestamp"])
    if pod["status"]["phase"] == "Pending" and age >= timedelta(seconds=START_SECONDS):
        _start(cluster, pod)
    elif pod["status"]["phase"] == "Running" and age >= _duration(pod):
        _finish(cluster, pod)


def _remove_when_due(cluster: Cluster, pod: Manifest) -> None:
    metadata = pod["metadata"]
    grace = timedelta(seconds=metadata.get("deletionGracePeriodSeconds", 0))
    asked = parse_time(metadata["deletionTimestamp"]) - grace
    if cluster.now >= asked + timedelta(seconds=STOP_SECONDS) and not metadata.get("finalizers"):
        cluster.store.delete("Pod", metadata["namespace"], metadata["name"], cluster.now)


def _schedule(cluster: Cluster, pod: Manifest) -> None:
    nodes = [n for n in cluster.store.current("Node") if _accepts(n, pod)]
    name = pod["metadata"]["name"]
    if not nodes:
        message = f"0/{len(cluster.store.current('Node'))} nodes are available."
        known = pod["status"].get("conditions")
        unscheduled = condition(known, "PodScheduled", False, cluster.now, "Unschedulable", message)
        if known != [unscheduled]:
            cluster.event(pod, "FailedScheduling", message, "default-scheduler", "Warning")
            cluster.set_status(pod, pod["status"] | {"conditions": [unscheduled]})
        return
    load = dict.fromkeys((node["metadata"]["name"] for node in nodes), 0)
    for other in cluster.store.current("Pod"):
        if other["spec"].get("nodeName") in load:
            load[other["spec"]["nodeName"]] += 1
    chosen = min(load, key=lambda node: (load[node], node))
    bound = clone(pod)
    bound["spec"]["nodeName"] = chosen
    bound["status"]["conditions"] = [condition(None, "PodScheduled", True, cluster.now)]
    bound["status"]["startTime"] = format_time(cluster.now)
    bound["status"]["containerStatuses"] = [
        _creating(container) for container in pod["spec"]["containers"]
    ]
    message = f"Successfully assigned {pod['metadata']['namespace']}/{name} to {chosen}"
    cluster.event(pod, "Scheduled", message, "default-scheduler")
    cluster.update(bound)


def _creating(container: Manifest) -> dict[str, Any]:
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "ready": False,
        "started": False,
        "restartCount": 0,
        "state": {"waiting": {"reason": "ContainerCreating"}},
        "lastState": {},
    }


def _accepts(node: Manifest, pod: Manifest) -> bool:
    if (node.get("spec") or {}).get("unschedulable"):
        return False
    labels = node["metadata"].get("labels") or {}
    wanted = pod["spec"].get("nodeSelector") or {}
    return all(labels.get(key) == value for key, value in wanted.items())


def _start(cluster: Cluster, pod: Manifest) -> None:
    for container in pod["spec"]["containers"]:
        path = f"spec.containers{{{container['name']}}}"
        for reason, message in (
            ("Pulled", f'Container image "{container["image"]}" already present on machine'),
            ("Created", f"Created container: {container['name']}"),
            ("Started", f"Started container {container['name']}"),
        ):
            cluster.event(pod, reason, message, "kubelet", field_path=path)
    cluster.set_status(pod, running_status(pod, cluster.now, cluster.health(pod)))


def running_status(pod: Manifest, now: datetime, health: Mapping[str, Any]) -> dict[str, Any]:
    """The status of a started pod; ``health`` is what the world says of its main container.

    ``health`` may hold restartCount, lastState, state, ready, and the pod's reason.
    """
    status: dict[str, Any] = pod["status"]
    before = status.get("conditions")
    containers = pod["spec"]["containers"]
    healths = [health, *({} for _ in containers[1:])]
    known = {c["name"]: c for c in status.get("containerStatuses") or ()}
    statuses = [
        _container_status(container, known.get(container["name"]), now, said)
        for container, said in zip(containers, healths, strict=True)
    ]
    ready = all(container["ready"] for container in statuses)
    waiting = [c["name"] for c in statuses if not c["ready"]]
    told = (
        ("ContainersNotReady", f"containers with unready status: [{' '.join(waiting)}]")
        if waiting
        else ("", "")
    )
    address = _address(pod)
    return status | {
        "phase": "Running",
        "conditions": [
            condition(before, "PodReadyToStartContainers", True, now),
            condition(before, "Initialized", True, now),
            condition(before, "Ready", ready, now, *told),
            condition(before, "ContainersReady", ready, now, *told),
            condition(before, "PodScheduled", True, now),
        ],
        "containerStatuses": statuses,
        "podIP": address,
        "podIPs": [{"ip": address}],
        "hostIP": "10.0.0." + str(1 + _number(pod["spec"]["nodeName"]) % 250),
        "qosClass": _qos_class(containers),
    }


def _container_status(
    container: Manifest, known: Mapping[str, Any] | None, now: datetime, health: Mapping[str, Any]
) -> dict[str, Any]:
    last = health.get("lastState") or {}
    finished = (last.get("terminated") or {}).get("finishedAt")
    running = ((known or {}).get("state") or {}).get("running") or {}
    began = finished or running.get("startedAt") or format_time(now)
    state = health.get("state") or {"running": {"startedAt": began}}
    digest = hashlib.sha256(container["image"].encode()).hexdigest()
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": f"{container['image'].rsplit(':', 1)[0]}@sha256:{digest}",
        "containerID": f"containerd://{digest}",
        "ready": bool(health.get("ready", True)),
        "started": "running" in state,
        "restartCount": int(health.get("restartCount", 0)),
        "state": state,
        "lastState": last,
    }


def _qos_class(containers: list[Manifest]) -> str:
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


def _duration(pod: Manifest) -> timedelta:
    owner = controller_of(pod)
    if owner is None or owner["kind"] != "Job":
        return timedelta.max
    annotations = pod["metadata"].get("annotations") or {}
    return timedelta(seconds=float(annotations.get(DURATION_ANNOTATION, _DEFAULT_DURATION_SECONDS)))


def _finish(cluster: Cluster, pod: Manifest) -> None:
    status = clone(pod["status"])
    for container in status["containerStatuses"]:
        began = container["state"].get("running", {}).get("startedAt", format_time(cluster.now))
        ended = {"exitCode": 0, "reason": "Completed", "startedAt": began}
        ended["finishedAt"] = format_time(cluster.now)
        container |= {"ready": False, "started": False, "state": {"terminated": ended}}
    status["conditions"] = [
        c
        if c["type"] not in ("Ready", "ContainersReady")
        else condition(status["conditions"], c["type"], False, cluster.now, "PodCompleted")
        for c in status["conditions"]
    ]
    cluster.set_status(pod, status | {"phase": "Succeeded"})

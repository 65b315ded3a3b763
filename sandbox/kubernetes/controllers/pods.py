"""Pods: making them from templates, leading them through their life, and taking them down."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sandbox.kubernetes.clock import format_time, parse_time
from sandbox.kubernetes.cloning import clone
from sandbox.kubernetes.controllers import kubelet
from sandbox.kubernetes.controllers.cluster import (
    Cluster,
    Manifest,
    controller_of,
    is_terminating,
    owner_reference,
)
from sandbox.kubernetes.controllers.conditions import condition
from sandbox.kubernetes.controllers.scheduling import schedule

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


def rests_until(pod: Manifest) -> datetime | None:
    """When a pod of a Job will have run to completion; None while something else is to be done with it."""
    if is_terminating(pod) or pod["status"].get("phase") != "Running":
        return None
    return parse_time(pod["metadata"]["creationTimestamp"]) + _duration(pod)


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
        schedule(cluster, pod)
        return
    age = cluster.now - parse_time(pod["metadata"]["creationTimestamp"])
    if pod["status"]["phase"] == "Pending" and age >= timedelta(seconds=START_SECONDS):
        kubelet.start(cluster, pod)
    elif pod["status"]["phase"] == "Running" and age >= _duration(pod):
        _finish(cluster, pod)


def _remove_when_due(cluster: Cluster, pod: Manifest) -> None:
    metadata = pod["metadata"]
    grace = timedelta(seconds=metadata.get("deletionGracePeriodSeconds", 0))
    asked = parse_time(metadata["deletionTimestamp"]) - grace
    if kubelet.is_silent(cluster, pod):
        return
    if cluster.now >= asked + timedelta(seconds=STOP_SECONDS) and not metadata.get("finalizers"):
        cluster.store.delete("Pod", metadata["namespace"], metadata["name"], cluster.now)


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

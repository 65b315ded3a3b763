"""Tables of pods and of what runs them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sandbox.kubernetes.clock import parse_time
from sandbox.kubernetes.selectors import format_label_selector
from sandbox.kubernetes.tables.columns import (
    AGE,
    NAME,
    NONE,
    Column,
    Manifest,
    Printer,
    age,
    born,
    containers,
    count,
    human_duration,
    joined,
    wide,
)

_TEMPLATE_COLUMNS = (wide("Containers"), wide("Images"), wide("Selector"))


def _template_cells(manifest: Manifest) -> list[str]:
    spec = manifest["spec"]
    return [*containers(spec["template"]["spec"]), format_label_selector(spec.get("selector"))]


def pod_reason(pod: Manifest) -> str:
    """The STATUS column: the phase, or what is wrong."""
    status = pod.get("status") or {}
    reason = str(status.get("reason") or status.get("phase") or "Unknown")
    for container in status.get("containerStatuses") or ():
        state = container.get("state") or {}
        detail = state.get("waiting") or state.get("terminated") or {}
        if detail.get("reason"):
            reason = str(detail["reason"])
    reason = _init_reason(status) or reason
    return "Terminating" if pod["metadata"].get("deletionTimestamp") else reason


def _init_reason(status: Manifest) -> str:
    """What keeps an init container from completing; empty when all did."""
    containers = status.get("initContainerStatuses") or ()
    for number, container in enumerate(containers):
        state = container.get("state") or {}
        if (state.get("terminated") or {}).get("exitCode") == 0:
            continue
        detail = state.get("waiting") or state.get("terminated") or {}
        return f"Init:{detail.get('reason') or f'{number}/{len(containers)}'}"
    return ""


def _restarts(pod: Manifest, now: datetime) -> str:
    found = pod.get("status") or {}
    statuses = found.get("containerStatuses") or ()
    if _init_reason(found):
        statuses = found["initContainerStatuses"]
    total = sum(status.get("restartCount", 0) for status in statuses)
    ended = [
        status["lastState"]["terminated"]["finishedAt"]
        for status in statuses
        if (status.get("lastState") or {}).get("terminated", {}).get("finishedAt")
    ]
    return f"{total} ({age(max(ended), now)} ago)" if total and ended else str(total)


def _pod(pod: Manifest, now: datetime) -> list[Any]:
    spec, status = pod["spec"], pod.get("status") or {}
    statuses = status.get("containerStatuses") or ()
    ready = sum(1 for container in statuses if container.get("ready"))
    gates = spec.get("readinessGates") or ()
    return [
        pod["metadata"]["name"],
        f"{ready}/{len(spec.get('containers') or ())}",
        pod_reason(pod),
        _restarts(pod, now),
        born(pod, now),
        status.get("podIP") or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        f"0/{len(gates)}" if gates else NONE,
    ]


def _deployment(manifest: Manifest, now: datetime) -> list[Any]:
    status = manifest.get("status") or {}
    return [
        manifest["metadata"]["name"],
        f"{status.get('readyReplicas', 0)}/{manifest['spec'].get('replicas', 1)}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        born(manifest, now),
        *_template_cells(manifest),
    ]


def _replica_set(manifest: Manifest, now: datetime) -> list[Any]:
    status = manifest.get("status") or {}
    return [
        manifest["metadata"]["name"],
        manifest["spec"].get("replicas", 1),
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        born(manifest, now),
        *_template_cells(manifest),
    ]


def _stateful_set(manifest: Manifest, now: datetime) -> list[Any]:
    status = manifest.get("status") or {}
    return [
        manifest["metadata"]["name"],
        f"{status.get('readyReplicas', 0)}/{manifest['spec'].get('replicas', 1)}",
        born(manifest, now),
        *containers(manifest["spec"]["template"]["spec"]),
    ]


def _daemon_set(manifest: Manifest, now: datetime) -> list[Any]:
    status = manifest.get("status") or {}
    counted = (
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    )
    return [
        manifest["metadata"]["name"],
        *(status.get(name, 0) for name in counted),
        joined(manifest["spec"]["template"]["spec"].get("nodeSelector")),
        born(manifest, now),
        *_template_cells(manifest),
    ]


def _job(manifest: Manifest, now: datetime) -> list[Any]:
    spec, status = manifest["spec"], manifest.get("status") or {}
    true = {c["type"] for c in status.get("conditions") or () if c["status"] == "True"}
    named = [name for name in ("Complete", "Failed", "Suspended") if name in true]
    duration = ""
    if status.get("startTime"):
        end = parse_time(status["completionTime"]) if status.get("completionTime") else now
        duration = human_duration((end - parse_time(status["startTime"])).total_seconds())
    return [
        manifest["metadata"]["name"],
        named[0] if named else "Running",
        f"{status.get('succeeded', 0)}/{spec.get('completions', 1)}",
        duration,
        born(manifest, now),
        *_template_cells(manifest),
    ]


def _cron_job(manifest: Manifest, now: datetime) -> list[Any]:
    spec, status = manifest["spec"], manifest.get("status") or {}
    last = status.get("lastScheduleTime")
    return [
        manifest["metadata"]["name"],
        spec.get("schedule", ""),
        spec.get("timeZone") or NONE,
        str(bool(spec.get("suspend"))),
        len(status.get("active") or ()),
        age(last, now) if last else NONE,
        born(manifest, now),
        *containers(spec["jobTemplate"]["spec"]["template"]["spec"]),
        NONE,
    ]


def _revision(manifest: Manifest, now: datetime) -> list[Any]:
    owners = manifest["metadata"].get("ownerReferences") or [{"kind": "", "name": ""}]
    owner = f"{owners[0]['kind'].lower()}.apps/{owners[0]['name']}"
    return [manifest["metadata"]["name"], owner, manifest.get("revision", 0), born(manifest, now)]


WORKLOADS = {
    "Pod": Printer(
        (
            NAME,
            Column("Ready"),
            Column("Status"),
            Column("Restarts"),
            AGE,
            *map(wide, ("IP", "Node", "Nominated Node", "Readiness Gates")),
        ),
        _pod,
    ),
    "Deployment": Printer(
        (NAME, Column("Ready"), count("Up-to-date"), count("Available"), AGE, *_TEMPLATE_COLUMNS),
        _deployment,
    ),
    "ReplicaSet": Printer(
        (NAME, count("Desired"), count("Current"), count("Ready"), AGE, *_TEMPLATE_COLUMNS),
        _replica_set,
    ),
    "StatefulSet": Printer(
        (NAME, Column("Ready"), AGE, wide("Containers"), wide("Images")), _stateful_set
    ),
    "DaemonSet": Printer(
        (
            NAME,
            *map(count, ("Desired", "Current", "Ready", "Up-to-date", "Available")),
            Column("Node Selector"),
            AGE,
            *_TEMPLATE_COLUMNS,
        ),
        _daemon_set,
    ),
    "Job": Printer(
        (
            NAME,
            Column("Status"),
            Column("Completions"),
            Column("Duration"),
            AGE,
            *_TEMPLATE_COLUMNS,
        ),
        _job,
    ),
    "CronJob": Printer(
        (
            NAME,
            Column("Schedule"),
            Column("Timezone"),
            Column("Suspend"),
            count("Active"),
            Column("Last Schedule"),
            AGE,
            *_TEMPLATE_COLUMNS,
        ),
        _cron_job,
    ),
    "ControllerRevision": Printer((NAME, Column("Controller"), count("Revision"), AGE), _revision),
}

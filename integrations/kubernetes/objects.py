"""Kubernetes objects pruned to what matters, as data. Pure functions on the API's JSON."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator

from agent.model import Json
from integrations.kubernetes.quantities import amount
from integrations.masking import mask_setting, mask_text
from integrations.text import iso, parse_time

_NOISE = ("kubectl.kubernetes.io/last-applied-configuration",)


def name_of(item: Json) -> str:
    """The object's name."""
    return str(item.get("metadata", {}).get("name", ""))


def namespace_of(item: Json) -> str:
    """The object's namespace."""
    return str(item.get("metadata", {}).get("namespace", ""))


def owner_of(item: Json, kind: str = "") -> Json | None:
    """The controlling owner's reference, if there is one (of that kind)."""
    for owner in item.get("metadata", {}).get("ownerReferences", []):
        if not kind or owner.get("kind") == kind:
            return dict(owner)
    return None


def pod_template(item: Json) -> Json:
    """The pod template of a workload, of a CronJob's jobs, or a Pod itself."""
    spec = item.get("spec", {})
    if item.get("kind") == "Pod":
        return {"metadata": item.get("metadata", {}), "spec": spec}
    if item.get("kind") == "CronJob":
        spec = spec.get("jobTemplate", {}).get("spec", {})
    return dict(spec.get("template", {}))


def containers_of(item: Json) -> list[Json]:
    """The containers of its pod template."""
    return list(pod_template(item).get("spec", {}).get("containers", []))


def pruned(item: Json) -> Json:
    """The object without bookkeeping (managedFields, status, versions), for diffs and for reading."""
    kept = copy.deepcopy(item)
    kept.pop("status", None)
    metadata = kept.get("metadata", {})
    for field in (
        "managedFields",
        "resourceVersion",
        "uid",
        "generation",
        "creationTimestamp",
        "selfLink",
    ):
        metadata.pop(field, None)
    annotations = {k: v for k, v in metadata.get("annotations", {}).items() if k not in _NOISE}
    metadata.pop("annotations", None)
    if annotations:
        metadata["annotations"] = annotations
    return kept


def container_data(container: Json) -> Json:
    """Image, requests, limits and environment of a container."""
    resources = container.get("resources", {})
    return {
        "name": container.get("name"),
        "image": container.get("image"),
        "requests": _amounts(resources.get("requests", {})),
        "limits": _amounts(resources.get("limits", {})),
        "env": dict(_environment(container)),
        "args": [
            mask_text(str(a)) for a in [*container.get("command", []), *container.get("args", [])]
        ],
    }


def _amounts(quantities: Json) -> Json:
    return {
        "cpu_cores": amount(quantities.get("cpu")),
        "memory_bytes": amount(quantities.get("memory")),
    }


def _environment(container: Json) -> Iterator[tuple[str, Json]]:
    for variable in container.get("env", []):
        name, source = variable.get("name", ""), variable.get("valueFrom", {})
        if "configMapKeyRef" in source:
            ref = source["configMapKeyRef"]
            yield name, {"config_map": ref.get("name"), "key": ref.get("key")}
        elif "secretKeyRef" in source:
            ref = source["secretKeyRef"]
            yield name, {"secret": ref.get("name"), "key": ref.get("key")}
        elif "fieldRef" in source:
            yield name, {"value": f"field {source['fieldRef'].get('fieldPath')}"}
        else:
            yield name, {"value": mask_setting(name, str(variable.get("value", "")))}


def references(item: Json, kind: str) -> list[str]:
    """Names of the ConfigMaps (``kind="ConfigMap"``) or Secrets that the pod template uses."""
    names: dict[str, None] = {}
    env_from, key_ref, volume, field = {
        "ConfigMap": ("configMapRef", "configMapKeyRef", "configMap", "name"),
        "Secret": ("secretRef", "secretKeyRef", "secret", "secretName"),
    }[kind]
    spec = pod_template(item).get("spec", {})
    for container in [*spec.get("initContainers", []), *spec.get("containers", [])]:
        for source in container.get("envFrom", []):
            names[source.get(env_from, {}).get("name", "")] = None
        for variable in container.get("env", []):
            names[variable.get("valueFrom", {}).get(key_ref, {}).get("name", "")] = None
    for mounted in spec.get("volumes", []):
        names[mounted.get(volume, {}).get(field, "")] = None
        for source in mounted.get("projected", {}).get("sources", []):
            names[source.get(volume, {}).get("name", "")] = None
    return [n for n in names if n]


def reloads_itself(item: Json, config_map: str) -> bool:
    """Whether Reloader (stakater) rolls the workload when this ConfigMap changes."""
    if item["kind"] == "CronJob" or config_map not in references(item, "ConfigMap"):
        return False
    template = pod_template(item).get("metadata", {}).get("annotations") or {}
    marks = {**template, **(item["metadata"].get("annotations") or {})}
    automatic = any(
        marks.get(f"{p}reloader.stakater.com/auto") == "true" for p in ("", "configmap.")
    )
    named = str(marks.get("configmap.reloader.stakater.com/reload", "")).split(",")
    return automatic or config_map in [n.strip() for n in named]


def conditions_data(item: Json) -> list[Json]:
    """The status conditions."""
    return [
        {
            "type": c.get("type"),
            "status": c.get("status"),
            "reason": c.get("reason"),
            "message": c.get("message"),
            "at": iso(parse_time(c.get("lastTransitionTime"))),
        }
        for c in item.get("status", {}).get("conditions", [])
    ]


def pod_data(pod: Json) -> Json:
    """A pod's state, restarts and how its containers last ended."""
    metadata, status = pod.get("metadata", {}), pod.get("status", {})
    main = status.get("containerStatuses", [])
    states = [*status.get("initContainerStatuses", []), *main]
    ended = [
        {**s["lastState"]["terminated"], "container": s.get("name")}
        for s in states
        if s.get("lastState", {}).get("terminated")
    ]
    last = max(ended, key=lambda e: str(e.get("finishedAt")), default=None)
    why = _why(pod, states)
    return {
        "name": name_of(pod),
        "phase": status.get("phase"),
        "ready": bool(main) and all(s.get("ready") for s in main) and _is_reported_ready(status),
        "restarts": sum(int(s.get("restartCount", 0)) for s in states),
        "reason": why["reason"],
        "message": why["message"],
        "container": why["container"],
        "last_state": last
        and {
            "reason": last.get("reason"),
            "exit_code": last.get("exitCode"),
            "message": last.get("message") and mask_text(last["message"]),
            "container": last["container"],
            "started_at": iso(parse_time(last.get("startedAt"))),
            "finished_at": iso(parse_time(last.get("finishedAt"))),
        },
        "node": pod.get("spec", {}).get("nodeName"),
        "images": [c.get("image") for c in pod.get("spec", {}).get("containers", [])],
        "created_at": iso(parse_time(metadata.get("creationTimestamp"))),
        "started_at": iso(parse_time(status.get("startTime"))),
        "terminating": bool(metadata.get("deletionTimestamp")),
    }


def _is_reported_ready(status: Json) -> bool:
    """What its Ready condition says, which the node controller withdraws when the node is lost."""
    conditions = {c.get("type"): c.get("status") for c in status.get("conditions", [])}
    return bool(conditions.get("Ready", "True") == "True")


def _why(pod: Json, states: Iterable[Json]) -> Json:
    """Why the pod is as it is: the pod's own reason, a container that waits or ended, or the scheduler's."""
    status = pod.get("status", {})
    if status.get("reason"):
        return _told(status, None)
    for state in states:
        now = state.get("state", {})
        waiting, terminated = now.get("waiting") or {}, now.get("terminated") or {}
        if waiting.get("reason"):
            return _told(waiting, state.get("name"))
        if terminated.get("reason") and terminated.get("exitCode") != 0:
            return _told(terminated, state.get("name"))
    if pod.get("spec", {}).get("nodeName"):
        done = [
            s.get("state", {}).get("terminated") or {} for s in status.get("containerStatuses", [])
        ]
        return _told(next((d for d in done if d.get("reason")), {}), None)
    unscheduled = (c for c in status.get("conditions", []) if c.get("type") == "PodScheduled")
    return _told(next(unscheduled, {}), None)


def _told(state: Json, container: str | None) -> Json:
    message = state.get("message")
    return {
        "reason": str(state["reason"]) if state.get("reason") else None,
        "message": mask_text(str(message)) if message else None,
        "container": container,
    }


def replicas_data(item: Json) -> Json | None:
    """Desired, ready, available and updated replicas; None for kinds without them."""
    spec, status = item.get("spec", {}), item.get("status", {})
    if item.get("kind") == "DaemonSet":
        return {
            "desired": status.get("desiredNumberScheduled", 0),
            "ready": status.get("numberReady", 0),
            "available": status.get("numberAvailable", 0),
            "updated": status.get("updatedNumberScheduled", 0),
        }
    if item.get("kind") not in ("Deployment", "StatefulSet", "ReplicaSet"):
        return None
    return {
        "desired": spec.get("replicas", 1),
        "ready": status.get("readyReplicas", 0),
        "available": status.get("availableReplicas", status.get("readyReplicas", 0)),
        "updated": status.get("updatedReplicas", 0),
    }


def autoscaler_data(hpa: Json) -> Json:
    """A HorizontalPodAutoscaler's bounds and where it stands."""
    spec, status = hpa.get("spec", {}), hpa.get("status", {})
    return {
        "name": name_of(hpa),
        "min": spec.get("minReplicas", 1),
        "max": spec.get("maxReplicas"),
        "current": status.get("currentReplicas"),
        "desired": status.get("desiredReplicas"),
        "metrics_text": ", ".join(_metric_text(m, status) for m in spec.get("metrics", [])),
        "measured_percent": next(
            filter(None, map(_percent, status.get("currentMetrics") or [])), None
        ),
        "target_percent": next(filter(None, map(_target, spec.get("metrics", []))), None),
        "limited": _reason_of(hpa, "ScalingLimited", "True"),
        "inactive": _reason_of(hpa, "ScalingActive", "False"),
    }


def _percent(metric: Json) -> int | None:
    percent = metric.get("resource", {}).get("current", {}).get("averageUtilization")
    return None if percent is None else int(percent)


def _target(metric: Json) -> int | None:
    percent = metric.get("resource", {}).get("target", {}).get("averageUtilization")
    return None if percent is None else int(percent)


def _reason_of(item: Json, kind: str, status: str) -> str | None:
    """Why a condition has this status; None: it has another."""
    for condition in item.get("status", {}).get("conditions", []):
        if (condition.get("type"), condition.get("status")) == (kind, status):
            return str(condition.get("reason") or kind)
    return None


def _metric_text(metric: Json, status: Json) -> str:
    name = metric.get("resource", {}).get("name") or metric.get("type", "")
    target = metric.get("resource", {}).get("target", {}).get("averageUtilization")
    now = next(
        (
            m.get("resource", {}).get("current", {}).get("averageUtilization")
            for m in status.get("currentMetrics") or []
            if m.get("resource", {}).get("name") == name
        ),
        None,
    )
    return f"{name} {now if now is not None else '?'}%/{target if target is not None else '?'}%"


def budget_data(pdb: Json) -> Json:
    """A PodDisruptionBudget's bounds and the disruptions it allows now."""
    spec, status = pdb.get("spec", {}), pdb.get("status", {})
    return {
        "name": name_of(pdb),
        "min_available": spec.get("minAvailable"),
        "max_unavailable": spec.get("maxUnavailable"),
        "allowed": status.get("disruptionsAllowed"),
        "healthy": status.get("currentHealthy"),
        "desired_healthy": status.get("desiredHealthy"),
        "expected": status.get("expectedPods"),
    }


def rollout_data(item: Json) -> Json | None:
    """How a Deployment rolls out; None for other kinds."""
    if item.get("kind") != "Deployment":
        return None
    spec = item.get("spec", {})
    rolling = (spec.get("strategy") or {}).get("rollingUpdate") or {}
    return {
        "paused": bool(spec.get("paused")),
        "max_surge": rolling.get("maxSurge"),
        "max_unavailable": rolling.get("maxUnavailable"),
        "min_ready_seconds": spec.get("minReadySeconds", 0),
        "deadline_seconds": spec.get("progressDeadlineSeconds"),
    }


def job_data(job: Json) -> Json:
    """A Job's run."""
    status = job.get("status", {})
    owner = owner_of(job, "CronJob")
    failed_at = next(
        (
            c.get("lastTransitionTime")
            for c in status.get("conditions", [])
            if c.get("type") == "Failed"
        ),
        None,
    )
    return {
        "name": name_of(job),
        "owner": owner and owner.get("name"),
        "started_at": iso(parse_time(status.get("startTime"))),
        "finished_at": iso(parse_time(status.get("completionTime") or failed_at)),
        "succeeded": status.get("succeeded", 0),
        "failed": status.get("failed", 0),
        "active": status.get("active", 0),
        "suspended": bool(job.get("spec", {}).get("suspend")),
    }

"""One line of facts per object, by kind."""

from __future__ import annotations

from collections.abc import Callable

from agent.model import Json
from integrations.kubernetes import objects
from integrations.kubernetes.quantities import amount
from integrations.text import iso, parse_time


def summary_of(item: Json) -> Json:
    """The facts of an object that its kind is known for."""
    summarise = _BY_KIND.get(item.get("kind", ""))
    return summarise(item) if summarise else {}


def node_data(node: Json) -> Json:
    """A node's health and room."""
    status, spec = node.get("status", {}), node.get("spec", {})
    conditions = {c["type"]: c["status"] for c in status.get("conditions", [])}
    allocatable = status.get("allocatable", {})
    return {
        "name": objects.name_of(node),
        "ready": conditions.get("Ready") == "True",
        "pressures": [k for k, v in conditions.items() if k != "Ready" and v == "True"],
        "unschedulable": bool(spec.get("unschedulable")),
        "allocatable": {
            "cpu_cores": amount(allocatable.get("cpu")),
            "memory_bytes": amount(allocatable.get("memory")),
        },
        "taints": [
            f"{t.get('key')}={t.get('value', '')}:{t.get('effect')}" for t in spec.get("taints", [])
        ],
    }


def _workload(item: Json) -> Json:
    images = [c.get("image") for c in objects.containers_of(item)]
    return {"replicas": objects.replicas_data(item), "images": images}


def _cron_job(item: Json) -> Json:
    spec, status = item.get("spec", {}), item.get("status", {})
    return {
        "schedule": spec.get("schedule"),
        "suspended": bool(spec.get("suspend")),
        "active": [a.get("name") for a in status.get("active", [])],
        "last_schedule_at": iso(parse_time(status.get("lastScheduleTime"))),
    }


def _service(item: Json) -> Json:
    spec = item.get("spec", {})
    return {
        "selector": spec.get("selector"),
        "ports": [p.get("port") for p in spec.get("ports", [])],
    }


def _ingress(item: Json) -> Json:
    rules = item.get("spec", {}).get("rules", [])
    backends = [
        f"{rule.get('host', '*')}{path.get('path', '/')} -> {path['backend'].get('service', {}).get('name')}"
        for rule in rules
        for path in rule.get("http", {}).get("paths", [])
    ]
    return {"routes": backends}


def _config_map(item: Json) -> Json:
    return {"keys": sorted(item.get("data") or {})}


def _claim(item: Json) -> Json:
    spec, status = item.get("spec", {}), item.get("status", {})
    return {
        "phase": status.get("phase"),
        "bytes": amount((status.get("capacity") or {}).get("storage")),
        "requested_bytes": amount(spec.get("resources", {}).get("requests", {}).get("storage")),
        "storage_class": spec.get("storageClassName"),
    }


def _scaler(item: Json) -> Json:
    target = item.get("spec", {}).get("scaleTargetRef", {})
    return {**objects.autoscaler_data(item), "target": f"{target.get('kind')}/{target.get('name')}"}


_BY_KIND: dict[str, Callable[[Json], Json]] = {
    "Deployment": _workload,
    "StatefulSet": _workload,
    "DaemonSet": _workload,
    "ReplicaSet": _workload,
    "CronJob": _cron_job,
    "Job": objects.job_data,
    "Pod": objects.pod_data,
    "Service": _service,
    "Ingress": _ingress,
    "ConfigMap": _config_map,
    "PersistentVolumeClaim": _claim,
    "HorizontalPodAutoscaler": _scaler,
    "PodDisruptionBudget": objects.budget_data,
    "Node": node_data,
}

"""The properties of an object's entity: what was decided about it, not how it happens to be this minute."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from agent.model import Json
from integrations.kubernetes import objects
from integrations.kubernetes.naming import images_of, ownership
from integrations.kubernetes.quantities import amount
from integrations.kubernetes.resources import WORKLOADS
from integrations.text import iso, parse_time

PART_OF = "app.kubernetes.io/part-of"
_GENERATED = frozenset({"pod-template-hash", "controller-revision-hash", "controller-uid"})
_METRIC = {"Utilization": "averageUtilization", "AverageValue": "averageValue", "Value": "value"}


def properties_of(item: Json) -> Json:
    """What is known of an object; empty values are left out."""
    labels = item["metadata"].get("labels") or {}
    found: Json = {
        "labels": {k: v for k, v in labels.items() if k not in _GENERATED},
        "created_at": iso(parse_time(item["metadata"].get("creationTimestamp"))),
        "part_of": labels.get(PART_OF),
        **ownership(item),
    }
    if item["kind"] in WORKLOADS:
        found["images"] = images_of(item)
        found["containers"] = [_container(c) for c in objects.containers_of(item)]
    describe = _BY_KIND.get(item["kind"])
    return known({**found, **(describe(item) if describe else {})})


def known(values: Json) -> Json:
    """Without what is None, empty or a blank; zero and False say something."""
    return {k: v for k, v in values.items() if v is not None and v not in ("", [], {})}


def limits(container: Json) -> dict[str, Json]:
    """Requests and limits of a container in cores and bytes; what is not set is left out."""
    resources = container.get("resources") or {}
    found = {
        part: known(
            {
                "cpu_cores": amount((resources.get(part) or {}).get("cpu")),
                "memory_bytes": amount((resources.get(part) or {}).get("memory")),
            }
        )
        for part in ("requests", "limits")
    }
    return {part: values for part, values in found.items() if values}


def _container(container: Json) -> Json:
    return known(
        {"name": container.get("name"), "image": container.get("image"), **limits(container)}
    )


def _replicated(item: Json) -> Json:
    return {"replicas": item.get("spec", {}).get("replicas", 1)}


def _cron_job(item: Json) -> Json:
    spec = item.get("spec", {})
    return {
        "schedule": spec.get("schedule"),
        "time_zone": spec.get("timeZone"),
        "suspended": bool(spec.get("suspend")),
        "concurrency": spec.get("concurrencyPolicy"),
    }


def _job(item: Json) -> Json:
    data = objects.job_data(item)
    return {"owner": data["owner"], "started_at": data["started_at"]}


def _service(item: Json) -> Json:
    spec = item.get("spec", {})
    return {
        "selector": spec.get("selector"),
        "ports": [p.get("port") for p in spec.get("ports") or []],
        "external_name": spec.get("externalName"),
    }


def _ingress(item: Json) -> Json:
    return {
        "routes": [
            f"{rule.get('host', '*')}{path.get('path', '/')} -> {name}"
            for rule in item.get("spec", {}).get("rules") or []
            for path in (rule.get("http") or {}).get("paths") or []
            if (name := ((path.get("backend") or {}).get("service") or {}).get("name"))
        ]
    }


def _config_map(item: Json) -> Json:
    return {"keys": sorted(item.get("data") or {})}


def _claim(item: Json) -> Json:
    spec = item.get("spec", {})
    size = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    return {
        "size": size,
        "bytes": amount(size),
        "storage_class": spec.get("storageClassName"),
        "access_modes": spec.get("accessModes"),
    }


def _scaler(item: Json) -> Json:
    spec = item.get("spec", {})
    target = spec.get("scaleTargetRef") or {}
    return {
        "target": f"{target.get('kind')}/{target.get('name')}",
        "min_replicas": spec.get("minReplicas", 1),
        "max_replicas": spec.get("maxReplicas"),
        "metrics": list(_metrics(spec.get("metrics") or [])),
    }


def _metrics(metrics: Iterable[Json]) -> Iterable[str]:
    for metric in metrics:
        source: Json = next((v for v in metric.values() if isinstance(v, dict)), {})
        target = source.get("target") or {}
        name = source.get("name") or (source.get("metric") or {}).get("name") or metric.get("type")
        value = target.get(_METRIC.get(str(target.get("type")), "averageUtilization"))
        yield f"{name} at {value}{'%' if target.get('type') == 'Utilization' else ''}"


def _budget(item: Json) -> Json:
    spec = item.get("spec", {})
    return {
        "min_available": spec.get("minAvailable"),
        "max_unavailable": spec.get("maxUnavailable"),
    }


def _node(item: Json) -> Json:
    status, spec = item.get("status", {}), item.get("spec", {})
    conditions = {c["type"]: c["status"] for c in status.get("conditions") or []}
    labels = item["metadata"].get("labels") or {}
    return {
        "ready": conditions.get("Ready") == "True" if conditions else None,
        "pressures": [k for k, v in conditions.items() if k != "Ready" and v == "True"],
        "unschedulable": bool(spec.get("unschedulable")),
        "capacity": _room(status.get("capacity") or {}),
        "allocatable": _room(status.get("allocatable") or {}),
        "taints": [
            f"{t.get('key')}={t.get('value', '')}:{t.get('effect')}"
            for t in spec.get("taints") or []
        ],
        "instance_type": labels.get("node.kubernetes.io/instance-type"),
        "zone": labels.get("topology.kubernetes.io/zone"),
    }


def _room(quantities: Json) -> Json:
    return known(
        {
            "cpu_cores": amount(quantities.get("cpu")),
            "memory_bytes": amount(quantities.get("memory")),
            "pods": amount(quantities.get("pods")),
        }
    )


_BY_KIND: dict[str, Callable[[Json], dict[str, Any]]] = {
    "Deployment": _replicated,
    "StatefulSet": _replicated,
    "CronJob": _cron_job,
    "Job": _job,
    "Service": _service,
    "Ingress": _ingress,
    "ConfigMap": _config_map,
    "PersistentVolumeClaim": _claim,
    "HorizontalPodAutoscaler": _scaler,
    "PodDisruptionBudget": _budget,
    "Node": _node,
}

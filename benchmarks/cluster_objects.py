"""The objects of a large cluster, as its API would give them: bookkeeping, statuses and all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Manifest = dict[str, Any]

_NAMESPACES = 40
_NODES = 200
_PODS_EACH = 3
_CREATED = "2026-11-20T08:00:00Z"
_PLAIN = ("LOG_LEVEL", "REGION", "TZ", "FEATURE_FLAGS", "WORKERS", "TIMEOUT_SECONDS", "CACHE_TTL")


def objects(deployments: int) -> Iterator[tuple[str, Manifest]]:
    """Plural and object: so many Deployments, each with ReplicaSet-owned Pods, Service, ConfigMap, Secret, and every
    second one with autoscaler, budget and claim, every tenth with a CronJob; and the nodes under them."""
    for number in range(_NODES):
        yield "nodes", _node(number)
    for number in range(deployments):
        yield from _around(number, deployments)


def namespace_of(number: int) -> str:
    """The namespace of the Deployment of that number."""
    return f"space-{number % _NAMESPACES}"


def name_of(number: int) -> str:
    """Its name."""
    return f"app-{number}"


def _around(number: int, deployments: int) -> Iterator[tuple[str, Manifest]]:
    name, labels = name_of(number), _labels(number)
    near = [(number + _NAMESPACES * step) % deployments for step in (1, 7)]
    yield "deployments", _deployment(number, near)
    for pod in range(_PODS_EACH):
        yield "pods", _pod(number, pod)
    spec = {"selector": {"app": name, "part-of": "shop"}, "ports": [{"port": 8080}]}
    yield "services", _object(number, name, spec=spec)
    data = {f"KEY_{i}": f"value {i} of {name}" for i in range(12)}
    data["UPSTREAM"] = f"http://{name_of(near[1])}:8080/v1"
    yield "configmaps", _object(number, name, data=data)
    yield "secrets", _object(number, name)
    if number % 2 == 0:
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
        bounds = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 9, "metrics": []}
        yield "horizontalpodautoscalers", _object(number, name, spec=bounds)
        budget = {"minAvailable": 1, "selector": {"matchLabels": labels}}
        yield "poddisruptionbudgets", _object(number, name, spec=budget)
        claim = {"resources": {"requests": {"storage": "20Gi"}}, "accessModes": ["ReadWriteOnce"]}
        yield "persistentvolumeclaims", _object(number, f"data-{name}", spec=claim)
    if number % 10 == 0:
        yield "cronjobs", _cron_job(number)


def _deployment(number: int, near: list[int]) -> Manifest:
    name = name_of(number)
    env: list[Manifest] = [{"name": n, "value": f"{n.lower()}-{number % 5}"} for n in _PLAIN]
    env += [
        {"name": "REDIS_URL", "value": f"redis://:pw@{name_of(near[0])}:6379/0"},
        {"name": "DB_HOST", "value": f"db-{number % 50}.cluster.rds.amazonaws.com"},
        {"name": "ORDERS_TOPIC", "value": f"orders-{number % 400}.created"},
        {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": name, "key": "password"}}},
    ]
    container = {
        "name": name,
        "image": f"registry.example.com/shop/{name}:1.{number % 9}.0",
        "env": env,
        "envFrom": [{"configMapRef": {"name": name}}],
        "resources": {
            "requests": {"cpu": "100m", "memory": "128Mi"},
            "limits": {"cpu": "1", "memory": "512Mi"},
        },
        "ports": [{"containerPort": 8080, "protocol": "TCP"}],
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10},
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 5},
        "imagePullPolicy": "IfNotPresent",
        "terminationMessagePath": "/dev/termination-log",
    }
    template = {"metadata": {"labels": _labels(number)}, "spec": {"containers": [container]}}
    condition = {"type": "Available", "status": "True", "lastUpdateTime": _CREATED}
    return _object(
        number,
        name,
        spec={"replicas": 3, "selector": {"matchLabels": {"app": name}}, "template": template},
        status={"replicas": 3, "readyReplicas": 3, "conditions": [condition, condition]},
    )


def _pod(number: int, pod: int) -> Manifest:
    name = name_of(number)
    owner = {"kind": "ReplicaSet", "name": f"{name}-5d4f8c7b9", "uid": f"rs-{number}"}
    made = _object(number, f"{name}-5d4f8c7b9-{pod:05}")
    made["metadata"]["ownerReferences"] = [{**owner, "controller": True}]
    state = {"name": name, "ready": True, "restartCount": 0, "state": {"running": {}}}
    container = {"name": name, "image": "x", "env": [{"name": n, "value": "1"} for n in _PLAIN]}
    made["spec"] = {
        "nodeName": f"node-{(number + pod * 67) % _NODES}",
        "containers": [container],
        "tolerations": [{"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}] * 2,
    }
    made["status"] = {"phase": "Running", "containerStatuses": [state], "podIP": "10.0.0.1"}
    return made


def _cron_job(number: int) -> Manifest:
    target = f"http://{name_of(number)}:8080/clean"
    container = {"name": "clean", "image": f"shop/clean-{number}:1", "args": [target]}
    pod = {"spec": {"containers": [container], "restartPolicy": "Never"}}
    spec = {
        "schedule": f"{number % 60} {number % 24} * * *",
        "jobTemplate": {"spec": {"template": pod}},
    }
    return _object(number, f"clean-{number}", spec=spec)


def _node(number: int) -> Manifest:
    room = {"cpu": "16", "memory": "64Gi", "pods": "110"}
    status = {
        "capacity": room,
        "allocatable": room,
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    made = _object(number, f"node-{number}", status=status)
    del made["metadata"]["namespace"]
    return made


def _labels(number: int) -> dict[str, str]:
    name = name_of(number)
    return {"app": name, "part-of": "shop", "tags.datadoghq.com/service": name}


def _object(number: int, name: str, **parts: Any) -> Manifest:
    fields: Manifest = {f"f:field{i}": {"f:key": {}, "f:value": {}} for i in range(24)}
    written = {
        "manager": "argocd-controller",
        "operation": "Update",
        "apiVersion": "v1",
        "time": _CREATED,
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:metadata": fields, "f:spec": fields},
    }
    metadata = {
        "name": name,
        "namespace": namespace_of(number),
        "uid": f"uid-{name}-{number}",
        "resourceVersion": str(500_000 + number),
        "creationTimestamp": _CREATED,
        "labels": _labels(number),
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "x" * 900},
        "managedFields": [written],
    }
    return {"metadata": metadata, **parts}

"""Small Kubernetes objects for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def stamp(hours_ago: float) -> str:
    return (NOW - timedelta(hours=hours_ago)).isoformat().replace("+00:00", "Z")


def workload(kind="Deployment", name="web", image="web:1", replicas=3, **spec):
    return {
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": "production",
            "uid": f"uid-{name}",
            "resourceVersion": "7",
            "generation": 2,
            "labels": {"tags.datadoghq.com/service": name},
            "annotations": {"deployment.kubernetes.io/revision": "2"},
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [container(name, image)]},
            },
            **spec,
        },
    }


def container(name="web", image="web:1"):
    return {
        "name": name,
        "image": image,
        "resources": {
            "requests": {"cpu": "500m", "memory": "1Gi"},
            "limits": {"cpu": "1", "memory": "2Gi"},
        },
    }


def replica_set(revision, image, hours_ago, owner="web"):
    made = workload(image=image)
    return {
        **made,
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{owner}-{revision}",
            "namespace": "production",
            "creationTimestamp": stamp(hours_ago),
            "annotations": {"deployment.kubernetes.io/revision": str(revision)},
            "ownerReferences": [
                {"kind": "Deployment", "name": owner, "uid": f"uid-{owner}", "controller": True}
            ],
        },
    }

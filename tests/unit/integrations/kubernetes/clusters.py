"""Small clusters for tests of the graph: objects in, what they make of the graph out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from agent.knowledge.facts import Seen
from agent.model import Entity
from integrations.kubernetes.graph.cluster import Cluster
from integrations.kubernetes.graph.reading import read

NOW = datetime(2026, 11, 25, 1, tzinfo=UTC)


def cluster_of(*items: dict[str, Any]) -> Cluster:
    cluster = Cluster(lambda: NOW)
    for item in items:
        cluster.put(read(item))
    return cluster


def seen_of(*items: dict[str, Any]) -> Seen:
    return cluster_of(*items).whole()


def ties(seen: Seen, kind: str = "") -> set[tuple[str, str, str]]:
    return {(r.source, r.kind, r.target) for r in seen.relations if kind in ("", r.kind)}


def entity(seen: Seen, key: str) -> Entity:
    return next(e for e in seen.entities if e.key == key)


def obj(
    kind: str,
    name: str,
    spec: Any = None,
    *,
    namespace: str = "shop",
    labels: Any = None,
    owner: tuple[str, str] | None = None,
    **rest: Any,
) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "uid": f"{kind}-{name}", "labels": labels or {}}
    if kind != "Node":
        metadata["namespace"] = namespace
    if owner:
        metadata["ownerReferences"] = [{"kind": owner[0], "name": owner[1], "uid": "x"}]
    return {"kind": kind, "metadata": metadata, "spec": spec or {}, **rest}


def workload(
    name: str,
    kind: str = "Deployment",
    *,
    env: dict[str, Any] | None = None,
    labels: dict[str, str] | None = None,
    image: str = "",
    replicas: int = 2,
    maps: tuple[str, ...] = (),
    pod: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    labels = {"app": name} if labels is None else labels
    container = {
        "name": "main",
        "image": image or f"example.com/{name}:1",
        "env": [{"name": n, "value": v} for n, v in (env or {}).items()],
        "envFrom": [{"configMapRef": {"name": m}} for m in maps],
        "resources": {"limits": {"cpu": "500m", "memory": "1Gi"}},
    }
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [container], **(pod or {})},
    }
    if kind == "CronJob":
        return obj(
            kind, name, {"jobTemplate": {"spec": {"template": template}}, **more}, labels=labels
        )
    return obj(kind, name, {"replicas": replicas, "template": template, **more}, labels=labels)


def service(name: str, selector: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    return obj("Service", name, {"selector": selector or {"app": name}, **more})

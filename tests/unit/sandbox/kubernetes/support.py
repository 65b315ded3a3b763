"""A small cluster, a world that can be told what to say, and a server to talk to."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from sandbox.kubernetes.api import create_app
from sandbox.kubernetes.controllers import expand
from sandbox.kubernetes.roles import PolicyRule, Role, sandbox_tokens
from sandbox.kubernetes.store import ObjectStore

ADMIN = Role("admin", (PolicyRule(("*",), ("*",), ("*",)),))
NARROW = Role(
    "narrow",
    (
        PolicyRule(("", "apps", "batch"), ("*",), ("get", "list", "watch")),
        PolicyRule(("networking.k8s.io",), ("ingresses",), ("get", "list", "watch")),
    ),
)
"""Knows workloads and Services, and nothing of policies, endpoints, autoscalers or budgets."""
TOKENS = {**sandbox_tokens(), "admin": ADMIN, "narrow": NARROW}


class FakeWorld:
    """The parts of the world that the Kubernetes API asks for, settable by tests."""

    def __init__(self) -> None:
        self.health: dict[str, Mapping[str, Any]] = {}
        self.lines: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []

    def now(self) -> datetime:
        return datetime.now(UTC)

    def logs(self, start: datetime, end: datetime, **wanted: Any) -> list[dict[str, Any]]:
        return [
            line
            for line in self.lines
            if start <= line["timestamp"] < end and line.get("pod") in (None, wanted.get("pod"))
        ]

    def series(self, *_: Any, **__: Any) -> list[Any]:
        return []

    def pod_status(self, pod: Mapping[str, Any]) -> Mapping[str, Any]:
        return self.health.get(pod["metadata"]["name"], {})

    def kubernetes_events(self, namespace: str | None) -> Iterable[dict[str, Any]]:
        return list(self.events)


def deployment(name: str = "web", image: str = "shop/web:1", **spec: Any) -> dict[str, Any]:
    labels = {"app": name}
    container = {
        "name": name,
        "image": image,
        "ports": [{"name": "http", "containerPort": 8080}],
        "env": [
            {"name": "REDIS_URL", "value": "redis://redis:6379/0"},
            {"name": "MODE", "value": "fast"},
        ],
        "resources": {
            "requests": {"cpu": "100m", "memory": "128Mi"},
            "limits": {"cpu": "500m", "memory": "256Mi"},
        },
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "production", "labels": labels},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            **spec,
        },
    }


def stateful_set(name: str = "redis", image: str = "redis:7.2") -> dict[str, Any]:
    made = deployment(name, image, serviceName=name, replicas=2)
    return {**made, "kind": "StatefulSet"}


def cron_job(name: str = "backup", schedule: str = "0 3 * * *") -> dict[str, Any]:
    pod = {"restartPolicy": "Never", "containers": [{"name": name, "image": "shop/backup:4"}]}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name, "namespace": "production"},
        "spec": {"schedule": schedule, "jobTemplate": {"spec": {"template": {"spec": pod}}}},
    }


def simple(
    kind: str, name: str, namespace: str | None = "production", **rest: Any
) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **rest}


def seeded_store() -> ObjectStore:
    """Two nodes, two namespaces, a Deployment of two revisions, a StatefulSet, and company."""
    store = ObjectStore()
    now = datetime.now(UTC)
    day_ago = now - timedelta(days=1)
    for namespace in ("production", "staging"):
        store.load(simple("Namespace", namespace, None), day_ago)
    for number in (1, 2):
        store.load(simple("Node", f"node-{number}", None), day_ago)
    expand(store, _because(deployment(image="shop/web:1"), "first release"), day_ago)
    expand(store, _because(deployment(image="shop/web:2"), "faster"), now - timedelta(hours=3))
    expand(store, stateful_set(), day_ago)
    expand(store, cron_job(), day_ago)
    selector = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]}
    store.load(simple("Service", "web", spec=selector), day_ago)
    store.load(simple("ConfigMap", "settings", data={"LEVEL": "info"}), day_ago)
    store.load(simple("Secret", "database", data={"password": "aHVudGVyMg=="}), day_ago)
    budget = {"minAvailable": 2, "selector": {"matchLabels": {"app": "redis"}}}
    store.load(
        {**simple("PodDisruptionBudget", "redis", spec=budget), "apiVersion": "policy/v1"}, day_ago
    )
    return store


def _because(manifest: dict[str, Any], cause: str) -> dict[str, Any]:
    manifest["metadata"]["annotations"] = {"kubernetes.io/change-cause": cause}
    return manifest


@contextmanager
def serving(store: ObjectStore, world: FakeWorld) -> Iterator[str]:
    """Serve the API under ``/k8s`` on a free loopback port; yields its base URL."""
    api = create_app(store, world, TOKENS)  # type: ignore[arg-type]
    app = Starlette(
        routes=[Mount("/k8s", api)], lifespan=lambda _: api.router.lifespan_context(api)
    )
    config = uvicorn.Config(
        app, port=0, log_level="warning", timeout_graceful_shutdown=1, lifespan="on"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/k8s"
    finally:
        server.should_exit = True
        thread.join(5)

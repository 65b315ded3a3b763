"""The login case with as much to read as such nights have: 12 logs of 2,000 lines, 150 pods, 60 events, long describes.

The vendors' clients are played; everything above them (tools, log mining, observations) is the real one.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from agent.errors import NotFound
from agent.model import Json, Window
from agent.tools import Registry
from integrations.datadog.tools import DatadogTools
from integrations.kubernetes.tools import KubernetesTools

NAMESPACE = "production"
SERVICES = (
    "auth",
    "auth-report",
    "auth-db-proxy",
    "gateway",
    "session",
    "profile",
    "cart",
    "search",
)
"""Whose logs Kubernetes has."""
DATADOG_SERVICES = ("auth", "gateway", "billing", "notify")
"""Whose logs are asked of Datadog: together twelve."""
LINES = 2_000
PODS, EVENTS, SETTINGS = 150, 60, 60
_ROUTINE = (
    "INFO GET /{path} 200 in {ms} ms user={id}",
    "INFO POST /{path} 201 in {ms} ms user={id} session={hex}",
    "DEBUG cache hit key=user:{id} ttl={ms}",
    "INFO span {hex} finished op={path} took {ms} ms",
)
_TROUBLE = (
    "WARN slow request /{path} took {long} ms user={id}",
    "ERROR upstream {path} answered 503 after {long} ms request={hex}",
    "WARN retry {n} of 3 for {path}: deadline exceeded",
)
_RARE = (
    "INFO feature flags reloaded, version {id}",
    "WARN GC pause of {ms} ms, heap at {n}5 %",
    "INFO certificate valid for {ms} more days",
    "WARN config key login.theme is deprecated",
    "ERROR could not parse Accept-Language of user {id}: unknown tag",
    "INFO leader election won by {path}-{n}",
    "ERROR audit sink refused event {hex}: connection reset by peer",
    "WARN thread pool {path} is at 9{n} % of its size",
    "ERROR cannot decode cookie of session {hex}: invalid padding",
    "WARN clock differs from the time server by {ms} ms",
)
_WORDS = ("login", "token", "refresh", "logout", "profile", "health")
HIKARI = (
    "{level}HikariPool-1 - Connection is not available, request timed out after 30000ms"
    " (total=100, active=100, idle=0, waiting=57)"
)
DECISIVE = "HikariPool-1 - Connection is not available"
"""What must reach the model, wherever it stands."""


class Placement:
    """Where the decisive line stands, and how it is written; from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.log = self.random.randrange(len(SERVICES) + len(DATADOG_SERVICES))
        """Which of the twelve logs."""
        self.line = self.random.randrange(LINES)
        level = self.random.choice(["ERROR ", "WARN ", "", "com.zaxxer.hikari.pool "])
        self.text = HIKARI.format(level=level)

    def lines(self, log: int, end: datetime) -> list[tuple[datetime, str]]:
        """The lines of one of the twelve logs: one hour up to ``end``."""
        generator = random.Random(log)
        texts = [_line(generator) for _ in range(LINES)]
        for text in _RARE:
            texts[generator.randrange(LINES)] = _filled(text, generator)
        if log == self.log:
            texts[self.line] = self.text
        start, step = end - timedelta(hours=1), timedelta(seconds=3600 / LINES)
        return [(start + n * step, text) for n, text in enumerate(texts)]


def _line(generator: random.Random) -> str:
    kinds = _TROUBLE if generator.random() < 0.1 else _ROUTINE
    return _filled(generator.choice(kinds), generator)


def _filled(text: str, generator: random.Random) -> str:
    return text.format(
        path=generator.choice(_WORDS),
        ms=generator.randint(1, 300),
        long=generator.randint(900, 9000),
        id=generator.randint(1000, 99999),
        n=generator.randint(1, 9),
        hex=f"{generator.getrandbits(48):012x}",
    )


class Cluster:
    """Plays ``integrations.kubernetes.client.KubernetesClient``."""

    def __init__(self, placement: Placement, now: datetime) -> None:
        self._placement = placement
        self._now = now

    def link(self, kind: str, namespace: str, name: str) -> str:
        """None."""
        return ""

    async def get(self, kind: str, namespace: str, name: str) -> Json:
        """A Deployment of the company."""
        if kind != "Deployment" or name not in SERVICES:
            raise NotFound(f"no {kind} {name}")
        return _deployment(name, self._now)

    async def list(self, kind: str, namespace: str = "", *, selector: str = "") -> list[Json]:
        """Pods, Events and Deployments; there is nothing else."""
        if kind == "Event":
            return [_event(n, self._now) for n in range(EVENTS)]
        if kind == "Deployment":
            return [_deployment(name, self._now) for name in SERVICES]
        if kind != "Pod":
            return []
        pods = [_pod(n, self._now) for n in range(PODS)]
        app = selector.partition("=")[2]
        return [p for p in pods if not app or p["metadata"]["labels"]["app"] == app]

    async def list_seen(
        self, kind: str, namespace: str = "", unseen: set[str] | None = None
    ) -> Sequence[Json]:
        """All of a kind: nothing is hidden."""
        return await self.list(kind, namespace)

    async def list_all(self, kinds: Sequence[str], namespace: str = "") -> Sequence[Json]:
        """All of some kinds."""
        return [item for kind in kinds for item in await self.list(kind, namespace)]

    async def log(self, namespace: str, pod: str, **query: str) -> str:
        """A pod's share of its workload's lines: six pods are read."""
        name, _, place = pod.rpartition("-")
        lines = self._placement.lines(SERVICES.index(name), self._now)
        mine = lines[int(place) // len(SERVICES) % 6 :: 6]
        return "\n".join(f"{at:%Y-%m-%dT%H:%M:%S.%f}Z {text}" for at, text in mine)


class Datadog:
    """Plays ``integrations.datadog.client.DatadogClient``."""

    def __init__(self, placement: Placement, now: datetime) -> None:
        self._placement = placement
        self._now = now

    def link(self, path: str, window: Window | None = None, **query: str) -> str:
        """None."""
        return ""

    async def logs(self, query: str, window: Window, limit: int) -> list[Json]:
        """The lines of the service that the query names."""
        service = query.partition("service:")[2].split()[0]
        log = len(SERVICES) + DATADOG_SERVICES.index(service)
        return [
            {
                "attributes": {
                    "timestamp": at.isoformat(),
                    "message": text,
                    "status": _STATUS.get(text.split()[0], "info"),
                    "service": service,
                }
            }
            for at, text in self._placement.lines(log, self._now)
        ]

    async def log_count(self, query: str, window: Window) -> int:
        """As many as there are."""
        return LINES

    async def query(self, query: str, window: Window) -> Json:
        """No metrics."""
        return {"series": []}

    async def spans(self, query: str, window: Window, limit: int) -> list[Json]:
        """No traces."""
        return []

    async def monitors(self, tags: str = "") -> list[Json]:
        """The alert, and one that is well."""
        return [
            {
                "id": 1003,
                "name": "Login failures on auth",
                "overall_state": "Alert",
                "query": "sum(last_5m):sum:auth.login.failures{service:auth,env:production} > 50",
                "options": {"thresholds": {"critical": 50}},
                "priority": 1,
            },
            {"id": 1004, "name": "Latency of auth", "overall_state": "OK", "query": "avg > 1"},
        ]

    async def dependencies_of(self, service: str, environment: str) -> Json:
        """A few."""
        return {"calls": ["auth-db", "session"], "called_by": ["gateway", "profile"]}


_STATUS = {"ERROR": "error", "WARN": "warn", "DEBUG": "debug"}


def registry_of(placement: Placement, now: datetime | None = None) -> Registry:
    """The real tools on the played clients."""
    at = now or datetime.now(UTC)
    cluster: Any = Cluster(placement, at)
    datadog: Any = Datadog(placement, at)
    return Registry([KubernetesTools(cluster), DatadogTools(datadog)])


def _deployment(name: str, now: datetime) -> Json:
    settings = [
        {"name": f"{name.upper().replace('-', '_')}_OPTION_{n}", "value": f"value-{n * 37}"}
        for n in range(SETTINGS)
    ]
    container = {
        "name": name,
        "image": f"registry.internal/{name}:1.{len(name)}.3",
        "env": settings,
        "resources": {"limits": {"cpu": "2", "memory": "1Gi"}, "requests": {"cpu": "500m"}},
    }
    helper = {"name": "log-shipper", "image": "registry.internal/shipper:3.2", "env": settings[:20]}
    labels = {"app": name}
    return {
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "uid": name,
            "creationTimestamp": _at(now, 60 * 24 * 90),
            "annotations": {f"team.example/{n}": "x" * 80 for n in range(10)},
        },
        "spec": {
            "replicas": 18,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container, helper]}},
        },
        "status": {"replicas": 18, "readyReplicas": 18, "availableReplicas": 18, "updatedReplicas": 18},
    }  # fmt: skip


def _pod(number: int, now: datetime) -> Json:
    app = SERVICES[number % len(SERVICES)]
    restarted = number == 77
    state: Json = {
        "name": app,
        "ready": True,
        "restartCount": 3 if restarted else 0,
        "state": {"running": {"startedAt": _at(now, 3000)}},
        "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": _at(now, 2900)}}
        if restarted
        else {},
    }  # fmt: skip
    return {
        "kind": "Pod",
        "metadata": {
            "name": f"{app}-{number}",
            "namespace": NAMESPACE,
            "labels": {"app": app},
            "creationTimestamp": _at(now, 3000 + number),
        },
        "spec": {"nodeName": f"node-{number % 11}", "containers": [{"name": app, "image": app}]},
        "status": {
            "phase": "Running",
            "startTime": _at(now, 3000 + number),
            "containerStatuses": [state],
        },
    }


def _event(number: int, now: datetime) -> Json:
    app = SERVICES[number % len(SERVICES)]
    kinds = (
        ("Normal", "Pulled", "Container image already present on machine"),
        ("Normal", "Scheduled", f"Successfully assigned production/{app} to node-{number % 11}"),
        ("Warning", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503"),
        ("Normal", "Created", f"Created container {app}"),
    )
    kind, reason, message = kinds[number % len(kinds)]
    return {
        "type": kind,
        "reason": reason,
        "message": message,
        "lastTimestamp": _at(now, number),
        "count": 1 + number % 5,
        "involvedObject": {"kind": "Pod", "name": f"{app}-{number}"},
    }


def _at(now: datetime, minutes_ago: float) -> str:
    return f"{now - timedelta(minutes=minutes_ago):%Y-%m-%dT%H:%M:%SZ}"

"""A small company whose tools answer in the shapes of the contract: Redis under pressure, logins failing, a blip."""

from __future__ import annotations

import math
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from agent.analysis.series import describe
from agent.errors import AccessDenied, NotFound
from agent.model import Json, Reading, Series
from agent.tools import tool
from tests.unit.agent.investigation.house import NOW

GIB = 2.0**30
ONSET = NOW - timedelta(minutes=150)
Course = Any


def flat(level: float, wobble: float = 0.01) -> Course:
    return lambda at: level * (1 + wobble * math.sin(at.timestamp() / 217))


def ramp(level: float, until: float, since: datetime = ONSET) -> Course:
    whole = (NOW - since).total_seconds()

    def course(at: datetime) -> float:
        part = max(0.0, (at - since).total_seconds()) / whole
        return (level + (until - level) * part) * (1 + 0.003 * math.sin(at.timestamp() / 217))

    return course


def step(level: float, to: float, since: datetime = ONSET) -> Course:
    return lambda at: (to if at >= since else level) * (1 + 0.01 * math.sin(at.timestamp() / 217))


def pulse(level: float, to: float, since: datetime, until: datetime) -> Course:
    wobble = 0.01
    return lambda at: (
        (to if since <= at < until else level) * (1 + wobble * math.sin(at.timestamp() / 217))
    )


def daily(night: float, peak: float) -> Course:
    """Traffic with its peak at 09:00."""

    def course(at: datetime) -> float:
        hours = (at.hour + at.minute / 60 - 9) / 24 * 2 * math.pi
        return night + (peak - night) * max(0.0, math.cos(hours)) ** 2

    return course


class Company:
    """Tools over a table of metrics and a few objects."""

    def __init__(self) -> None:
        self.metrics: dict[tuple[str, str], Course] = {}
        self.workloads: dict[str, Json] = {}
        self.configs: dict[str, Json] = {}
        self.rollouts: list[Json] = []
        self.changes: list[Json] = []
        self.events: list[Json] = []
        self.cron_jobs: list[Json] = []
        self.monitors: list[Json] = []
        self.calls_of: dict[str, list[str]] = {}
        self.logs: dict[str, list[Json]] = {}
        self.denied: set[str] = set()
        self.passes_after: tuple[str, int, Course] | None = None
        """Part of a query, after how many readings it has passed, and its course from then on."""
        self.asked: Counter[str] = Counter()

    def _reading(self, query: str, data: Json, source: str, **more: Any) -> Reading:
        self.asked[query] += 1
        return Reading(source=source, query=query, observation=str(data)[:2000], data=data, **more)

    @tool("kubernetes")
    async def kubernetes_workload(self, namespace: str, name: str, kind: str = "") -> Reading:
        """A workload."""
        if name not in self.workloads:
            raise NotFound(f"There is no workload {name} in {namespace}.")
        return self._reading(f"get {name}", self.workloads[name], "kubernetes")

    @tool("kubernetes")
    async def kubernetes_rollouts(
        self, namespace: str, name: str = "", hours: float = 24
    ) -> Reading:
        """Rollouts."""
        return self._reading(f"rollouts {hours}", {"rollouts": self.rollouts}, "kubernetes")

    @tool("kubernetes")
    async def kubernetes_changes(self, namespace: str, hours: float = 24) -> Reading:
        """Changes."""
        return self._reading("changes", {"changes": self.changes}, "kubernetes")

    @tool("kubernetes")
    async def kubernetes_jobs(self, namespace: str, hours: float = 24) -> Reading:
        """Jobs."""
        data = {"cron_jobs": self.cron_jobs, "jobs": []}
        return self._reading("jobs", data, "kubernetes")

    @tool("kubernetes")
    async def kubernetes_events(
        self, namespace: str, name: str = "", minutes: float = 120
    ) -> Reading:
        """Events."""
        return self._reading(f"events {name}", {"events": self.events}, "kubernetes")

    @tool("kubernetes")
    async def kubernetes_config(self, namespace: str, name: str, hours: float = 24) -> Reading:
        """A ConfigMap."""
        if name not in self.configs:
            raise NotFound(f"There is no ConfigMap {name}.")
        data: Json = {"name": name, "values": self.configs[name], "used_by": [], "changed_at": None}
        return self._reading(f"config {name}", data, "kubernetes")

    @tool("kubernetes")
    async def kubernetes_nodes(self) -> Reading:
        """Nodes."""
        nodes = [{"name": f"node-{n}", "ready": True, "pressures": []} for n in range(3)]
        return self._reading("nodes", {"nodes": nodes}, "kubernetes")

    def _passed(self, query: str, course: Course) -> Course:
        if self.passes_after is None or self.passes_after[0] not in query:
            return course
        part, left, after = self.passes_after
        self.passes_after = (part, left - 1, after)
        return course if left > 0 else after

    @tool("datadog")
    async def datadog_metrics(self, query: str, minutes: float = 720) -> Reading:
        """Metrics."""
        if "datadog_metrics" in self.denied:
            raise AccessDenied("Datadog refused (403): the key may not query metrics.")
        found = re.match(r"\w+:([\w.]+)\{service:([\w-]+)", query)
        if found and " / " in query:
            found = re.match(r"(.*)@(.*)", f"{found[1]} / hits@{found[2]}")
        course = self.metrics.get((found[1], found[2])) if found else None
        if course is None or found is None:
            return self._reading(query, {"series": []}, "datadog")
        course = self._passed(query, course)
        start = NOW - timedelta(minutes=minutes)
        times = [start + timedelta(minutes=m) for m in range(0, int(minutes), 2)]
        points = tuple((t.timestamp(), float(course(t))) for t in times)
        return self._reading(
            f"{query} over {minutes:g} min",
            {"series": [_series_data(found[1], points)]},
            "datadog",
            series=(Series(metric=found[1], points=points),),
        )

    @tool("datadog")
    async def datadog_logs(self, query: str, minutes: float = 60, limit: int = 1000) -> Reading:
        """Logs."""
        found = re.match(r"service:([\w-]+)", query)
        templates = self.logs.get(found[1], []) if found else []
        data = {"total": len(templates), "templates": templates, "rare": []}
        return self._reading(query, data, "datadog")

    @tool("datadog")
    async def datadog_spans(
        self, service: str, environment: str = "production", minutes: float = 60
    ) -> Reading:
        """Spans."""
        data: Json = {"spans_read": 0, "operations": [], "calls": [], "change": None}
        return self._reading(f"spans {service}", data, "datadog")

    @tool("datadog")
    async def datadog_monitors(self, service: str = "", state: str = "") -> Reading:
        """Monitors."""
        return self._reading(f"monitors {service}", {"monitors": self.monitors}, "datadog")

    @tool("datadog")
    async def datadog_dependencies(self, service: str, environment: str = "production") -> Reading:
        """Dependencies."""
        callers = [a for a, called in self.calls_of.items() if service in called]
        data = {"calls": self.calls_of.get(service, []), "called_by": callers}
        return self._reading(f"dependencies {service}", data, "datadog")

    @tool("datadog")
    async def datadog_service(self, service: str) -> Reading:
        """Definition."""
        data = {"name": service, "team": "identity", "tier": 1, "links": [], "contacts": []}
        return self._reading(f"service {service}", data, "datadog")

    @tool("pagerduty")
    async def pagerduty_oncall(self, service: str) -> Reading:
        """On call."""
        people = [{"name": "Mira Okafor", "email": "", "level": 1, "until": None}]
        data = {"service": service, "escalation_policy": "Identity", "people": people}
        return self._reading(f"oncall {service}", data, "pagerduty")

    @tool("pagerduty")
    async def pagerduty_incidents(
        self, service: str = "", hours: float = 720, statuses: str = ""
    ) -> Reading:
        """Incidents."""
        return self._reading(f"incidents {service}", {"incidents": []}, "pagerduty")


def _series_data(metric: str, points: tuple[tuple[float, float], ...]) -> Json:
    found = describe(points)
    change, passed = found.change, found.pulse

    def iso(at: float) -> str:
        return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")

    return {
        "metric": metric,
        "tags": {},
        "unit": "",
        "points_count": found.points_count,
        "last": found.last,
        "baseline": found.baseline,
        "minimum": found.minimum,
        "maximum": found.maximum,
        "mean": found.mean,
        "change": change
        and {
            "at": iso(change.at),
            "before": change.before,
            "after": change.after,
            "ratio": change.ratio,
        },
        "pulse": passed
        and {"start": iso(passed.start), "end": iso(passed.end), "level": passed.level},
        "slope_per_hour": found.slope_per_hour,
        "slope_r2": found.slope_r2,
        "per_hour_ratio": found.per_hour_ratio,
    }


def workload(name: str, kind: str, image: str, **more: Any) -> Json:
    limits = {"cpu_cores": 2.0, "memory_bytes": int(more.pop("memory", 2 * GIB))}
    return {
        "kind": kind,
        "name": name,
        "namespace": "production",
        "uid": f"uid-{name}",
        "resource_version": "1",
        "replicas": {"desired": 3, "ready": 3, "available": 3, "updated": 3},
        "containers": [
            {
                "name": name,
                "image": image,
                "requests": {},
                "limits": limits,
                "env": more.pop("env", {}),
            }
        ],
        "pods": [
            {
                "name": f"{name}-{n}",
                "phase": "Running",
                "ready": True,
                "restarts": 0,
                "reason": None,
                "last_state": None,
                "node": f"node-{n}",
                "started_at": "2026-11-01T00:00:00Z",
            }
            for n in range(3)
        ],
        "autoscaler": None,
        "config_maps": [f"{name}-config"],
        **more,
    }


def cron_job(name: str, target: str, started_at: datetime | None = None) -> Json:
    active = [{"name": f"{name}-1", "started_at": started_at.isoformat()}] if started_at else []
    return {
        "name": name,
        "schedule": "0 0 * * *",
        "suspended": False,
        "last_schedule_at": None,
        "active": active,
        "targets": [f"{target}.production.svc"],
    }


def monitor(number: int, name: str, query: str, state: str = "Alert") -> Json:
    return {
        "id": number,
        "name": name,
        "state": state,
        "query": query,
        "tags": [],
        "critical": None,
        "priority": 3,
        "last_triggered_at": None,
    }


DECOY_ROLLOUT = {
    "workload": "payments",
    "kind": "Deployment",
    "revision": 12,
    "at": (ONSET - timedelta(minutes=5)).isoformat(),
    "images": ["shop/payments:3.9.1"],
    "change_cause": "New wallet logo",
    "diff": "image",
}


def redis_story() -> Company:
    c = Company()
    c.monitors = [
        monitor(
            1001,
            "Redis command latency is high on redis-reco",
            "avg(last_5m):avg:redis.info.latency_ms{service:redis-reco,env:production} > 2",
        )
    ]
    c.workloads["redis-reco"] = workload(
        "redis-reco", "StatefulSet", "redis:7.4.2", memory=26 * GIB
    )
    c.configs["redis-reco-config"] = {"maxmemory": "16gb", "maxmemory-policy": "allkeys-lru"}
    c.calls_of = {n: ["redis-reco"] for n in ("recommendation", "session", "cart")}
    c.calls_of["recommendation"] = ["redis-reco", "catalog"]
    c.rollouts = [DECOY_ROLLOUT]
    c.cron_jobs = [
        cron_job("redis-reco-backup", "redis-reco", ONSET),
        cron_job("catalog-reindex", "catalog-db", ONSET - timedelta(minutes=3)),
        cron_job("orders-export", "orders-db"),
    ]
    r = "redis-reco"
    c.metrics = {
        ("redis.mem.used", r): ramp(10.2 * GIB, 12.8 * GIB),
        ("redis.mem.maxmemory", r): lambda at: 16 * GIB,
        ("redis.mem.fragmentation_ratio", r): ramp(1.12, 1.89),
        ("redis.rdb.bgsave", r): step(0.0, 1.0),
        ("redis.info.latency_ms", r): ramp(0.8, 2.3),
        ("redis.keys.evicted", r): lambda at: 0.0,
        ("redis.net.commands", r): daily(1400, 42000),
        ("trace.http.request.errors / hits", "session"): ramp(0.0005, 0.0011),
        ("rabbitmq.queue.messages", "cart"): lambda at: (
            140 * 1.15 ** max(0.0, (at - ONSET).total_seconds() / 3600)
        ),
        ("kubernetes.memory.working_set", r): flat(15 * GIB),
        ("kubernetes.cpu.cfs.throttled.seconds", r): lambda at: 0.0,
    }
    for name, base in (("recommendation", 17.0), ("session", 14.0), ("cart", 15.0)):
        c.metrics[("redis.pool.in_use", name)] = ramp(base, base * 1.7)
        c.metrics[("redis.pool.size", name)] = lambda at: 50.0
    return c


def login_story() -> Company:
    c = Company()
    since = NOW - timedelta(minutes=40)
    c.monitors = [
        monitor(
            1003,
            "Login failures on auth",
            "avg(last_1m):sum:trace.http.request.errors{service:auth,env:production} > 4",
        )
    ]
    dsn = {"DATABASE_URL": {"value": "postgresql://auth@auth-db.production.svc:5432/auth"}}
    c.workloads["auth"] = workload("auth", "Deployment", "shop/auth:5.8.1", env=dsn)
    c.workloads["auth-db"] = workload("auth-db", "StatefulSet", "postgres:17.6")
    c.configs["auth-config"] = {"DB_POOL_SIZE": "100", "DB_POOL_TIMEOUT_MS": "3000"}
    c.calls_of = {"auth": ["auth-db"], "gateway": ["auth"], "session": ["auth", "redis-reco"]}
    c.rollouts = [DECOY_ROLLOUT]
    c.cron_jobs = [
        cron_job("auth-report", "auth-db", since - timedelta(minutes=2)),
        cron_job("redis-reco-backup", "redis-reco", since - timedelta(minutes=4)),
    ]
    example = "HikariPool-1 - Connection is not available, request timed out after 3000ms"
    c.logs["auth"] = [
        {"template": example.lower(), "count": 412, "level": "error", "service": "auth",
         "first_at": since.isoformat(), "last_at": NOW.isoformat(), "example": example}
    ]  # fmt: skip
    c.metrics = {
        ("trace.http.request.errors", "auth"): step(0.1, 9.0, since + timedelta(minutes=8)),
        ("trace.http.request.errors", "gateway"): step(1.0, 9.0, since + timedelta(minutes=8)),
        ("trace.http.request.hits", "auth"): flat(120),
        ("hikaricp.connections.active", "auth"): step(19, 95, since + timedelta(minutes=2)),
        ("hikaricp.connections.max", "auth"): lambda at: 100.0,
        ("hikaricp.connections.pending", "auth"): step(0.0, 31.0, since + timedelta(minutes=6)),
        ("postgresql.queries.time", "auth-db"): step(12, 60, since),
        ("postgresql.connections", "auth-db"): step(71, 310, since + timedelta(minutes=2)),
        ("postgresql.max_connections", "auth-db"): lambda at: 400.0,
        ("kubernetes.memory.working_set", "auth"): flat(0.95 * GIB),
        ("kubernetes.cpu.cfs.throttled.seconds", "auth"): lambda at: 0.0,
    }
    return c


def blip_story() -> Company:
    c = Company()
    c.monitors = [
        monitor(
            1005,
            "Search latency is high",
            "avg(last_5m):avg:trace.http.request.duration{service:search,env:production} > 0.4",
            state="OK",
        )
    ]
    c.workloads["search"] = workload("search", "Deployment", "shop/search:9.2.1")
    c.configs["search-config"] = {"LOG_LEVEL": "info"}
    c.calls_of = {"search": ["search-index", "catalog"], "gateway": ["search"]}
    c.rollouts = [DECOY_ROLLOUT]
    c.cron_jobs = [cron_job("catalog-reindex", "search-index", NOW - timedelta(hours=2))]
    start, end = NOW - timedelta(minutes=45), NOW - timedelta(minutes=25)
    c.metrics = {
        ("trace.http.request.duration", "search"): pulse(0.12, 0.55, start, end),
        ("trace.http.request.errors", "search"): flat(0.3),
        ("trace.http.request.hits", "search"): flat(300),
        ("trace.http.request.duration", "catalog"): flat(0.016),
        ("kubernetes.memory.working_set", "search"): flat(1.2 * GIB),
        ("kubernetes.cpu.cfs.throttled.seconds", "search"): lambda at: 0.0,
    }
    return c

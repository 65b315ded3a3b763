"""A small company with telemetry that a test can reckon by hand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from sandbox.world.ports import (
    Aggregator,
    Change,
    Company,
    Manifest,
    Monitor,
    PagerDutyIncident,
    Person,
    Service,
    Team,
)

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)

MIRA = Person("U0MIRA", "PMIRA01", "mira", "Mira Okafor", "mira@sundial.example", "SRE")
JONAS = Person("U0JONAS", "PJONAS1", "jonas", "Jonas Weber", "jonas@sundial.example", "Lead")
CARLA = Person("U0CARLA", "", "carla", "Carla Nunes", "carla@sundial.example", "Marketing")

Value = float
Series = tuple[str, dict[str, str], Value]

# Constant series: the value of a metric for a tag set at any time.
SERIES: tuple[Series, ...] = (
    ("cpu", {"env": "production", "service": "cart", "host": "web-1"}, 10.0),
    ("cpu", {"env": "production", "service": "cart", "host": "web-2"}, 30.0),
    ("cpu", {"env": "staging", "service": "cart", "host": "web-3"}, 50.0),
    ("cpu", {"env": "production", "service": "auth", "host": "db-1"}, 90.0),
    ("trace.http.request.hits", {"env": "production", "service": "cart"}, 20.0),
    ("trace.http.request.errors", {"env": "production", "service": "cart"}, 1.0),
    ("trace.http.request.hits", {"env": "production", "service": "auth"}, 0.0),
    ("redis.mem.used", {"env": "production", "service": "redis"}, 1024.0),
    ("system.cpu.user", {"host": "web-1", "env": "production"}, 12.5),
)
# Series that equal the minutes since midnight UTC: rising by one a minute.
CLOCK = ("clock", {"service": "clock"})


class FakeWorld:
    """Implements :class:`sandbox.world.ports.World` with constants."""

    def __init__(self, company: Company | None = None) -> None:
        self.company = company or small_company()
        self.log_records = log_records()

    def now(self) -> datetime:
        return NOW

    def changes(self) -> Sequence[Change]:
        return self.company.changes

    def metric_names(self, tags: Mapping[str, str]) -> list[str]:
        return sorted({name for name, held, _ in [*SERIES, (*CLOCK, 0.0)] if _fits(held, tags)})

    def metric_tags(self, metric: str) -> list[dict[str, str]]:
        return [dict(held) for name, held, _ in [*SERIES, (*CLOCK, 0.0)] if name == metric]

    def series(
        self,
        metric: str,
        tags: Mapping[str, str],
        group_by: Sequence[str],
        start: datetime,
        end: datetime,
        step_seconds: int,
        aggregator: Aggregator = "avg",
    ) -> list[tuple[dict[str, str], list[tuple[datetime, float]]]]:
        times = _instants(start, end, step_seconds)
        if metric == CLOCK[0] and _fits(CLOCK[1], tags):
            return [({}, [(at, at.hour * 60 + at.minute + at.second / 60) for at in times])]
        groups: dict[tuple[tuple[str, str], ...], list[float]] = {}
        for name, held, value in SERIES:
            if name == metric and _fits(held, tags):
                group = tuple((key, held[key]) for key in group_by if key in held)
                groups.setdefault(group, []).append(value)
        combine = {"avg": lambda v: sum(v) / len(v), "sum": sum, "min": min, "max": max}
        return [
            (dict(group), [(at, float(combine[aggregator](values))) for at in times])
            for group, values in groups.items()
        ]

    def logs(
        self,
        start: datetime,
        end: datetime,
        *,
        service: str | None = None,
        namespace: str | None = None,
        pod: str | None = None,
        limit: int = 1000,
    ) -> list[dict[str, Any]]:
        records = [
            record
            for record in self.log_records
            if start <= record["timestamp"] <= end
            and service in (None, record["service"])
            and namespace in (None, record["namespace"])
            and pod in (None, record["pod"])
        ]
        return records[:limit]

    def spans(
        self,
        start: datetime,
        end: datetime,
        *,
        service: str | None = None,
        traces: Collection[str] | None = None,
        limit: int = 200,
    ) -> list[dict[str, Any]]:
        return [
            {
                "trace_id": str(900 + index),
                "span_id": str(index),
                "parent_id": "0",
                "service": "cart",
                "resource": "GET /cart",
                "operation": "http.request",
                "env": "production",
                "start": NOW - timedelta(minutes=index),
                "duration_ns": index * 100_000_000,
                "error": index % 3 == 0,
                "tags": {"http.status_code": "500" if index % 3 == 0 else "200"},
            }
            for index in range(1, 7)
            if service in (None, "cart") and start <= NOW - timedelta(minutes=index) <= end
        ][:limit]

    def pod_status(self, pod: Manifest) -> Mapping[str, Any]:
        return {}

    def kubernetes_events(self, namespace: str | None) -> Iterable[Manifest]:
        return []


def log_records() -> list[dict[str, Any]]:
    """One record a minute over the last half hour, oldest first; every fifth is an error."""
    return [
        {
            "timestamp": NOW - timedelta(minutes=age),
            "service": "cart" if age % 2 else "auth",
            "status": "error" if age % 5 == 0 else "info",
            "host": f"web-{age % 3}",
            "pod": f"cart-{age % 3}",
            "namespace": "production",
            "container": "app",
            "message": f"request {age} ended: connection pool timeout"
            if age % 5 == 0
            else f"request {age} ended",
            "attributes": {"http": {"status_code": 500 if age % 5 == 0 else 200}, "age": age},
        }
        for age in range(30, 0, -1)
    ]


def monitor(number: int, query: str, **changes: Any) -> Monitor:
    fields: dict[str, Any] = {
        "id": number,
        "name": f"Monitor {number}",
        "query": query,
        "type": "query alert",
        "message": "Look at it. @slack-alerts",
        "tags": ("service:cart", "env:production"),
        "critical": 15.0,
        "warning": None,
    }
    return Monitor(**{**fields, **changes})


def small_company() -> Company:
    return Company(
        name="Sundial",
        people=(MIRA, JONAS, CARLA),
        teams=(
            Team(
                "payments",
                "Payments",
                "S0PAY",
                "PTPAY01",
                "PEPAY01",
                (MIRA.slack_id, JONAS.slack_id),
            ),
            Team("identity", "Identity", "S0IDE", "PTIDE01", "PEIDE01", (JONAS.slack_id,)),
        ),
        services=(
            Service(
                "cart",
                "payments",
                1,
                "service",
                "Carts",
                ("redis", "auth"),
                "PSCART1",
                language="go",
            ),
            Service(
                "auth",
                "identity",
                1,
                "service",
                "Login",
                (),
                "PSAUTH1",
                runbook="https://wiki/auth",
            ),
            Service("redis", "payments", 2, "datastore", "Cache", (), "PSREDIS"),
            Service("backup", "payments", 3, "job", "Nightly dump", ("redis",)),
        ),
        channels=(),
        monitors=(
            monitor(1, "avg(last_5m):avg:cpu{service:cart,env:production} > 15"),
            monitor(
                2,
                "avg(last_5m):avg:cpu{service:cart,env:production} > 25",
                critical=25.0,
                warning=18.0,
            ),
            monitor(
                3,
                "avg(last_5m):avg:cpu{service:cart} by {host} > 40",
                critical=40.0,
                name="CPU by host",
            ),
            monitor(4, "avg(last_5m):avg:no.such.metric{*} > 1", critical=1.0),
            monitor(
                5,
                "max(last_5m):avg:cpu{service:cart} < 1000",
                critical=5.0,
                tags=("team:payments",),
            ),
            monitor(
                6,
                'logs("status:error").index("*").rollup("count").last("30m") > 3',
                critical=3.0,
                type="log alert",
            ),
        ),
        incidents=(
            PagerDutyIncident(
                "QINC001",
                41,
                "Carts are slow",
                "cart",
                "high",
                "triggered",
                NOW - timedelta(minutes=40),
            ),
            PagerDutyIncident(
                "QINC000",
                40,
                "Login fails",
                "auth",
                "low",
                "resolved",
                NOW - timedelta(days=2),
                NOW - timedelta(days=2, minutes=-30),
                ("Restarted the pool.",),
            ),
        ),
        changes=(
            Change(
                NOW - timedelta(hours=2),
                "cart",
                "Deploy cart 1.2",
                "image cart:1.2",
                ("env:production",),
                "mira",
            ),
            Change(
                NOW - timedelta(hours=30),
                "auth",
                "Deploy auth 7",
                "image auth:7",
                ("env:production",),
                "jonas",
            ),
        ),
        business_services={"Buying": ("cart", "auth")},
    )


def _fits(held: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(
        fnmatchcase(held.get(key, ""), value) and key in held for key, value in wanted.items()
    )


def _instants(start: datetime, end: datetime, step_seconds: int) -> list[datetime]:
    count = int((end - start).total_seconds() // step_seconds)
    return [start + timedelta(seconds=index * step_seconds) for index in range(count)]

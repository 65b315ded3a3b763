"""Trace spans: sampled requests through the services, whose times add up to what the metrics show."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from sandbox.world import data
from sandbox.world.component import Component
from sandbox.world.noise import Floats, key_hash
from sandbox.world.servers import Servers
from sandbox.world.signals import Sampler, Sources

Span = dict[str, Any]
Calls = Mapping[str, Any]
_PER_MINUTE = 8
_LEAD, _LEAST_AFTER = 0.1, 0.05
"""Shares of its time that a workload works before it calls others, and at least after them."""
_OPERATIONS = {
    "redis": "redis.command",
    "postgres": "postgres.query",
    "opensearch": "opensearch.query",
    "amqp": "amqp.command",
}
_RESOURCES = {
    "redis-reco": "GET",
    "auth-db": "SELECT * FROM users WHERE email = ?",
    "orders-db": "SELECT * FROM orders WHERE id = ?",
    "catalog-db": "SELECT * FROM products WHERE id = ?",
    "search-index": "POST /products/_search",
    "rabbitmq": "basic.publish",
}


class Tracing:
    """Sampled traces of production."""

    def __init__(self, sources: Sources, components: Sequence[Component]) -> None:
        self._sources = sources
        self._components = {c.name: c for c in components if c.namespace == "production"}

    def spans(
        self,
        start: datetime,
        end: datetime,
        service: str | None,
        limit: int,
        traces: Collection[str] | None = None,
    ) -> list[Span]:
        """The newest ``limit`` spans, oldest first; of ``service`` or ``traces`` only, if given."""
        found: list[Span] = []
        servers = Servers(self._sources.configuration.history)
        minute = int(end.timestamp()) // 60
        while minute >= int(start.timestamp()) // 60 and len(found) < limit:
            for number in reversed(range(_PER_MINUTE)):
                found += [
                    span
                    for span in self._trace(minute, number, service, traces, servers)
                    if start <= span["start"] < end and service in (None, span["service"])
                ]
            minute -= 1
        newest = sorted(found, key=lambda span: (span["start"], span["span_id"]))
        return newest[-limit:] if limit else []

    def _trace(
        self,
        minute: int,
        number: int,
        service: str | None,
        traces: Collection[str] | None,
        servers: Servers,
    ) -> list[Span]:
        """The spans of one sampled request; none where it is not asked for."""
        salt = key_hash(self._sources.seed, "trace", minute, number)
        routes = data.read("routes.yaml")
        weights = np.cumsum([route["weight"] for route in routes])
        route = routes[int(np.searchsorted(weights, salt % int(weights[-1]), side="right"))]
        is_other = traces is not None and f"{salt:x}" not in traces
        if is_other or (service is not None and not _calls(route, service)):
            return []
        at = minute * 60.0 + 60.0 * ((salt >> 20) % 100_000) / 100_000
        luck = 0.6 + 0.8 * ((salt >> 40) % 1000) / 1000
        walk = _Walk(self._sources, self._components, servers, salt, luck)
        return walk.visit(_entry(route), route["resource"], route["calls"], at, "")


class _Walk:
    """One request on its way."""

    def __init__(
        self,
        sources: Sources,
        components: Mapping[str, Component],
        servers: Servers,
        salt: int,
        luck: float,
    ) -> None:
        self._sources = sources
        self._components = components
        self._servers = servers
        self._salt = salt
        self._luck = luck
        self._count = 0
        self._draw = (key_hash(salt, "fails") % 100_000) / 100_000
        """One draw for the whole request: what fails below makes those above fail, never the other way round."""

    def visit(
        self, service: str, resource: str, calls: Calls, at: float, parent: str
    ) -> list[Span]:
        """The span of ``service`` with those below it; the first is its own."""
        component = self._components[service]
        server = self._servers.tags(component, at, self._salt)
        sampler = Sampler(self._sources, component, np.array([at]), node=server.get("host", ""))
        self._count += 1
        span_id = str(key_hash(self._salt, self._count))
        whole_s = float(seconds(sampler)[0]) * self._luck
        below: list[Span] = []
        clock = at + _LEAD * whole_s
        if component.has("external"):
            below.append(self._abroad(component, sampler, clock, span_id, server))
            clock += below[0]["duration_ns"] / 1e9
        for name, further in calls.items():
            for _ in range(self._attempts(name, at)):
                spans = self.visit(name, _resource(name), further, clock, span_id)
                below += spans
                clock += spans[0]["duration_ns"] / 1e9
        error = self._draw < float(sampler["error_ratio"][0])
        own = {
            "span_id": span_id,
            "parent_id": parent,
            "resource": resource,
            "operation": _operation(component),
            "start": datetime.fromtimestamp(at, UTC),
            "duration_ns": int(max(whole_s, clock - at + _LEAST_AFTER * whole_s) * 1e9),
            "error": error,
        }
        status = {"http.status_code": "500" if error else "200"}
        return [
            self._span(component, own, server | (status if component.has("error_ratio") else {})),
            *below,
        ]

    def _span(self, component: Component, own: Span, tags: Mapping[str, str]) -> Span:
        return {
            "trace_id": f"{self._salt:x}",
            "service": component.name,
            "env": component.place.env,
            "tags": {"kube_namespace": component.namespace, **tags},
            **own,
        }

    def _abroad(
        self,
        component: Component,
        sampler: Sampler,
        at: float,
        parent: str,
        server: Mapping[str, str],
    ) -> Span:
        """The client's span of a call to somebody else's API."""
        self._count += 1
        host = str(component.profile["external"]["host"])
        error = self._draw < float(sampler["external_error_ratio"][0])
        is_throttled = self._draw < float(sampler["external_throttled_ratio"][0])
        own = {
            "span_id": str(key_hash(self._salt, self._count)),
            "parent_id": parent,
            "resource": f"POST {host}",
            "operation": "http.client.request",
            "start": datetime.fromtimestamp(at, UTC),
            "duration_ns": int(float(sampler["external_seconds"][0]) * self._luck * 1e9),
            "error": error,
        }
        status = "429" if is_throttled else "503" if error else "200"
        told = {"peer.hostname": host, "span.kind": "client", "http.status_code": status}
        return self._span(component, own, {**server, **told})

    def _attempts(self, service: str, at: float) -> int:
        """How often a service is called where once would do: a call that fails is made again.

        The signal is the mean over all requests, of which only those that fail are repeated.
        """
        sampler = Sampler(self._sources, self._components[service], np.array([at]))
        failing, mean = float(sampler["error_ratio"][0]), float(sampler["attempts"][0])
        if self._draw >= failing:
            return 1
        return max(1, round(1.0 + (mean - 1.0) / failing))


def seconds(sampler: Sampler) -> Floats:
    """How long a workload takes to answer, with all that it waits for."""
    if sampler.component.has("redis"):
        return sampler["redis_latency_ms"] / 1000.0
    if sampler.component.has("postgres"):
        return sampler["pg_query_ms"] / 1000.0
    return sampler["latency_seconds"]


def _entry(route: Mapping[str, Any]) -> str:
    return str(route.get("entry", "gateway"))


def _calls(route: Mapping[str, Any], service: str) -> bool:
    return service == _entry(route) or _below(route["calls"], service)


def _below(calls: Calls, service: str) -> bool:
    return service in calls or any(_below(further, service) for further in calls.values())


def _operation(component: Component) -> str:
    return next((op for trait, op in _OPERATIONS.items() if component.has(trait)), "http.request")


def _resource(service: str) -> str:
    return _RESOURCES.get(service, f"GET /v1/{service}")

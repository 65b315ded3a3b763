"""What a failure mode is about: one entity, and what sort of thing it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from agent.model import Check, Entity

DEFAULT_NAMESPACE = "production"
ERROR_RATIO = "trace.http.request.errors / hits"
"""What ``error_ratio`` reads, as a view names it."""
CACHE, DATABASE, QUEUE, JOB, SERVICE = "cache", "database", "queue", "job", "service"

_BY_IMAGE = (
    (re.compile(r"redis|valkey|memcached|dragonfly"), CACHE),
    (re.compile(r"postgres|mysql|mariadb|mongo|opensearch|elasticsearch|cassandra"), DATABASE),
    (re.compile(r"rabbitmq|kafka|nats|activemq"), QUEUE),
)
_BY_NAME = (
    (re.compile(r"(?:^|-)(?:redis|valkey|memcached|cache)(?:-|$)"), CACHE),
    (re.compile(r"(?:^|-)(?:db|database|postgres|pg|mysql|mongo|index)(?:-|$)"), DATABASE),
    (re.compile(r"(?:^|-)(?:rabbitmq|kafka|queue|mq|broker)(?:-|$)"), QUEUE),
)
_KINDS = {
    CACHE: "statefulset",
    DATABASE: "statefulset",
    QUEUE: "statefulset",
    JOB: "cronjob",
    SERVICE: "deployment",
}


class Target(NamedTuple):
    """An entity that may be at fault."""

    name: str
    namespace: str
    environment: str
    flavour: str
    """cache, database, queue, job or service."""

    @property
    def entity(self) -> Entity:
        """It as an entity of the model; the kind is the usual one of its flavour."""
        return Entity(
            name=self.name,
            kind=_KINDS[self.flavour],
            namespace=self.namespace,
            environment=self.environment,
        )

    def metric(self, name: str, reason: str, *, by: str = "avg", minutes: int = 720) -> Check:
        """The check that reads one metric of it."""
        scope = f"service:{self.name},env:{self.environment}"
        return Check(
            tool="datadog_metrics",
            arguments={"query": f"{by}:{name}{{{scope}}}", "minutes": minutes},
            reason=reason,
        )

    def error_ratio(self, reason: str, *, minutes: int = 720) -> Check:
        """The check that reads which share of its requests fails."""
        scope = f"{{service:{self.name},env:{self.environment}}}"
        query = f"sum:trace.http.request.errors{scope} / sum:trace.http.request.hits{scope}"
        return Check(
            tool="datadog_metrics", arguments={"query": query, "minutes": minutes}, reason=reason
        )

    def ask(self, tool: str, reason: str, **arguments: object) -> Check:
        """The check that asks a Kubernetes tool about its namespace."""
        return Check(tool=tool, arguments={"namespace": self.namespace, **arguments}, reason=reason)


def flavour_of(kind: str, images: Sequence[str], name: str) -> str:
    """What sort of thing an entity is, from its kind, its images or, failing these, its name."""
    lowered = kind.lower()
    if lowered in (CACHE, DATABASE, QUEUE):
        return lowered
    if lowered in ("cronjob", "job"):
        return JOB
    for pattern, flavour in _BY_IMAGE:
        if any(pattern.search(i.rsplit("/", 1)[-1]) for i in images):
            return flavour
    if images:
        return SERVICE
    return next((f for pattern, f in _BY_NAME if pattern.search(name)), SERVICE)

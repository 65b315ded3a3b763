"""What the parts of the sandbox promise each other.

The world (company, faults, telemetry) and the vendors' APIs (Slack, Kubernetes, Datadog, PagerDuty)
are built apart and meet in these protocols. All times are timezone-aware UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

Manifest = dict[str, Any]
"""A Kubernetes object as JSON, with apiVersion, kind, metadata, spec, status."""


class ClusterHistory(Protocol):
    """The cluster's objects over time; implemented by ``sandbox.kubernetes.store.ObjectStore``."""

    def at(self, kind: str, namespace: str, name: str, when: datetime) -> Manifest | None:
        """The object as it stood at ``when``, or None if it did not exist then."""

    def current(self, kind: str, namespace: str | None = None) -> list[Manifest]:
        """The objects of one kind as they stand now, in one namespace or in all."""

    def load(self, manifest: Manifest, when: datetime) -> None:
        """Set an object's state as of ``when`` (used to lay down history before serving)."""


class World(Protocol):
    """The company as the vendors' APIs see it; implemented by ``sandbox.world.world.SimulatedWorld``."""

    def now(self) -> datetime:
        """The present; real time."""

    def metric_names(self, tags: Mapping[str, str]) -> list[str]:
        """Names of the metrics reported with all of ``tags``."""

    def series(
        self, metric: str, tags: Mapping[str, str], group_by: Sequence[str],
        start: datetime, end: datetime, step_seconds: int,
    ) -> list[tuple[dict[str, str], list[tuple[datetime, float]]]]:
        """Raw gauge/rate series of ``metric`` matching ``tags``, one per distinct set of ``group_by`` tags."""

    def logs(
        self, start: datetime, end: datetime, *, service: str | None = None,
        namespace: str | None = None, pod: str | None = None, limit: int = 1000,
    ) -> list[dict[str, Any]]:
        """Log records, oldest first: timestamp, service, status, host, pod, namespace, message, attributes."""

    def spans(self, start: datetime, end: datetime, *, service: str | None = None,
              limit: int = 200) -> list[dict[str, Any]]:
        """Trace spans: trace_id, span_id, parent_id, service, resource, start, duration_ns, error, tags."""

    def pod_status(self, pod: Manifest) -> Mapping[str, Any]:
        """What the telemetry says on a Pod's containers: restartCount, lastState, ready."""

    def kubernetes_events(self, namespace: str | None) -> Iterable[Manifest]:
        """Kubernetes Event objects (core/v1) of the last hour that the faults caused."""

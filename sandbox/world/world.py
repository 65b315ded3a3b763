"""The simulated company: telemetry as a pure function of seed, time, configuration and faults."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from sandbox.world.component import components
from sandbox.world.configuration import Configuration
from sandbox.world.curve import DailyCurve
from sandbox.world.faults.fault import Fault
from sandbox.world.faults.pods import PodTroubles
from sandbox.world.happenings import events, pod_status
from sandbox.world.logs import Journal
from sandbox.world.metrics import Telemetry
from sandbox.world.noise import Floats
from sandbox.world.ports import Aggregator, Change, ClusterHistory, Company, Manifest
from sandbox.world.scenario import Scenario
from sandbox.world.schedules import latest_run_names
from sandbox.world.signals import Sources
from sandbox.world.spans import Tracing


class SimulatedWorld:
    """Implements ``World`` for one scenario over a cluster's history."""

    def __init__(
        self,
        company: Company,
        history: ClusterHistory,
        scenario: Scenario,
        started_at: datetime,
        clock: Callable[[], datetime],
        seed: int | None = None,
    ) -> None:
        self._company = company
        self._history = history
        self._clock = clock
        self.scenario = scenario
        self.started_at = started_at
        runs = latest_run_names(scenario.hour, started_at)
        self.faults = [Fault(spec, started_at, history, runs) for spec in scenario.faults]
        self._troubles = PodTroubles(self.faults, history)
        self._components = components(company)
        self._by_name = {(c.namespace, c.name): c for c in self._components}
        self._sources = Sources(
            scenario.seed if seed is None else seed,
            DailyCurve(scenario.hour, started_at.timestamp()),
            Configuration(history),
            self.faults,
        )
        self._happened: list[Change] = []
        self._telemetry = Telemetry(self._sources, self._components)
        self._journal = Journal(self._sources, self._components)
        self._tracing = Tracing(self._sources, self._components)

    @property
    def company(self) -> Company:
        """People, teams, services, channels, monitors and what was said before."""
        return self._company

    def now(self) -> datetime:
        """The present."""
        return self._clock()

    def changes(self) -> Sequence[Change]:
        """See ``World``."""
        return (*self._company.changes, *self._happened)

    def record(self, change: Change) -> None:
        """Keep something that has happened now."""
        self._happened.append(change)

    def metric_names(self, tags: Mapping[str, str]) -> list[str]:
        """See ``World``."""
        return self._telemetry.names(tags)

    def metric_tags(self, metric: str) -> list[dict[str, str]]:
        """See ``World``."""
        return self._telemetry.tag_sets(metric)

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
        """See ``World``. Points lie on multiples of the step, from ``start`` to before ``end``, never ahead."""
        times = self._grid(start, end, step_seconds)
        return self._telemetry.series(metric, tags, group_by, times, aggregator)

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
        """See ``World``; beyond ``limit`` the oldest ones are left out."""
        until = min(end, self.now())
        records = self._journal.records(start, until, service, namespace, pod)
        ordered = sorted(records, key=lambda r: (r["timestamp"], r["service"], r["message"]))
        return ordered[-limit:] if limit else []

    def spans(
        self,
        start: datetime,
        end: datetime,
        *,
        service: str | None = None,
        traces: Collection[str] | None = None,
        limit: int = 200,
    ) -> list[dict[str, Any]]:
        """See ``World``; beyond ``limit`` the oldest ones are left out."""
        return self._tracing.spans(start, min(end, self.now()), service, limit, traces)

    def pod_status(self, pod: Manifest) -> Mapping[str, Any]:
        """See ``World``."""
        metadata = pod["metadata"]
        name = (metadata.get("labels") or {}).get("app.kubernetes.io/name")
        component = self._by_name.get((metadata["namespace"], str(name)))
        if component is None:
            return {}
        ordinary = pod_status(self._sources, component, 0, self.now())
        ill = self._troubles.health(pod, self.now())
        restarts = ordinary["restartCount"] + ill.get("restartCount", 0)
        return ordinary | ill | {"restartCount": restarts}

    def kubernetes_events(self, namespace: str | None) -> Iterable[Manifest]:
        """See ``World``."""
        return events(self.faults, self._history, namespace, self.now())

    def _grid(self, start: datetime, end: datetime, step_seconds: int) -> Floats:
        first = -(-start.timestamp() // step_seconds) * step_seconds
        last = min(end.timestamp(), self.now().timestamp())
        return np.arange(first, last, step_seconds, dtype=np.float64)

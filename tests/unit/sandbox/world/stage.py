"""A scenario on a clock that the test moves."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.app import Sandbox, build
from sandbox.datadog.monitors.state import state_of

START = datetime(2026, 11, 24, 21, 7, 30, tzinfo=UTC)


class Stage:
    """A sandbox with its time in the test's hands."""

    def __init__(self, scenario: str, **options: Any) -> None:
        self.now = START
        self.sandbox: Sandbox = build(scenario, now=lambda: self.now, **options)
        self.world = self.sandbox.world
        self.store = self.sandbox.store

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def value(
        self, metric: str, service: str, *, ago: timedelta = timedelta(), **tags: str
    ) -> float:
        """The mean of the last minute before ``ago``, in production."""
        end = self.now - ago
        wanted = {"service": service, "env": "production"} | tags
        series = self.world.series(metric, wanted, (), end - timedelta(minutes=1), end, 10)
        assert len(series) == 1, f"{metric} of {service} has no series"
        points = [value for _, value in series[0][1]]
        return sum(points) / len(points)

    def ratio(self, service: str, **when: Any) -> float:
        """Errors by hits."""
        errors = self.value("trace.http.request.errors", service, **when)
        return errors / self.value("trace.http.request.hits", service, **when)

    def monitor(self, number: int) -> str:
        monitor = next(m for m in self.world.company.monitors if m.id == number)
        return state_of(self.world, monitor).overall

    def change(self, kind: str, name: str, edit: Callable[[dict[str, Any]], None]) -> None:
        """Edit an object of production, now."""
        stored = self.store.get(kind, "production", name)
        assert stored is not None
        changed = copy.deepcopy(stored)
        edit(changed)
        self.store.update(changed)

    def suspend(self, kind: str, name: str) -> None:
        self.change(kind, name, lambda m: m["spec"].update(suspend=True))

    def latest_job(self, cron_job: str) -> str:
        names = [m["metadata"]["name"] for m in self.store.current("Job", "production")]
        return max(name for name in names if name.startswith(f"{cron_job}-"))

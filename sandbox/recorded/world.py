"""A world that answers from a recording."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from sandbox.recorded.case import RecordedCase
from sandbox.recorded.logs import RecordedLogs
from sandbox.recorded.metrics import RecordedMetrics
from sandbox.world.ports import Aggregator, Change, Company, Manifest
from sandbox.world.scenario import Scenario


class RecordedWorld:
    """Implements ``World`` from a recorded case, moved so that its end is ``started_at``."""

    def __init__(
        self,
        case: RecordedCase,
        company: Company,
        started_at: datetime,
        clock: Callable[[], datetime],
    ) -> None:
        shift = started_at - case.ended_at
        self.started_at = started_at
        self._scenario = case.scenario
        self._company = company
        self._clock = clock
        self._metrics = RecordedMetrics(case.metrics, shift)
        self._logs = RecordedLogs(case.logs, shift)
        self._spans = sorted(
            ({**span, "start": span["start"] + shift} for span in case.spans),
            key=lambda span: span["start"],
        )
        self._happened: list[Change] = []

    @property
    def scenario(self) -> Scenario:
        """What is posted, and the truth if it is known."""
        return self._scenario

    @property
    def company(self) -> Company:
        """See ``World``."""
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
        return self._metrics.names(tags)

    def metric_tags(self, metric: str) -> list[dict[str, str]]:
        """See ``World``."""
        return self._metrics.tag_sets(metric)

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
        """See ``World``. Points lie on multiples of the step; each is the value that stood then."""
        first = -(-start.timestamp() // step_seconds) * step_seconds
        last = min(end.timestamp(), self.now().timestamp())
        times = np.arange(first, last, step_seconds, dtype=np.float64)
        return self._metrics.series(metric, tags, group_by, times, aggregator)

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
        """See ``World``."""
        return self._logs.between(start, end, limit, service=service, namespace=namespace, pod=pod)

    def spans(
        self,
        start: datetime,
        end: datetime,
        *,
        service: str | None = None,
        traces: Collection[str] | None = None,
        limit: int = 200,
    ) -> list[dict[str, Any]]:
        """See ``World``."""
        found = [
            dict(span)
            for span in self._spans
            if start <= span["start"] < end
            and service in (None, span.get("service"))
            and (traces is None or str(span["trace_id"]) in traces)
        ]
        return found[-limit:] if limit else []

    def pod_status(self, pod: Manifest) -> Mapping[str, Any]:
        """Nothing: pods stay as they were recorded."""
        return {}

    def kubernetes_events(self, namespace: str | None) -> Iterable[Manifest]:
        """None: recorded Events are objects of the cluster."""
        return ()

"""The state of a monitor: its query evaluated against the world now, and since when it has been so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from sandbox.datadog.errors import BadRequest
from sandbox.datadog.metrics.evaluate import Evaluator
from sandbox.datadog.metrics.interval import grid
from sandbox.datadog.metrics.series import Values, last_point, reduced
from sandbox.datadog.monitors.query import (
    LogMonitor,
    MetricMonitor,
    parse_monitor_query,
)
from sandbox.datadog.search.listing import Search, found
from sandbox.datadog.search.logs import log_documents
from sandbox.world.ports import Monitor, World

_SEVERITY = {"Unknown": 0, "OK": 1, "No Data": 2, "Warn": 3, "Alert": 4}
_HISTORY = timedelta(hours=24)
_HISTORY_STEP_SECONDS = 300
_STEPS_PER_WINDOW = 10
UNGROUPED = "*"


@dataclass(frozen=True)
class GroupState:
    """The state of one group of a monitor; ``value`` is NaN when there was no data."""

    status: str
    value: float
    triggered_at: datetime | None = None


@dataclass(frozen=True)
class MonitorState:
    """The states of a monitor's groups, by name such as ``host:web-1``, or ``*`` for a simple one."""

    groups: Mapping[str, GroupState] = field(default_factory=dict)

    @property
    def overall(self) -> str:
        """The worst state of any group; ``No Data`` without groups."""
        statuses = [group.status for group in self.groups.values()]
        return max(statuses, key=_SEVERITY.__getitem__, default="No Data")

    @property
    def triggered_at(self) -> datetime | None:
        """When the longest standing alert or warning began; None if there is none."""
        times = [group.triggered_at for group in self.groups.values() if group.triggered_at]
        return min(times, default=None)


def state_of(world: World, monitor: Monitor) -> MonitorState:
    """Evaluate ``monitor`` now; a query that is not supported here is ``Unknown``."""
    try:
        query = parse_monitor_query(monitor.query)
        if isinstance(query, LogMonitor):
            values = {UNGROUPED: float(_log_count(world, query, world.now()))}
        else:
            values = _metric_values(world, query, world.now())
    except BadRequest:
        return MonitorState({UNGROUPED: GroupState("Unknown", float("nan"))})
    since: Mapping[str, datetime] = {}
    statuses = {name: _status(monitor, query, value) for name, value in values.items()}
    if isinstance(query, MetricMonitor) and {"Alert", "Warn"} & set(statuses.values()):
        since = _breaches_since(world, monitor, query)
    return MonitorState(
        {
            name: GroupState(
                statuses[name],
                value,
                since.get(name, world.now()) if statuses[name] in {"Alert", "Warn"} else None,
            )
            for name, value in values.items()
        }
    )


def _status(monitor: Monitor, query: MetricMonitor | LogMonitor, value: float) -> str:
    if np.isnan(value):
        return "No Data"
    if query.comparison.holds(value, monitor.critical):
        return "Alert"
    if monitor.warning is not None and query.comparison.holds(value, monitor.warning):
        return "Warn"
    return "OK"


def _metric_values(world: World, query: MetricMonitor, end: datetime) -> dict[str, float]:
    current = _window_values(world, query, end)
    if query.change is None:
        return current
    earlier = _window_values(world, query, end - timedelta(seconds=query.earlier_seconds))
    changes = {name: value - earlier.get(name, np.nan) for name, value in current.items()}
    if query.change == "change":
        return changes
    return {
        name: 100 * change / earlier[name] if earlier.get(name) else float("nan")
        for name, change in changes.items()
    }


def _window_values(world: World, query: MetricMonitor, end: datetime) -> dict[str, float]:
    start = end - timedelta(seconds=query.window_seconds)
    points = grid(start, end, max(10, query.window_seconds // _STEPS_PER_WINDOW))
    series = Evaluator(world, points).evaluate(query.expression)
    return {_group_name(each.tag_set): _over_window(each.values, query.method) for each in series}


def _over_window(values: Values, method: str) -> float:
    return last_point(values) if method == "last" else float(reduced(values, method))


def _group_name(tag_set: list[str]) -> str:
    return ",".join(tag_set) or UNGROUPED


def _log_count(world: World, query: LogMonitor, end: datetime) -> int:
    start = end - timedelta(seconds=query.window_seconds)
    search = Search(query.condition, start, end)
    return len(found(search, log_documents(world, search)))


def _breaches_since(world: World, monitor: Monitor, query: MetricMonitor) -> dict[str, datetime]:
    """For each group, the start of the breach that lasts until now, to five minutes, within a day."""
    if query.change is not None:
        return {}
    end = world.now()
    points = grid(end - _HISTORY, end, _HISTORY_STEP_SECONDS)
    began = {}
    for series in Evaluator(world, points).evaluate(query.expression):
        is_breached = [
            _status(monitor, query, float(value)) in {"Alert", "Warn"} for value in series.values
        ]
        quiet = [index for index, breached in enumerate(is_breached) if not breached]
        first = min(quiet[-1] + 1 if quiet else 0, points.count - 1)
        at = points.start + timedelta(seconds=first * points.interval_seconds)
        began[_group_name(series.tag_set)] = min(at, end)
    return began

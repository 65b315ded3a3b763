"""The present against the same time of day on earlier days, by two readings of one query: of late, and over a week."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from agent.analysis.earlier_days import Compared, compare
from agent.model import Check
from agent.reasoning.modes.target import SERVICE, Target
from agent.reasoning.modes.view import Metric, View

LATELY_MINUTES, WEEK_MINUTES = 720, 10_080
_DAY_SECONDS = 86_400.0


@dataclass(frozen=True)
class Course:
    """How a metric stands now, and how it stood at this time of earlier days."""

    now: Metric
    week: Metric
    compared: Compared

    @property
    def ratio(self) -> float:
        """Now to the usual; 1 where neither is above zero."""
        if self.compared.usual > 0:
            return self.compared.level / self.compared.usual
        return 1.0 if self.compared.level <= 0 else float("inf")

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps it rests on beside that of ``now``."""
        return (self.week.step,)


def course_checks(query: str, reason: str) -> Iterator[Check]:
    """The two readings."""
    for minutes in (LATELY_MINUTES, WEEK_MINUTES):
        arguments = {"query": query, "minutes": minutes}
        yield Check(tool="datadog_metrics", arguments=arguments, reason=reason)


def course_of(query: str, view: View) -> Course | None:
    """How a query stands; None until both readings are there, with three earlier days at least."""
    now, week = view.reading(query, LATELY_MINUTES), view.reading(query, WEEK_MINUTES)
    if now is None or week is None or not now.points:
        return None
    earlier = _at_this_time(week, now.points[-1][0])
    compared = compare([now.last], [[level] for level in earlier])
    return Course(now, week, compared) if compared and compared.days >= 3 else None


def _at_this_time(week: Metric, now: float) -> list[float]:
    """The levels at the time of day of ``now`` on each earlier day; a point stands for the time from it to the next."""
    if len(week.points) < 2:
        return []
    starts = np.array([at for at, _ in week.points])
    centres = starts + float(np.median(np.diff(starts))) / 2
    values = np.array([value for _, value in week.points])
    days = int((now - centres[0]) // _DAY_SECONDS)
    return [float(np.interp(now - d * _DAY_SECONDS, centres, values)) for d in range(1, days + 1)]


def hits_query(target: Target) -> str:
    """How many requests a service gets."""
    return f"sum:trace.http.request.hits{{{_scope(target)}}}"


def errors_query(target: Target) -> str:
    """Which share of them fails."""
    return f"sum:trace.http.request.errors{{{_scope(target)}}} / {hits_query(target)}"


def latency_query(target: Target) -> str:
    """How long it takes to answer, seconds; a data store's own measure of it."""
    if target.flavour == SERVICE:
        return f"avg:trace.http.request.duration{{{_scope(target)}}}"
    name = {"cache": "redis.info.latency_ms", "database": "postgresql.queries.time"}
    return f"avg:{name.get(target.flavour, 'trace.http.request.duration')}{{{_scope(target)}}}"


def connections_query(target: Target) -> str:
    """Which share of a database's connections is taken."""
    return f"avg:postgresql.percent_usage_connections{{{_scope(target)}}}"


def memory_query(target: Target) -> str:
    """How much a cache holds, bytes."""
    return f"avg:redis.mem.used{{{_scope(target)}}}"


def _scope(target: Target) -> str:
    return f"service:{target.name},env:{target.environment}"

"""Evaluates metric queries against the world's telemetry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import numpy as np

from sandbox.datadog.errors import BadRequest
from sandbox.datadog.metrics.functions import applied, shift_seconds
from sandbox.datadog.metrics.interval import Grid
from sandbox.datadog.metrics.metadata import describe
from sandbox.datadog.metrics.series import Series, Values, combined, reduced
from sandbox.datadog.metrics.syntax import (
    Arithmetic,
    Call,
    Expression,
    MetricQuery,
    Name,
    Number,
)
from sandbox.world.ports import World

_SAMPLES_PER_INTERVAL = 5
_FINEST_SAMPLE_SECONDS = 10


class Evaluator:
    """Evaluates expressions on one grid; ``named`` are the other queries of the request."""

    def __init__(
        self, world: World, grid: Grid, named: Mapping[str, Expression] | None = None
    ) -> None:
        self._world = world
        self._grid = grid
        self._named = named or {}

    def evaluate(self, expression: Expression, shift: timedelta = timedelta()) -> list[Series]:
        """The series of ``expression``, read ``shift`` away from the grid.

        Raises:
            BadRequest: a name refers to no query of the request.
        """
        match expression:
            case Number(value=value):
                return [Series(np.full(self._grid.count, value))]
            case Name(name=name):
                return self._evaluate_named(name, shift)
            case Arithmetic(operator=operator, left=left, right=right):
                return combined(operator, self.evaluate(left, shift), self.evaluate(right, shift))
            case Call():
                return self._evaluate_call(expression, shift)
            case MetricQuery():
                return self._evaluate_metric(expression, shift)

    def _evaluate_named(self, name: str, shift: timedelta) -> list[Series]:
        query = self._named.get(name)
        if not isinstance(query, MetricQuery | Arithmetic | Call | Number):
            raise BadRequest(f"Error parsing query: '{name}' is neither a metric nor a query")
        return self.evaluate(query, shift)

    def _evaluate_call(self, call: Call, shift: timedelta) -> list[Series]:
        seconds = shift_seconds(call.function, call.arguments)
        if seconds is not None:
            return self.evaluate(call.operand, shift + timedelta(seconds=seconds))
        series = self.evaluate(call.operand, shift)
        return applied(call.function, series, call.arguments, self._grid.interval_seconds)

    def _evaluate_metric(self, query: MetricQuery, shift: timedelta) -> list[Series]:
        tags = query.scope.plain_tags()
        if tags is not None:
            series = self._read(query, tags, query.group_by, shift)
        else:
            series = self._read_tag_by_tag(query, shift)
        scale = _count_scale(query, self._grid.interval_seconds)
        return [
            each.map(lambda values: _filled(values * scale, query))
            for each in series
            if len(each.tags) == len(query.group_by)
        ]

    def _read_tag_by_tag(self, query: MetricQuery, shift: timedelta) -> list[Series]:
        """Read every tag set by itself, keep those in scope, and aggregate them by group."""
        keys = sorted({key for tags in self._world.metric_tags(query.metric) for key in tags})
        groups: dict[tuple[tuple[str, str], ...], list[Values]] = {}
        for series in self._read(query, query.scope.required_tags(), tuple(keys), shift):
            if query.scope.condition.matches(series.tags):
                group = tuple((k, series.tags[k]) for k in query.group_by if k in series.tags)
                groups.setdefault(group, []).append(series.values)
        return [
            Series(reduced(np.vstack(rows), query.aggregator, axis=0), dict(group))
            for group, rows in groups.items()
        ]

    def _read(
        self,
        query: MetricQuery,
        tags: Mapping[str, str],
        group_by: tuple[str, ...],
        shift: timedelta,
    ) -> list[Series]:
        """Sample the world finer than the grid and roll the samples up, so that no peak is missed."""
        grid = self._grid
        samples = _samples_per_interval(grid.interval_seconds)
        step = grid.interval_seconds // samples
        start = grid.start + shift
        read = self._world.series(
            query.metric, tags, group_by, start, grid.end + shift, step, query.aggregator
        )
        method = query.rollup.method if query.rollup else "avg"
        first = int(start.timestamp())
        now = self._world.now().timestamp()
        result = []
        for group, points in read:
            row = np.full(grid.count * samples, np.nan)
            for at, value in points:
                index = (int(at.timestamp()) - first) // step
                if 0 <= index < row.size and at.timestamp() <= now:
                    row[index] = value
            rolled = reduced(row.reshape(grid.count, samples), method, axis=1)
            result.append(Series(rolled, {key: group[key] for key in group_by if key in group}))
        return result


def _samples_per_interval(interval_seconds: int) -> int:
    """The most samples, up to five, that divide the interval into whole steps of 10 s or more."""
    for samples in range(_SAMPLES_PER_INTERVAL, 1, -1):
        step, rest = divmod(interval_seconds, samples)
        if rest == 0 and step >= _FINEST_SAMPLE_SECONDS:
            return samples
    return 1


def _count_scale(query: MetricQuery, interval_seconds: int) -> float:
    """What turns a value of the metric's type into what ``as_count`` or ``as_rate`` asks for.

    The world reports counts and rates per second; a gauge is left as it is.
    """
    if query.modifier == "as_count" and describe(query.metric).type in {"count", "rate"}:
        return float(interval_seconds)
    return 1.0


def _filled(values: Values, query: MetricQuery) -> Values:
    present = ~np.isnan(values)
    if query.fill == "zero":
        return np.nan_to_num(values)
    if query.fill not in {"last", "linear"} or not present.any():
        return values
    positions = np.arange(values.size)
    if query.fill == "linear":
        return np.interp(positions, positions[present], values[present])
    latest = np.maximum.accumulate(np.where(present, positions, -1))
    return np.where(latest >= 0, values[np.maximum(latest, 0)], np.nan)

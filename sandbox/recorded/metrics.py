"""Recorded metrics: ``metrics.csv`` with the columns metric, tags, timestamp, value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sandbox.datadog.metrics.series import reduced
from sandbox.recorded import files
from sandbox.recorded.shifting import moment
from sandbox.world.ports import Aggregator
from sandbox.world.scenario import ScenarioError

Floats = NDArray[np.float64]
Tags = Mapping[str, str]
_COLUMNS = ("metric", "tags", "timestamp", "value")
_HELD = 2.0
"""A value stands until the next one, at most so many intervals."""
_LONE_SECONDS = 300.0
"""How long the only value of a series stands."""


@dataclass(frozen=True)
class Recorded:
    """One metric with one set of tags."""

    tags: dict[str, str]
    times: Floats
    values: Floats

    def at(self, times: Floats) -> Floats:
        """The value that stood at each moment; NaN where there was none."""
        position = np.searchsorted(self.times, times, side="right") - 1
        known = position >= 0
        safe = np.maximum(position, 0)
        known &= times - self.times[safe] <= self._held_seconds
        return np.where(known, self.values[safe], np.nan)

    @property
    def _held_seconds(self) -> float:
        if self.times.size < 2:
            return _LONE_SECONDS
        return _HELD * float(np.median(np.diff(self.times)))


class RecordedMetrics:
    """All metrics of a recording."""

    def __init__(self, series: Mapping[str, Sequence[Recorded]], shift: timedelta) -> None:
        seconds = shift.total_seconds()
        self._series = {
            name: [Recorded(r.tags, r.times + seconds, r.values) for r in many]
            for name, many in series.items()
        }

    def names(self, tags: Tags) -> list[str]:
        """See ``World.metric_names``."""
        return sorted(
            name
            for name, many in self._series.items()
            if any(_matches(tags, one.tags) for one in many)
        )

    def tag_sets(self, metric: str) -> list[dict[str, str]]:
        """See ``World.metric_tags``."""
        return [one.tags for one in self._series.get(metric, ())]

    def series(
        self,
        metric: str,
        tags: Tags,
        group_by: Sequence[str],
        times: Floats,
        aggregator: Aggregator,
    ) -> list[tuple[dict[str, str], list[tuple[datetime, float]]]]:
        """See ``World.series``; ``times`` are epoch seconds."""
        groups: dict[tuple[tuple[str, str], ...], list[Floats]] = {}
        for one in self._series.get(metric, ()) if times.size else ():
            if _matches(tags, one.tags):
                group = tuple((key, one.tags[key]) for key in group_by if key in one.tags)
                groups.setdefault(group, []).append(one.at(times))
        return [
            (dict(group), list(_points(times, reduced(np.vstack(rows), aggregator, axis=0))))
            for group, rows in sorted(groups.items())
        ]


def read(folder: Path) -> dict[str, list[Recorded]]:
    """The series of a recording, by metric.

    Raises:
        ScenarioError: a row is not as it should be.
    """
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for number, row in enumerate(files.rows(folder, "metrics.csv", _COLUMNS), 2):
        try:
            point = (moment(row["timestamp"]).timestamp(), float(row["value"]))
        except (ValueError, TypeError) as error:
            raise ScenarioError(f"metrics.csv, line {number}: {error}") from error
        found.setdefault((row["metric"], row["tags"]), []).append(point)
    series: dict[str, list[Recorded]] = {}
    for (metric, text), points in found.items():
        times, values = np.array(sorted(points), dtype=np.float64).T
        series.setdefault(metric, []).append(Recorded(_tags(text), times, values))
    return series


def _tags(text: str) -> dict[str, str]:
    """``service:auth env:production`` as a mapping."""
    pairs = (word.partition(":") for word in text.split())
    return {key: value for key, _, value in pairs}


def _matches(wanted: Tags, tags: Tags) -> bool:
    def fits(value: str, own: str | None) -> bool:
        if own is None:
            return False
        return own.startswith(value[:-1]) if value.endswith("*") else own == value

    return all(fits(value, tags.get(key)) for key, value in wanted.items())


def _points(times: Floats, values: Floats) -> Iterator[tuple[datetime, float]]:
    for at, value in zip(times.tolist(), values.tolist(), strict=True):
        if not np.isnan(value):
            yield datetime.fromtimestamp(at, UTC), value

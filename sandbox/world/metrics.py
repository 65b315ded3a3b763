"""Series of the vendors' metrics, computed from the signals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from math import isnan
from typing import Literal

import numpy as np

from sandbox.kubernetes.clock import parse_time
from sandbox.world import data
from sandbox.world.component import (
    Component,
    pod_tags,
    pods_by_component,
    service_tags,
    workload_tags,
)
from sandbox.world.faults.pods import PodTroubles
from sandbox.world.noise import Floats
from sandbox.world.ports import Aggregator, Manifest
from sandbox.world.signals import Sampler, Sources

Points = list[tuple[datetime, float]]
Tags = Mapping[str, str]


@dataclass(frozen=True)
class Metric:
    """One metric's name and where its values come from."""

    name: str
    of: str
    per: Literal["pod", "service", "workload", "queue", "volume", "slot", "external"]
    signal: str
    scale: float = 1.0


@dataclass(frozen=True)
class Reporter:
    """Something that reports a metric under one set of tags."""

    tags: dict[str, str]
    component: Component
    ordinal: int = 0
    pod: Manifest | None = None


@cache
def metrics() -> dict[str, Metric]:
    """All metrics by name."""
    return {name: Metric(name, **facts) for name, facts in data.read("metrics.yaml").items()}


class Telemetry:
    """Metrics of a set of components."""

    def __init__(self, sources: Sources, components: Sequence[Component]) -> None:
        self._sources = sources
        self._components = components
        self._troubles = PodTroubles(sources.faults, sources.configuration.history)

    def names(self, tags: Tags) -> list[str]:
        """Names of the metrics that something with all of ``tags`` reports."""
        return [
            name
            for name, metric in metrics().items()
            if any(matches(tags, reporter.tags) for reporter in self._reporters(metric))
        ]

    def tag_sets(self, name: str) -> list[dict[str, str]]:
        """The tag sets that a metric is reported with; empty for an unknown one."""
        metric = metrics().get(name)
        return [reporter.tags for reporter in self._reporters(metric)] if metric else []

    def series(
        self,
        name: str,
        tags: Tags,
        group_by: Sequence[str],
        times: Floats,
        aggregator: Aggregator,
    ) -> list[tuple[dict[str, str], Points]]:
        """See ``World.series``; ``times`` are epoch seconds."""
        metric = metrics().get(name)
        groups: dict[tuple[tuple[str, str], ...], list[Floats]] = {}
        for reporter in self._reporters(metric) if metric and times.size else ():
            if metric and matches(tags, reporter.tags):
                group = tuple((k, reporter.tags[k]) for k in group_by if k in reporter.tags)
                groups.setdefault(group, []).append(self._values(metric, reporter, times))
        moments = [datetime.fromtimestamp(moment, UTC) for moment in times.tolist()]
        return [
            (dict(group), _points(moments, _aggregated(np.vstack(rows), aggregator)))
            for group, rows in sorted(groups.items())
        ]

    def _values(self, metric: Metric, reporter: Reporter, times: Floats) -> Floats:
        node = reporter.tags.get("host", "")
        sampler = Sampler(self._sources, reporter.component, times, reporter.ordinal, node)
        values = sampler[metric.signal] * metric.scale
        if metric.signal == "restarts" and reporter.pod:
            values = values + np.array(self._troubles.restarts(reporter.pod, times.tolist()))
        if reporter.component.kind == "CronJob" and reporter.pod:
            begin, end = lifetime(reporter.pod)
            values = np.where((times >= begin) & (times < end), values, np.nan)
        return values

    def _reporters(self, metric: Metric) -> Iterator[Reporter]:
        pods = pods_by_component(self._sources.configuration.history)
        for component in self._components:
            if component.has(metric.of):
                own = pods.get((component.namespace, component.name), [])
                yield from _reporters_of(component, metric.per, own)


def _reporters_of(component: Component, per: str, pods: list[Manifest]) -> Iterator[Reporter]:
    match per:
        case "pod":
            for ordinal, pod in enumerate(pods):
                yield Reporter(pod_tags(component, pod), component, ordinal, pod)
        case "volume":
            for ordinal, pod in enumerate(pods):
                claim = {"persistentvolumeclaim": f"data-{pod['metadata']['name']}"}
                yield Reporter(workload_tags(component) | claim, component, ordinal, pod)
        case "workload":
            yield Reporter(workload_tags(component), component)
        case _:
            yield Reporter(service_tags(component) | _beside(component, per), component)


def _beside(component: Component, per: str) -> dict[str, str]:
    """What a service's own metric says beside whose it is."""
    match per:
        case "queue":
            return {"rabbitmq_queue": component.profile["queue"]["name"]}
        case "slot":
            return {"slot_name": f"{component.name.replace('-', '_')}_cdc"}
        case "external":
            return {"peer.hostname": component.profile["external"]["host"]}
        case _:
            return {}


def matches(wanted: Tags, tags: Tags) -> bool:
    """Whether ``tags`` has all of ``wanted``, whose values may end in ``*``."""
    return all(_value_matches(value, tags.get(key)) for key, value in wanted.items())


def _value_matches(wanted: str, value: str | None) -> bool:
    if value is None:
        return False
    return value.startswith(wanted[:-1]) if wanted.endswith("*") else value == wanted


def lifetime(pod: Manifest) -> tuple[float, float]:
    """From when to when a Job's pod ran, in epoch seconds."""
    begin = parse_time(pod["metadata"]["creationTimestamp"]).timestamp()
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        finished = (status["state"].get("terminated") or {}).get("finishedAt")
        if finished:
            return begin, parse_time(finished).timestamp()
    return begin, np.inf


def _aggregated(rows: Floats, aggregator: Aggregator) -> Floats:
    """One row out of many; NaN only where all of them are."""
    present = ~np.isnan(rows)
    counts = present.sum(axis=0)
    filled = np.where(present, rows, {"min": np.inf, "max": -np.inf}.get(aggregator, 0.0))
    match aggregator:
        case "min":
            combined = filled.min(axis=0)
        case "max":
            combined = filled.max(axis=0)
        case "sum":
            combined = filled.sum(axis=0)
        case "avg":
            combined = filled.sum(axis=0) / np.maximum(counts, 1)
    return np.where(counts > 0, combined, np.nan)


def _points(moments: Sequence[datetime], values: Floats) -> Points:
    return [
        (moment, value)
        for moment, value in zip(moments, values.tolist(), strict=True)
        if not isnan(value)
    ]

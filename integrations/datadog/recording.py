"""What Datadog recorded around a service, as a case for the ranking of causes: metrics, traces, who calls whom.

One grouped query a metric is enough for all services of an environment. The incident begins when the latency or the share
of failures of the service departs, or that of a neighbour within the hour before; where its own do not, with the first of
its neighbours' onsets, and without any the last sixth of the window is taken for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from string import Template

import numpy as np
import structlog
import yaml

from agent.analysis.onsets import order_of
from agent.analysis.rca.reading import Case, Column, Metrics, Spans, arranged
from agent.analysis.series import Points
from agent.analysis.traces import Span
from agent.errors import NotFound, ToolError
from agent.model import Window
from integrations.datadog.client import DatadogClient
from integrations.datadog.metrics import series_of
from integrations.datadog.tracing import span_of

_MOST_SERVICES = 40
_DEPTH = 4
"""Calls below the service that are followed."""
_SPANS = 400
_TRACES = 25
_PERCENT = 100.0
_AHEAD_SECONDS = 3_600.0
"""By how long a cause may move before the symptom."""
SYMPTOMS = ("latency", "availability")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Signal:
    """One metric that causes are ranked on."""

    metric: str
    query: str
    """With ``$env`` for the environment, grouped by service."""
    scale: float = 1.0


@dataclass(frozen=True)
class Recording:
    """Series of a service and its neighbours, by (service, metric)."""

    service: str
    environment: str
    window: Window
    calls: tuple[tuple[str, str], ...]
    series: dict[tuple[str, str], Points]

    def of(self, service: str, metrics: Collection[str] = SYMPTOMS) -> dict[str, Points]:
        """Some of a service's series, named as people read them."""
        return {
            f"{name} {metric}": points
            for (name, metric), points in self.series.items()
            if name == service and metric in metrics
        }

    def begins(self) -> tuple[float, str]:
        """When the incident began, and the symptom's metric; empty where the service itself does not depart."""
        own = order_of(self.of(self.service)).onsets
        names = {name for name, _ in self.series}
        everyone = order_of({k: v for name in names for k, v in self.of(name).items()}).onsets
        if own:
            earliest = own[0].earliest - _AHEAD_SECONDS
            start = next(o.earliest for o in everyone if o.earliest >= earliest)
            return start, own[0].name.rpartition(" ")[2]
        if everyone:
            return everyone[0].earliest, ""
        length = self.window.end - self.window.start
        return (self.window.end - length / 6).timestamp(), ""

    def case(self, start: float, symptom: str, spans: Spans | None) -> Case:
        """The recording as a case whose incident lasts from ``start`` until now."""
        entities = sorted({name for pair in self.calls for name in pair} | {self.service})
        return Case(
            id=f"{self.service} {self.environment}",
            dataset="datadog",
            start=start,
            end=self.window.end.timestamp(),
            entities=tuple(entities),
            symptom_entity=self.service,
            symptom_metric=symptom,
            symptom_statistic="",
            metrics=_metrics(self.series),
            calls=self.calls,
            spans=spans,
        )


@cache
def signals() -> tuple[Signal, ...]:
    """All metrics that causes are ranked on."""
    text = (files("integrations.datadog") / "ranking.yaml").read_text(encoding="utf-8")
    return tuple(Signal(**facts) for facts in yaml.safe_load(text))


async def record(
    client: DatadogClient, service: str, environment: str, window: Window
) -> Recording:
    """Read the metrics of a service and its neighbours. A metric that cannot be read is left out.

    Raises:
        NotFound: APM knows no such service, and it has no metrics.
        ToolError: Datadog cannot be reached, or lets no metric be read.
    """
    reads = asyncio.gather(*(_read(client, s, environment, window) for s in signals()))
    dependencies, answers = await asyncio.gather(client.dependencies(environment), reads)
    refusals = [a for a in answers if isinstance(a, ToolError)]
    if len(refusals) == len(answers):
        raise refusals[0]
    calls = _around(service, dependencies)
    near = {name for pair in calls for name in pair} | {service}
    series: dict[tuple[str, str], Points] = {}
    for answer in answers:
        if not isinstance(answer, ToolError):
            series.update({k: v for k, v in answer.items() if k[0] in near})
    _share_of_failures(series)
    if service not in {name for name, _ in series} and service not in dependencies:
        raise NotFound(f"Datadog knows no service {service} in {environment}")
    return Recording(service, environment, window, calls, series)


async def traces(client: DatadogClient, recording: Recording, start: float) -> Spans | None:
    """Whole traces through the service from before and from after the incident's start; None where either is missing."""
    middle = datetime.fromtimestamp(start, UTC)
    if not recording.window.start < middle < recording.window.end:
        return None
    before = Window(start=recording.window.start, end=middle)
    after = Window(start=middle, end=recording.window.end)
    normal, incident = await asyncio.gather(
        _whole_traces(client, recording, before), _whole_traces(client, recording, after)
    )
    return _arranged(normal, incident) if normal and incident else None


async def _read(
    client: DatadogClient, signal: Signal, environment: str, window: Window
) -> dict[tuple[str, str], Points] | ToolError:
    try:
        answer = await client.query(Template(signal.query).substitute(env=environment), window)
    except ToolError as error:
        _log.warning("ranking_metric_not_read", metric=signal.metric, problem=str(error))
        return error
    return {
        (s.tags["service"], signal.metric): [(at, value * signal.scale) for at, value in s.points]
        for s in series_of(answer)
        if s.tags.get("service") and s.points
    }


def _around(service: str, dependencies: dict[str, list[str]]) -> tuple[tuple[str, str], ...]:
    """Calls among the service, its callers, and all that it leads to."""
    near = [service]
    level = [service]
    for _ in range(_DEPTH):
        level = [c for name in level for c in dependencies.get(name, []) if c not in near]
        near += list(dict.fromkeys(level))
    near += [name for name, callees in dependencies.items() if service in callees]
    kept = set(dict.fromkeys(near[:_MOST_SERVICES]))
    return tuple(
        (caller, callee)
        for caller, callees in dependencies.items()
        for callee in callees
        if caller in kept and callee in kept
    )


def _share_of_failures(series: dict[tuple[str, str], Points]) -> None:
    """Errors and requests become one series: the per cent of requests that succeed."""
    for name, _ in [key for key in series if key[1] == "errors"]:
        hits = dict(series.get((name, "requests"), ()))
        series[name, "availability"] = [
            (at, _PERCENT * (1.0 - min(1.0, failed / hits[at])))
            for at, failed in series.pop((name, "errors"))
            if hits.get(at, 0.0) > 0
        ]


def _metrics(series: dict[tuple[str, str], Points]) -> Metrics:
    times = np.unique([at for points in series.values() for at, _ in points])
    values = np.full((times.size, len(series)), np.nan)
    for place, points in enumerate(series.values()):
        if points:
            at, value = np.asarray(points, dtype=np.float64).T
            values[np.searchsorted(times, at), place] = value
    return Metrics(times, tuple(Column(name, metric) for name, metric in series), values)


async def _whole_traces(client: DatadogClient, recording: Recording, window: Window) -> list[Span]:
    scope = f"service:{recording.service} env:{recording.environment}"
    sampled = await client.spans(scope, window, _SPANS)
    names = dict.fromkeys(str(e.get("attributes", {}).get("trace_id", "")) for e in sampled)
    wanted = [name for name in names if name][:_TRACES]
    if not wanted:
        return []
    wider = window.model_copy(update={"start": window.start - timedelta(minutes=1)})
    events = await client.spans(f"trace_id:({' OR '.join(wanted)})", wider, _SPANS * 2)
    return [s for s in map(span_of, events) if s is not None]


def _arranged(normal: Sequence[Span], incident: Sequence[Span]) -> Spans:
    spans = [*normal, *incident]
    return arranged(
        incident=np.arange(len(spans)) >= len(normal),
        trace=[s.trace_id for s in spans],
        span=[s.span_id for s in spans],
        parent=[s.parent_id for s in spans],
        entity=[s.service for s in spans],
        operation=[s.resource for s in spans],
        start=np.array([s.start * 1e6 for s in spans]),
        duration=np.array([s.seconds * 1e6 for s in spans]),
    )

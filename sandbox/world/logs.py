"""Log records: ordinary lines at the pace of the traffic, and those that the faults bring."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np

from sandbox.world import data
from sandbox.world.component import Component, pods_by_component
from sandbox.world.faults.fault import Fault
from sandbox.world.faults.pods import PodTroubles
from sandbox.world.metrics import lifetime
from sandbox.world.noise import Floats, key_hash, uniform
from sandbox.world.ports import Manifest
from sandbox.world.scenario import FaultLog
from sandbox.world.signals import Sampler, Sources

Record = dict[str, Any]
_MINUTE_S = 60
_NIGHT_SHARE = 0.2
"""Services are not silent at night."""
_FIELD = re.compile(r"\{(ms|hex|n|route|product)\}")
_PRODUCTS = ("lamp-114", "chair-20", "desk-7", "rug-301", "shelf-88", "vase-5")


@dataclass(frozen=True)
class Template:
    """A line that a service writes again and again."""

    status: str
    message: str
    per_minute: float
    attributes: Mapping[str, str]
    flat: bool = False
    """The same at night as by day."""
    fault: Fault | None = None
    growth: FaultLog | None = None


class Journal:
    """All log records of the company."""

    def __init__(self, sources: Sources, components: Sequence[Component]) -> None:
        self._sources = sources
        self._components = components
        self._troubles = PodTroubles(sources.faults, sources.configuration.history)

    def records(
        self,
        start: datetime,
        end: datetime,
        service: str | None,
        namespace: str | None,
        pod: str | None,
    ) -> Iterator[Record]:
        """Records in no order."""
        pods = pods_by_component(self._sources.configuration.history)
        for component in self._components:
            if service not in (None, component.name) or namespace not in (
                None,
                component.namespace,
            ):
                continue
            own = pods.get((component.namespace, component.name), [])
            if own and (pod is None or any(p["metadata"]["name"] == pod for p in own)):
                yield from self._of(component, own, pod, start, end)
                if self._troubles.touches(component.name, component.namespace):
                    yield from self._last_words(component, own, pod, start, end)

    def _last_words(
        self,
        component: Component,
        pods: Sequence[Manifest],
        pod: str | None,
        start: datetime,
        end: datetime,
    ) -> Iterator[Record]:
        """What crashing containers write before they die."""
        for each in pods:
            if pod not in (None, each["metadata"]["name"]):
                continue
            for at, line in self._troubles.lines(each, start.timestamp(), end.timestamp()):
                template = Template(line.status, line.message, 1.0, {}, True)
                container = self._troubles.container(each, at)
                yield self._record(component, template, each, at) | {"container": container}

    def _of(
        self,
        component: Component,
        pods: Sequence[Manifest],
        pod: str | None,
        start: datetime,
        end: datetime,
    ) -> Iterator[Record]:
        begun = [lifetime(p)[0] for p in pods]
        for number, template in enumerate(self._templates(component)):
            key = key_hash(self._sources.seed, "log", component.namespace, component.name, number)
            for at in self._moments(component, template, key, start, end):
                place = _writer(component, begun, at)
                chosen = pods[place]
                if pod is not None and (pod != chosen["metadata"]["name"] or at < begun[place]):
                    continue
                if template.growth and not _is_on(chosen, template.growth.node):
                    continue
                if self._was_at_work(component, chosen, at):
                    yield self._record(component, template, chosen, at)

    def _was_at_work(self, component: Component, pod: Manifest, at: float) -> bool:
        is_ill = self._troubles.touches(
            component.name, component.namespace
        ) and self._troubles.is_silent(pod, at)
        return not is_ill and _was_running(component, pod, at)

    def _templates(self, component: Component) -> Iterator[Template]:
        lines = data.read("logs.yaml")
        own = lines["services"].get(component.name)
        if own is None:
            own = lines["default"] if component.has("error_ratio") else lines["datastore"]
        for line in own:
            yield Template(**({"attributes": {}} | line))
        for fault in self._sources.faults:
            for line in fault.spec.logs:
                if (line.service, line.namespace) == (component.name, component.namespace):
                    yield Template(
                        line.status,
                        line.message,
                        line.per_minute,
                        line.attributes,
                        True,
                        fault,
                        line,
                    )

    def _moments(
        self, component: Component, template: Template, key: int, start: datetime, end: datetime
    ) -> list[float]:
        """When the line is written, in epoch seconds: a whole number of times in each minute."""
        first, last = int(start.timestamp()) // _MINUTE_S, int(end.timestamp()) // _MINUTE_S
        minutes = np.arange(first, last + 1, dtype=np.int64)
        times: Floats = (minutes * _MINUTE_S).astype(np.float64)
        pace: Floats = np.ones(times.shape)
        if not template.flat:
            pace = _NIGHT_SHARE + (1.0 - _NIGHT_SHARE) * self._sources.curve.level(times)
        if template.fault and template.growth:
            pace = template.fault.level(template.growth, times + _MINUTE_S / 2)
        expected = template.per_minute * component.share * pace
        counts = np.floor(expected + uniform(key, minutes)).astype(np.int64)
        which = np.repeat(np.arange(minutes.size), counts)
        nth = np.arange(which.size) - np.repeat(np.cumsum(counts) - counts, counts)
        at = times[which] + _MINUTE_S * uniform(key ^ 0x5DEECE66D, minutes[which] * 1024 + nth)
        inside = (at >= start.timestamp()) & (at < end.timestamp())
        return [float(moment) for moment in at[inside]]

    def _record(self, component: Component, template: Template, pod: Manifest, at: float) -> Record:
        salt = key_hash(self._sources.seed, component.name, template.message, at)
        message = _FIELD.sub(partial(self._value, component, salt, at), template.message)
        return {
            "timestamp": datetime.fromtimestamp(at, UTC),
            "service": component.name,
            "status": template.status,
            "host": pod["spec"].get("nodeName", ""),
            "pod": pod["metadata"]["name"],
            "namespace": component.namespace,
            "container": pod["spec"]["containers"][0]["name"],
            "message": message,
            "attributes": {"logger": {"name": f"{component.name}.main"}}
            | dict(template.attributes),
        }

    def _value(self, component: Component, salt: int, at: float, field: re.Match[str]) -> str:
        match field[1]:
            case "hex":
                return f"{salt & 0xFFFFFFFFFF:010x}"
            case "n":
                return str(1 + salt % 400)
            case "product":
                return _PRODUCTS[salt % len(_PRODUCTS)]
            case "route":
                return f"/v1/{component.name}/{salt % 9000}"
        spread = 0.4 + 1.4 * (salt % 1000) / 1000
        sampler = Sampler(self._sources, component, np.array([at]))
        return f"{float(sampler['latency_seconds'][0]) * 1000 * spread:.0f}"


def _writer(component: Component, begun: Sequence[float], at: float) -> int:
    """Which pod writes at a moment: one that was there; any, where those of that time are gone."""
    there = [place for place, begin in enumerate(begun) if begin <= at]
    if component.kind == "CronJob" or not there:
        there = list(range(len(begun)))
    return there[int(at * 1000) % len(there)]


def _is_on(pod: Manifest, node: str) -> bool:
    return not node or pod["spec"].get("nodeName") == node


def _was_running(component: Component, pod: Manifest, at: float) -> bool:
    if component.kind != "CronJob":
        return True
    begin, end = lifetime(pod)
    return begin <= at < end

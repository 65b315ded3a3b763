"""What the steps of a case show, found by what was asked rather than by step."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple

import networkx as nx

from agent.knowledge.graph import dependants, dependencies, dependencies_in
from agent.knowledge.inference import endpoints_in
from agent.model import Case, Json, Reading, Step
from agent.reasoning.modes.target import DEFAULT_NAMESPACE, ERROR_RATIO, JOB, Target, flavour_of

_SIMPLE_QUERY = re.compile(r"^\s*(?:\w+:)?([\w.]+)\{([^}]*)\}\s*$")
_RATIO_QUERY = re.compile(
    r"^\s*sum:trace\.http\.request\.errors\{([^}]*)\} / sum:trace\.http\.request\.hits\{[^}]*\}\s*$"
)
_MONITOR_QUERY = re.compile(r"^\s*\w+\(last_\w+\):(.*?)\s*([<>]=?)\s*[-\d.eE+]+\s*$", re.DOTALL)
_SCOPE_KEYS = ("service", "kube_deployment", "kube_stateful_set", "kube_daemon_set")
_RISEN = 1.3
_MOST_MINUTES = 2 * 1440.0
"""A longer window compares days; its hourly points tell neither an onset nor where things stand now."""


@dataclass(frozen=True)
class Metric:
    """One described series of a metric, with the step that read it."""

    step: int
    name: str
    last: float
    baseline: float
    minimum: float
    maximum: float
    onset: datetime | None = None
    before: float | None = None
    pulse_start: datetime | None = None
    pulse_end: datetime | None = None
    slope_per_hour: float | None = None
    slope_r2: float | None = None
    per_hour_ratio: float | None = None
    gradual: bool = False
    """It began to climb at the onset, which is then known less exactly than that of a jump."""
    minutes: float = 0.0
    """The window that was read."""
    points: tuple[tuple[float, float], ...] = ()

    @property
    def rise(self) -> float:
        """last / baseline; 1 when there is nothing to compare with."""
        return self.last / self.baseline if self.baseline > 0 else 1.0

    @property
    def risen(self) -> bool:
        """Whether it stands clearly above its baseline, after a change."""
        return self.onset is not None and self.rise >= _RISEN

    @property
    def grows(self) -> bool:
        """Whether it follows a rising line."""
        return (self.slope_per_hour or 0.0) > 0.0 and (self.slope_r2 or 0.0) >= 0.5


class Found(NamedTuple):
    """An answer's data with the step that holds it."""

    step: int
    data: Json


class View:
    """A case as the failure modes look at it; ``View.of`` keeps what was worked out for the same answers before."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.namespace = case.signal.namespace or case.signal.environment or DEFAULT_NAMESPACE
        self.environment = case.signal.environment or self.namespace
        self._answered = [s for s in case.steps if s.reading is not None]
        self._latest: dict[str, list[Step]] = {}
        for step in reversed(self._answered):
            self._latest.setdefault(step.check.tool, []).append(step)
        self._by_number = {s.number: s for s in self._answered}
        self._flavours: dict[str, str] = {}
        self._found: dict[tuple[object, ...], tuple[Found, ...]] = {}

    @classmethod
    def of(cls, case: Case) -> View:
        """The view of a case, with all that was worked out when the case had the same answers and surroundings."""
        rests_on = (case.steps, case.signal, case.entities, case.relations)
        known = case.notebook.kept("view", rests_on, lambda: cls(case))
        return known if known.case is case else known._of_later(case)

    def _of_later(self, case: Case) -> View:
        """The same look at a case that differs in its board, its evidence or its present only."""
        later = copy(self)
        later.case = case
        return later

    @cached_property
    def graph(self) -> nx.DiGraph[str]:
        """Who depends on whom, as far as the case knows."""
        return dependencies_in(self.case)

    @cached_property
    def subject(self) -> Target:
        """What the signal is about."""
        return self.target(self.case.signal.service)

    def target(self, name: str, namespace: str = "") -> Target:
        """An entity by name, with what sort of thing it is."""
        return Target(
            name=name,
            namespace=namespace or self.namespace,
            environment=self.environment,
            flavour=self._flavour(name),
        )

    def dependencies(self, name: str) -> tuple[Target, ...]:
        """What an entity depends on directly."""
        return tuple(self.target(n) for n in dependencies(self.graph, name))

    def dependants(self, name: str) -> tuple[Target, ...]:
        """The services that depend directly on an entity; jobs are not among them."""
        return tuple(
            self.target(n)
            for n in dependants(self.graph, name)
            if self.graph.nodes[n].get("kind") not in ("cronjob", "job")
        )

    def answers(self, tool: str, **arguments: object) -> Iterator[Found]:
        """The answers of a tool, the latest first, to calls with (at least) these arguments."""
        asked = (tool, *arguments.items())
        if (found := self._found.get(asked)) is None:
            found = self._found[asked] = tuple(self._answers(tool, arguments))
        return iter(found)

    def _answers(self, tool: str, arguments: Mapping[str, object]) -> Iterator[Found]:
        for step in self._latest.get(tool, ()):
            asked = step.check.arguments
            if all(asked.get(k) == v for k, v in arguments.items()):
                assert step.reading is not None
                yield Found(step.number, step.reading.data)

    def answer(self, tool: str, **arguments: object) -> Found | None:
        """The latest of ``answers``."""
        return next(self.answers(tool, **arguments), None)

    def hours_of(self, tool: str) -> float:
        """How far back the latest answer of a tool looked, hours."""
        found = self.answer(tool)
        asked = self._step(found.step).check.arguments if found else {}
        return float(asked.get("hours") or 24.0)

    def workload(self, target: Target) -> Found | None:
        """The workload as Kubernetes has it."""
        return self.answer("kubernetes_workload", name=target.name)

    def config(self, name: str) -> Found | None:
        """A ConfigMap."""
        return self.answer("kubernetes_config", name=name)

    def metric(self, name: str, target: Target) -> Metric | None:
        """The worst series of a metric of an entity; None when it was not read or has no points."""
        found = self._metrics.get((name, target.name), [])
        longest = max((m.minutes for m in found), default=0.0)
        return max((m for m in found if m.minutes == longest), key=lambda m: m.last, default=None)

    def reading(self, query: str, minutes: float) -> Metric | None:
        """The worst series of a query over exactly this window, however long; None when it was not read."""
        found = self.answer("datadog_metrics", query=query, minutes=minutes)
        described = self._described(self._step(found.step)) if found else ()
        return max(described, key=lambda m: m.last, default=None)

    def load_of(self, target: Target) -> Metric | None:
        """What is asked of an entity: commands, queries or requests."""
        metric = self.metric("redis.net.commands", target)
        return metric or self.metric("trace.http.request.hits", target)

    @cached_property
    def monitor(self) -> Json | None:
        """The monitor that the signal came from, else one of the service that is alerting."""
        signal = self.case.signal
        found: list[Json] = [
            m for f in self._monitors_of_subject() for m in f.data.get("monitors") or []
        ]
        for monitor in found:
            known = str(monitor["id"]) in re.findall(r"\d+", f"{signal.fingerprint} {signal.link}")
            if known or (monitor["name"] and monitor["name"] in signal.title):
                return monitor
        return next((m for m in found if m.get("state") in ("Alert", "Warn")), None)

    @property
    def monitor_step(self) -> int:
        """The step that listed the monitors; 0 when none did."""
        found = next(self._monitors_of_subject(), None)
        return found.step if found else 0

    def _monitors_of_subject(self) -> Iterator[Found]:
        """Not the look at what alerts anywhere, which asks by the state."""
        return self.answers("datadog_monitors", state=None)

    @cached_property
    def symptom_query(self) -> str:
        """The metrics query of the signal's monitor; empty when it is unknown."""
        matched = _MONITOR_QUERY.match(str((self.monitor or {}).get("query") or ""))
        return matched.group(1).strip() if matched else ""

    @cached_property
    def symptom(self) -> Metric | None:
        """The metric that alerted, over the longest window that was read: it tells baseline and onset."""
        return next(iter(self._symptoms), None)

    @cached_property
    def symptom_now(self) -> Metric | None:
        """The metric that alerted, in the shortest window, which resolves the last minutes best."""
        return next(reversed(self._symptoms), None)

    @cached_property
    def _symptoms(self) -> list[Metric]:
        """The readings of the metric that alerted, the longest window first, of equal ones the latest last."""
        if not self.symptom_query:
            return []
        found = self.answers("datadog_metrics", query=self.symptom_query)
        read = (self._step(f.step) for f in found)
        steps = sorted((s for s in read if _tells_now(s)), key=lambda s: s.number)
        steps.sort(key=lambda s: -float(s.check.arguments.get("minutes") or 720))
        worst = (max(self._described(s), key=lambda m: m.last, default=None) for s in steps)
        return [m for m in worst if m is not None]

    @cached_property
    def symptom_onset(self) -> datetime:
        """When the symptom began: the change of the metric that alerted, else the moment of the alert."""
        metric = self.symptom
        if metric is not None and metric.onset is not None:
            return metric.onset
        return self.case.signal.occurred_at

    def _step(self, number: int) -> Step:
        return self._by_number[number]

    def _described(self, step: Step) -> tuple[Metric, ...]:
        if (reading := step.reading) is None:
            return ()
        title = f"metrics {step.number} {_minutes_of(step)}"
        rests_on = (reading.data, reading.series)
        return reading.notebook.kept(title, rests_on, lambda: tuple(_described(step, reading)))

    @cached_property
    def _metrics(self) -> dict[tuple[str, str], list[Metric]]:
        found: dict[tuple[str, str], list[Metric]] = {}
        for step in self._answered:
            if step.check.tool != "datadog_metrics" or not _tells_now(step):
                continue
            query = str(step.check.arguments.get("query"))
            if matched := _SIMPLE_QUERY.match(query):
                name, scope = matched[1], matched[2]
            elif matched := _RATIO_QUERY.match(query):
                name, scope = ERROR_RATIO, matched[1]
            else:
                continue
            tags = _tags(scope)
            if tags.get("env", self.environment) == self.environment:
                found.setdefault((name, _owner(tags)), []).extend(self._described(step))
        return found

    def _flavour(self, name: str) -> str:
        if name not in self._flavours:
            self._flavours[name] = self._flavour_of(name)
        return self._flavours[name]

    def _flavour_of(self, name: str) -> str:
        if name in self.graph and self.graph.nodes[name].get("kind") in ("cronjob", "job"):
            return JOB
        for found in self.answers("kubernetes_workload", name=name):
            images = [str(c.get("image")) for c in found.data.get("containers") or []]
            return flavour_of(str(found.data.get("kind")), images, name)
        for entity in self.case.entities:
            if entity.name == name and entity.kind not in ("configmap", "team", "node"):
                images = [str(i) for i in entity.properties.get("images") or []]
                return flavour_of(entity.kind, images, name)
        return self._endpoint_flavours.get(name) or flavour_of("", (), name)

    @cached_property
    def _endpoint_flavours(self) -> dict[str, str]:
        """What sort of store a name is, from the schemes of the DSNs that point to it."""
        sources = [f.data.get("values") or {} for f in self.answers("kubernetes_config")]
        for found in self.answers("kubernetes_workload"):
            for container in found.data.get("containers") or []:
                env = container.get("env") or {}
                sources.append({k: v.get("value") for k, v in env.items() if v.get("value")})
        endpoints = [e for source in sources for e in endpoints_in(source)]
        return {e.service: e.kind for e in endpoints if e.kind != "service"}


def time_of(text: object) -> datetime | None:
    """A time in a tool's data; None when there is none."""
    if not text:
        return None
    at = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _tells_now(step: Step) -> bool:
    return _minutes_of(step) <= _MOST_MINUTES


def _tags(scope: str) -> dict[str, str]:
    return dict(t.strip().split(":", 1) for t in scope.split(",") if ":" in t)


def _owner(tags: dict[str, str]) -> str:
    """The service or workload that a query's tags name."""
    return next((tags[k] for k in _SCOPE_KEYS if k in tags), "")


def _minutes_of(step: Step) -> float:
    """The window that a step looked at."""
    return float(step.check.arguments.get("minutes") or 0.0)


def _described(step: Step, reading: Reading) -> Iterator[Metric]:
    all_points = reading.series
    for index, data in enumerate(reading.data.get("series") or []):
        if data.get("last") is None:
            continue
        change, pulse = data.get("change") or {}, data.get("pulse") or {}
        last = float(data["last"])
        yield Metric(
            step=step.number,
            name=str(data.get("metric")),
            last=last,
            baseline=float(_or(data.get("baseline"), last)),
            minimum=float(_or(data.get("minimum"), last)),
            maximum=float(_or(data.get("maximum"), last)),
            onset=time_of(change.get("at")),
            before=change.get("before"),
            gradual=bool(change.get("gradual")),
            minutes=_minutes_of(step),
            pulse_start=time_of(pulse.get("start")),
            pulse_end=time_of(pulse.get("end")),
            slope_per_hour=data.get("slope_per_hour"),
            slope_r2=data.get("slope_r2"),
            per_hour_ratio=data.get("per_hour_ratio"),
            points=all_points[index].points if index < len(all_points) else (),
        )


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value

"""Which signals a change is judged by: the monitor that alerted, the metrics that told, and the neighbours' health."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from agent.knowledge.graph import blast_radius, dependencies, dependencies_in
from agent.model import Case, Entity, Step
from agent.resolution.watch import Role, Watched

MOST_METRICS = 4
MOST_NEIGHBOURS = 6
_TELLING = 0.5
"""Weight of evidence from which a metric is worth watching."""
LOOK_MINUTES = 10
"""The window of a look: short, so that what came before the change soon leaves it."""
_RESOLUTION_SECONDS = 60.0
"""What a metric needs to show a value; it is looked at over five of them."""
_HEALTH = {
    "latency": ("latency", "second", "avg:trace.http.request.duration{env:$env} by {service}"),
    "errors": (
        "share of errors",
        "",
        "sum:trace.http.request.errors{env:$env} by {service}"
        " / sum:trace.http.request.hits{env:$env} by {service}",
    ),
    "restarts": ("restarts", "", "max:kubernetes.containers.restarts{env:$env} by {service}"),
}
"""A neighbour's measures: their name, unit and query for all services of an environment at once."""
_ALERTS = re.compile(
    r"^\s*(?:avg|sum|min|max|last)\(last_(?P<count>\d{1,4})(?P<per>[smhd])\):(?P<query>.+?)\s*"
    r"(?P<side>[<>])=?\s*(?P<level>-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*$",
    re.DOTALL | re.IGNORECASE,
)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_METRIC = re.compile(r"(?:avg|sum|min|max):([\w.]+)\{")
_SERVICE = re.compile(r"\bservice:([\w.-]{1,100})")


class Alerting(NamedTuple):
    """When a monitor alerts, read from its query."""

    query: str
    above: bool
    level: float
    window_seconds: float


def watched_signals(case: Case) -> tuple[Watched, ...]:
    """What started the investigation: its monitors, what they measure, and the metrics whose evidence told."""
    monitors = _monitors(case)
    metrics = _metrics(case)
    measured = [m for m in (_measured(case, raw) for _, raw in monitors) if m is not None]
    known = {m.arguments["query"]: m for m in measured}
    merged = [_with_threshold(m, known.pop(m.arguments["query"], None)) for m in metrics]
    return (*(watched for watched, _ in monitors), *[*known.values(), *merged][:MOST_METRICS])


def neighbours_of(case: Case, target: Entity) -> tuple[str, ...]:
    """Those that a change of ``target`` must not hurt: what depends on it, the nearest first, then what stands on the same
    as it does."""
    graph = dependencies_in(case)
    own = {target.name, case.signal.service}
    names = list(blast_radius(graph, target.name))
    for base in dependencies(graph, target.name):
        names += [n for n in blast_radius(graph, base) if n not in names]
    return tuple(n for n in names if n not in own)[:MOST_NEIGHBOURS]


def neighbour_signals(case: Case, target: Entity, environment: str) -> tuple[Watched, ...]:
    """The health of the target's neighbours; none where the environment is unknown."""
    if not re.fullmatch(r"[\w.-]{1,100}", environment):
        return ()
    return tuple(
        Watched(
            name=f"{said} of {name}",
            tool="datadog_metrics",
            arguments={"query": query.replace("$env", environment), "minutes": LOOK_MINUTES},
            role=Role.NEIGHBOUR,
            measure=measure,
            service=name,
            unit=unit,
        )
        for name in neighbours_of(case, target)
        for measure, (said, unit, query) in _HEALTH.items()
    )


def alerting(query: str) -> Alerting | None:
    """When a monitor alerts; None where its query is of another form."""
    found = _ALERTS.match(query)
    if found is None:
        return None
    seconds = int(found["count"]) * _SECONDS[found["per"].lower()]
    return Alerting(found["query"], found["side"] == ">", float(found["level"]), float(seconds))


def name_of_query(query: str) -> str:
    """What a query measures, in few words: ``redis.info.latency_ms of redis-reco``."""
    metrics, service = _METRIC.findall(query), _SERVICE.search(query)
    if not metrics:
        return query[:80]
    said = " / ".join(dict.fromkeys(metrics))
    return f"{said} of {service[1]}" if service else said


def _monitors(case: Case) -> list[tuple[Watched, dict[str, Any]]]:
    """The monitor that alerted; where no monitor did, those that were in trouble."""
    wanted = case.signal.fingerprint.split(":")
    alerted: dict[str, tuple[Watched, dict[str, Any]]] = {}
    troubled: dict[str, tuple[Watched, dict[str, Any]]] = {}
    for step in _readings(case, "datadog_monitors"):
        if step.check.arguments.get("state"):
            continue  # asked for those in a state: once it recovered, a monitor would be missing there
        for monitor in step.reading.data.get("monitors", []) if step.reading else ():
            number = str(monitor.get("id"))
            watched = _monitor(step, monitor, number)
            if number in wanted:
                alerted[number] = (watched, monitor)
            elif monitor.get("state") in ("Alert", "Warn"):
                troubled[number] = (watched, monitor)
    return list((alerted or troubled).values())


def _monitor(step: Step, monitor: dict[str, Any], number: str) -> Watched:
    known = alerting(str(monitor.get("query") or ""))
    return Watched(
        name=f"monitor “{monitor.get('name')}”",
        tool=step.check.tool,
        arguments=step.check.arguments,
        monitor=number,
        settles_seconds=known.window_seconds if known else 0.0,
    )


def _measured(case: Case, monitor: dict[str, Any]) -> Watched | None:
    """What a monitor measures, with its threshold; None where it is a group of many, or of another form."""
    known = alerting(str(monitor.get("query") or ""))
    if known is None or " by {" in known.query:
        return None
    return Watched(
        name=name_of_query(known.query),
        tool="datadog_metrics",
        arguments={"query": known.query, "minutes": LOOK_MINUTES},
        unit=_unit_of(case, known.query),
        good_below=known.level if known.above else None,
        good_above=None if known.above else known.level,
        settles_seconds=5 * _RESOLUTION_SECONDS,
    )


def _unit_of(case: Case, query: str) -> str:
    """The unit in which a look-up of the case answered that query; empty when none did."""
    for step in _readings(case, "datadog_metrics"):
        if step.check.arguments.get("query") == query and step.reading and step.reading.series:
            return step.reading.series[0].unit
    return ""


def _with_threshold(metric: Watched, measured: Watched | None) -> Watched:
    if measured is None:
        return metric
    sides = {"good_below": measured.good_below, "good_above": measured.good_above}
    return metric.model_copy(update=sides)


def _metrics(case: Case) -> list[Watched]:
    """The metrics that spoke for the leading hypothesis, the most telling first."""
    ranked = case.ranked()
    leader = ranked[0].id if ranked else ""
    weights: dict[int, float] = {}
    for evidence in case.evidence:
        weights[evidence.step] = max(
            weights.get(evidence.step, 0.0), evidence.weights.get(leader, 0.0)
        )
    telling = sorted(
        (s for s in _readings(case, "datadog_metrics") if weights.get(s.number, 0) >= _TELLING),
        key=lambda s: -weights[s.number],
    )
    signals = [_metric(step) for step in telling]
    return list({w.arguments["query"]: w for w in signals if w is not None}.values())


def _metric(step: Step) -> Watched | None:
    series = step.reading.data.get("series") or [] if step.reading else []
    if len(series) != 1 or not series[0].get("change"):
        return None  # several series, or one that did not move, say nothing about recovery
    query = str(step.check.arguments["query"])
    return Watched(
        name=name_of_query(query),
        tool=step.check.tool,
        arguments={**step.check.arguments, "minutes": LOOK_MINUTES},
        baseline=series[0]["change"]["before"],
        unit=str(series[0].get("unit") or ""),
        settles_seconds=5 * _RESOLUTION_SECONDS,
    )


def _readings(case: Case, tool: str) -> list[Step]:
    return [s for s in case.steps if s.check.tool == tool and s.reading is not None]

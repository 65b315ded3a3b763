"""The symptoms of a case without names, so that they are found again where others play the same roles.

A feature is ``group:words``. What an entity is called is replaced by what it is to the service that alerted, its role:

==========  ====================================================================================
alert       a word of the alert's title (neither a name nor a number)
alerted     what sort of thing alerted: cache, database, queue, job or service
uses        what sort of thing it depends on directly
monitor     the metric that the monitor watches
signal      a metric of a role that moved, and which way: ``alerted hikaricp.connections.active up``
log         a kind of line of a role, its values and names masked
event       what Kubernetes warns of at a role: ``alerted BackOff``
change      what was changed at a role shortly before: ``dependency:database rollout``
==========  ====================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import networkx as nx

from agent.analysis.logs import WILDCARD
from agent.knowledge.graph import dependency_graph
from agent.model import Case, Entity, Relation, Signal
from agent.reasoning.modes.target import flavour_of
from agent.reasoning.modes.view import View, time_of

ALERT_GROUPS = frozenset({"alert", "alerted", "uses"})
"""What is known before anything was looked up."""
SHORTLY = timedelta(hours=3)
"""How long before the symptom a change counts as near."""
_MOST_LOGS = 6
_LOG_WORDS = 9
_MOVED = 1.3
_WORD = re.compile(r"[a-z][a-z]{2,}")
_MASKED = re.compile(r"<[a-z*]+>|\d+")
_STOP_WORDS = frozenset({"the", "and", "for", "with", "are", "has", "was", "its", "production"})
_SCOPE = re.compile(r"(?:service|kube_deployment|kube_stateful_set|kube_cronjob):([\w.-]+)")


def features_of_signal(
    signal: Signal, entities: Iterable[Entity] = (), relations: Iterable[Relation] = ()
) -> tuple[str, ...]:
    """The features that are known of an alert before anything is looked up."""
    return features_of_alert(signal.title, signal.service, entities, relations)


def features_of_alert(
    title: str, service: str, entities: Iterable[Entity] = (), relations: Iterable[Relation] = ()
) -> tuple[str, ...]:
    """The same of an alert's title and the service that alerts."""
    known = tuple(entities)
    graph = dependency_graph(known, relations)
    return tuple(dict.fromkeys(_of_alert(title, service, known, graph)))


def features_of(case: Case) -> tuple[str, ...]:
    """All features that a case shows."""
    view = View.of(case)
    return tuple(dict.fromkeys(_of_case(view)))


def role_of(name: str, view: View) -> str:
    """What an entity is to the service that alerted; empty when nothing ties them."""
    graph, subject = view.graph, view.subject.name
    if not name or name == subject:
        return "alerted"
    flavour = view.target(name).flavour
    if name not in graph or subject not in graph:
        return ""
    if flavour == "job":
        worked_on = sorted(graph.successors(name))
        near = [n for n in worked_on if n == subject or graph.has_edge(subject, n)]
        return f"job:{view.target(near[0]).flavour}" if near else "job"
    if graph.has_edge(subject, name):
        return f"dependency:{flavour}"
    if name in nx.descendants(graph, subject):
        return f"deeper:{flavour}"
    return "caller" if graph.has_edge(name, subject) else f"beside:{flavour}"


def entities_in(role: str, view: View) -> tuple[str, ...]:
    """Who plays a role for the service that alerted, by name."""
    if role == "alerted":
        return (view.subject.name,)
    return tuple(n for n in sorted(view.graph) if role and role_of(n, view) == role)


def _of_case(view: View) -> Iterator[str]:
    case = view.case
    yield from _of_alert(case.signal.title, case.signal.service, case.entities, view.graph)
    monitor = view.monitor
    if monitor is not None and (metric := _metric_in(str(monitor.get("query") or ""))):
        yield f"monitor:{metric}"
    yield from _signals(view)
    yield from _logs(view)
    yield from _events(view)
    yield from _changes(view)


def _of_alert(
    title: str, service: str, entities: Iterable[Entity], graph: nx.DiGraph[str]
) -> Iterator[str]:
    by_name = {e.name: e for e in reversed(tuple(entities))}
    names = {w for n in (service, *by_name) for w in _WORD.findall(n.lower())}
    for word in _WORD.findall(title.lower()):
        if word not in names and word not in _STOP_WORDS:
            yield f"alert:{_stem(word)}"
    if not service:
        return
    yield f"alerted:{_flavour(service, by_name)}"
    if service in graph:
        for name in sorted(graph.successors(service)):
            yield f"uses:{_flavour(name, by_name)}"


def _flavour(name: str, known: dict[str, Entity]) -> str:
    entity = known.get(name)
    if entity is None:
        return flavour_of("", (), name)
    return flavour_of(entity.kind, [str(i) for i in entity.properties.get("images") or []], name)


def _stem(word: str) -> str:
    """Crude, but the same for ``failure`` and ``failures``."""
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 4 else word


def _metric_in(query: str) -> str:
    found = re.search(r"(?:avg|sum|max|min|p\d\d):([\w.]+)\{", query)
    return found.group(1) if found else ""


def _signals(view: View) -> Iterator[str]:
    for step in view.case.steps:
        if step.check.tool != "datadog_metrics" or step.reading is None:
            continue
        query = str(step.check.arguments.get("query"))
        owner, metric = _SCOPE.search(query), _metric_in(query)
        role = role_of(owner.group(1), view) if owner else ""
        for series in step.reading.data.get("series") or []:
            if role and metric and (way := _direction(series)):
                yield f"signal:{role} {metric} {way}"


def _direction(series: dict[str, object]) -> str:
    last, baseline = _number(series.get("last")), _number(series.get("baseline"))
    if last is None or baseline is None or not series.get("change"):
        return ""
    if last >= _MOVED * baseline and last > baseline:
        return "up"
    return "down" if last * _MOVED <= baseline and last < baseline else ""


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _logs(view: View) -> Iterator[str]:
    found: dict[str, int] = {}
    for answer in view.answers("datadog_logs"):
        for template in answer.data.get("templates") or []:
            role = role_of(str(template.get("service") or ""), view)
            if role and template.get("level") in ("error", "warning"):
                words = _plain(str(template.get("template") or ""), view)
                found.setdefault(f"log:{role} {words}", int(template.get("count") or 0))
    yield from sorted(found, key=lambda f: -found[f])[:_MOST_LOGS]


def _plain(line: str, view: View) -> str:
    """A kind of line without values and names."""
    plain = _MASKED.sub(" ", line.replace(WILDCARD, " ").lower())
    names = {n for n in (view.subject.name, *view.graph) if n}
    words = _WORD.findall(" ".join(p for p in plain.split() if p not in names))
    return " ".join(words[:_LOG_WORDS])


def _events(view: View) -> Iterator[str]:
    for answer in view.answers("kubernetes_events"):
        for event in answer.data.get("events") or []:
            name = _owner(str(event.get("object")).rpartition("/")[2], view)
            if event.get("type") == "Warning" and (role := role_of(name, view) if name else ""):
                yield f"event:{role} {event.get('reason')}"


def _owner(pod: str, view: View) -> str:
    """The known entity that an object's name begins with, the longest."""
    known = [n for n in (view.subject.name, *view.graph) if n and f"{pod}-".startswith(f"{n}-")]
    return max(known, key=len, default="")


def _changes(view: View) -> Iterator[str]:
    for what, name, at in changes_in(view):
        if view.symptom_onset - SHORTLY <= at <= view.symptom_onset and (r := role_of(name, view)):
            yield f"change:{r} {what}"


def changes_in(view: View) -> Iterator[tuple[str, str, datetime]]:
    """What was changed, at which entity, when, as far as it was looked up."""
    for answer in view.answers("kubernetes_rollouts"):
        for rollout in answer.data.get("rollouts") or []:
            if (at := time_of(rollout.get("at"))) is not None:
                yield "rollout", str(rollout.get("workload")), at
    for answer in view.answers("kubernetes_changes"):
        for change in answer.data.get("changes") or []:
            kind, name = str(change.get("kind")), str(change.get("name"))
            rolled = str(change.get("what")).startswith("rolled out")
            if (at := time_of(change.get("at"))) is not None and not rolled:
                yield f"edit of {kind}", _user(name, view), at


def _user(name: str, view: View) -> str:
    """Whom a changed object belongs to: the workload that uses it, else what its name begins with."""
    for answer in view.answers("kubernetes_workload"):
        if name in (answer.data.get("config_maps") or []):
            return str(answer.data.get("name"))
    return _owner(name, view)

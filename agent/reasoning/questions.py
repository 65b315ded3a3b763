"""Answers questions without a model: recognises what is asked, looks it up, and says it with the step's number."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from agent.knowledge.graph import blast_radius, dependants, dependencies, dependencies_in
from agent.model import Case, Check, Json, Step
from agent.ports import Answered
from agent.reasoning.modes.wording import size

HELP = (
    "I can answer without a model: who owns or is on call for a service, what it depends on, what depends on it, "
    "how it is, what changed around it, and its recent incidents. Name the service as it is called in Kubernetes."
)
_WHICH = "Which service do you mean? Name it as it is called in Kubernetes."


class Question(NamedTuple):
    """A kind of question."""

    pattern: re.Pattern[str]
    checks: Callable[[str, str, str], tuple[Check, ...]]
    say: Callable[[str, Case, Sequence[Step]], Iterator[str]]


def answer_of(case: Case, steps: Sequence[Step]) -> Answered:
    """The answer to ``case.signal``, or the look-ups that it still needs."""
    text = f"{case.signal.title} {case.signal.text}"
    question = next((q for q in QUESTIONS if q.pattern.search(text)), None)
    if question is None:
        return Answered(text=HELP)
    name = _named(text, case)
    if not name:
        return Answered(text=_WHICH)
    namespace = case.signal.namespace or case.signal.environment or _namespace_in(text)
    done = {s.check.key for s in steps}
    wanted = tuple(c for c in question.checks(name, namespace, namespace) if c.key not in done)
    if wanted:
        return Answered(checks=wanted)
    sentences = [*question.say(name, case, steps), *_problems(steps)]
    return Answered(text="\n".join(sentences) or f"I found nothing on {name}.")


def _named(text: str, case: Case) -> str:
    if case.signal.service:
        return case.signal.service
    words = set(re.findall(r"[a-z0-9][a-z0-9._-]*[a-z0-9]", text.lower()))
    known = [e.name for e in case.entities if e.name.lower() in words]
    return max(known, key=len, default="")


def _namespace_in(text: str) -> str:
    found = re.search(r"\b(production|staging|development)\b", text, re.IGNORECASE)
    return found.group(1).lower() if found else "production"


def _problems(steps: Sequence[Step]) -> Iterator[str]:
    for step in steps:
        if step.status in ("denied", "unreachable", "error"):
            yield f"I could not see {step.check.tool}: {step.error}"


def _data(steps: Sequence[Step], tool: str) -> tuple[int, Json]:
    for step in reversed(steps):
        if step.check.tool == tool and step.reading is not None:
            return step.number, step.reading.data
    return 0, {}


def _owner_checks(name: str, _: str, __: str) -> tuple[Check, ...]:
    return (
        Check(tool="datadog_service", arguments={"service": name}, reason="who owns it"),
        Check(tool="pagerduty_oncall", arguments={"service": name}, reason="who is on call"),
    )


def _say_owner(name: str, case: Case, steps: Sequence[Step]) -> Iterator[str]:
    number, service = _data(steps, "datadog_service")
    if service.get("team"):
        tier = f", tier {service['tier']}" if service.get("tier") else ""
        yield f"{name} belongs to team {service['team']}{tier} [{number}]."
    number, oncall = _data(steps, "pagerduty_oncall")
    people = sorted(oncall.get("people") or [], key=lambda p: p.get("level") or 0)
    if people:
        until = f" until {_moment(people[0]['until'])}" if people[0].get("until") else ""
        yield f"On call is {people[0]['name']}{until} ({oncall.get('escalation_policy')}) [{number}]."


def _moment(text: str) -> str:
    """A time as people say it; what is none stays as it is."""
    try:
        return f"{datetime.fromisoformat(text).astimezone(UTC):%a %d %b %H:%M} UTC"
    except ValueError:
        return text


def _graph_checks(name: str, _: str, environment: str) -> tuple[Check, ...]:
    return (
        Check(
            tool="datadog_dependencies",
            arguments={"service": name, "environment": environment},
            reason="whom it calls and who calls it",
        ),
    )


def _say_dependants(name: str, case: Case, steps: Sequence[Step]) -> Iterator[str]:
    graph = dependencies_in(case.model_copy(update={"steps": tuple(steps)}))
    direct, everything = dependants(graph, name), blast_radius(graph, name)
    number, _ = _data(steps, "datadog_dependencies")
    cited = f" [{number}]" if number else ""
    if not direct:
        yield f"Nothing that I know of depends on {name}{cited}."
        return
    yield f"{', '.join(direct)} depend directly on {name}{cited}."
    beyond = [n for n in everything if n not in direct]
    if beyond:
        yield f"Through them also: {', '.join(beyond)}."


def _say_dependencies(name: str, case: Case, steps: Sequence[Step]) -> Iterator[str]:
    graph = dependencies_in(case.model_copy(update={"steps": tuple(steps)}))
    number, _ = _data(steps, "datadog_dependencies")
    cited = f" [{number}]" if number else ""
    found = dependencies(graph, name)
    yield (
        f"{name} depends on {', '.join(found)}{cited}."
        if found
        else (f"{name} depends on nothing that I know of{cited}.")
    )


def _health_checks(name: str, namespace: str, _: str) -> tuple[Check, ...]:
    return (
        Check(
            tool="kubernetes_workload",
            arguments={"namespace": namespace, "name": name},
            reason="how its pods are",
        ),
        Check(tool="datadog_monitors", arguments={"service": name}, reason="which alerts are on"),
    )


def _say_health(name: str, case: Case, steps: Sequence[Step]) -> Iterator[str]:
    number, workload = _data(steps, "kubernetes_workload")
    replicas = workload.get("replicas") or {}
    if replicas:
        restarts = sum(p.get("restarts") or 0 for p in workload.get("pods") or [])
        yield (
            f"{replicas.get('ready')} of {replicas.get('desired')} replicas of {name} are ready,"
            f" {restarts} restarts in all [{number}]."
        )
    for container in (workload.get("containers") or [])[:1]:
        limits = container.get("limits") or {}
        if limits.get("memory_bytes"):
            yield f"Its memory limit is {size(limits['memory_bytes'])} a pod [{number}]."
    number, monitors = _data(steps, "datadog_monitors")
    if number:
        known = monitors.get("monitors") or []
        alerting = [m["name"] for m in known if m.get("state") in ("Alert", "Warn")]
        yield (
            f"Alerting now: {'; '.join(alerting)} [{number}]."
            if alerting
            else f"None of its {len(known)} monitors is alerting [{number}]."
        )


def _change_checks(name: str, namespace: str, _: str) -> tuple[Check, ...]:
    return (
        Check(
            tool="kubernetes_rollouts",
            arguments={"namespace": namespace},
            reason="what was rolled out",
        ),
        Check(
            tool="kubernetes_changes",
            arguments={"namespace": namespace},
            reason="what was changed",
        ),
    )


def _say_changes(name: str, case: Case, steps: Sequence[Step]) -> Iterator[str]:
    graph = dependencies_in(case.model_copy(update={"steps": tuple(steps)}))
    near = {name, *dependencies(graph, name)}
    number, rollouts = _data(steps, "kubernetes_rollouts")
    mine = [r for r in rollouts.get("rollouts") or [] if r["workload"] in near]
    for rollout in mine[:5]:
        yield f"{rollout['at']}: rollout of {rollout['workload']}, revision {rollout['revision']} [{number}]."
    number_changes, changes = _data(steps, "kubernetes_changes")
    others = [
        c
        for c in changes.get("changes") or []
        if any(str(c["name"]).startswith(n) for n in near) and "rolled out" not in str(c["what"])
    ]
    for change in others[:5]:
        yield f"{change['at']}: {change['kind']} {change['name']} {change['what']} [{number_changes}]."
    if not mine and not others and number:
        yield f"Nothing changed around {name} in the last 24 h [{number}] [{number_changes}]."


def _incident_checks(name: str, _: str, __: str) -> tuple[Check, ...]:
    return (
        Check(
            tool="pagerduty_incidents", arguments={"service": name}, reason="what happened before"
        ),
    )


def _say_incidents(name: str, case: Case, steps: Sequence[Step]) -> Iterator[str]:
    number, data = _data(steps, "pagerduty_incidents")
    incidents = data.get("incidents") or []
    if number and not incidents:
        yield f"{name} had no incident in the last 30 days [{number}]."
    for incident in incidents[:5]:
        notes = f" - {incident['notes'][-1]}" if incident.get("notes") else ""
        yield (
            f"#{incident['number']} {incident['title']}, {incident['status']},"
            f" {incident['created_at']}{notes} [{number}]"
        )


def _pattern(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.IGNORECASE)


QUESTIONS = (
    Question(
        _pattern(r"\bwho\b|\bown(?:s|er|ers)?\b|\bon[- ]?call\b|\bteam\b"),
        _owner_checks,
        _say_owner,
    ),
    Question(
        _pattern(r"\b(?:what|which|who)\b.*\bdoes\b.*\bdepend|\bdependencies of\b|\bneeds?\b"),
        _graph_checks,
        _say_dependencies,
    ),
    Question(
        _pattern(
            r"\bdepends? on\b|\bdependants?\b|\bdependents?\b|\bblast radius\b|\bwho (?:calls|uses)\b|\bbreaks?\b"
        ),
        _graph_checks,
        _say_dependants,
    ),
    Question(
        _pattern(r"\bincidents?\b|\boutages?\b|\bhappened before\b"),
        _incident_checks,
        _say_incidents,
    ),
    Question(
        _pattern(
            r"\bchang(?:e|es|ed)\b|\broll(?:ed)?[- ]?outs?\b|\bdeploy(?:ed|s|ments?)?\b|\breleas"
        ),
        _change_checks,
        _say_changes,
    ),
    Question(
        _pattern(r"\bhow (?:is|are)\b|\bhealth|\bstatus\b|\bok\b|\bup\b|\bdown\b|\bstate\b"),
        _health_checks,
        _say_health,
    ),
)
"""Tried in this order; the first that matches is asked."""

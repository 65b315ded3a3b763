"""What is known of something, and how it is now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent.knowledge.wording import listed
from agent.model import Case, Check, Step
from agent.reasoning.modes.wording import size
from agent.reasoning.questions.kinds import Asked
from agent.reasoning.questions.looking import (
    Topic,
    exact_name,
    found,
    graph_check,
    place_of,
    problem,
)

_MOST_FACTS = 12
_MOST_NAMES = 4
_MOST_PATTERNS = 3


def _checks_entity(asked: Asked, case: Case) -> tuple[Check, ...]:
    return (graph_check("graph_entity", "what is known of it", asked, case),)


def _say_entity(asked: Asked, case: Case, steps: Sequence[Step]) -> Iterator[str]:
    answer = found(steps, "graph_entity")
    if not answer.number:
        yield from filter(None, [problem(steps, "graph_entity")])
        return
    data, cite = answer.data, answer.cite
    entity = data["entity"]
    tier = f"tier {entity['tier']} " if entity["tier"] else ""
    place = f" in {entity['environment']}" if entity["environment"] else ""
    owner = listed(data["teams"]) or entity["team"]
    owned = f", owned by team {owner}" if owner else ""
    kind = entity["kind"].replace("_", " ")
    yield f"{entity['name']} is a {tier}{kind}{place}{owned}{cite}."
    for fact in data["facts"][:_MOST_FACTS]:
        of = f" ({fact['of']})" if fact["of"] else ""
        yield f"• {fact['fact']}: {fact['value']}{of}{cite}"
    if data["constraints"]:
        yield f"Constraints: {'; '.join(data['constraints'])}{cite}."
    for words, names in (("It uses", data["uses"]), ("It is used by", data["used_by"])):
        if names:
            yield f"{words} {listed(names)}{cite}."
    for name in data["names"][:_MOST_NAMES]:
        undone = f"; undone by {name['undone_by']}" if name["undone_by"] else ""
        yield f"Also known as {name['alias']}: {name['source']}, {name['reason']}{undone}{cite}."
    for pattern in data["patterns"][:_MOST_PATTERNS]:
        yield f"Learnt: {pattern}{cite}."
    for note in data.get("notes", [])[:_MOST_PATTERNS]:
        yield f"Noted: {note}{cite}."


def _checks_health(asked: Asked, case: Case) -> tuple[Check, ...]:
    name = exact_name(asked, case)
    return (
        Check(
            tool="kubernetes_workload",
            arguments={"namespace": place_of(asked, case), "name": name},
            reason="how its pods are",
        ),
        Check(tool="datadog_monitors", arguments={"service": name}, reason="which alerts are on"),
    )


def _say_health(asked: Asked, case: Case, steps: Sequence[Step]) -> Iterator[str]:
    name = exact_name(asked, case)
    workload = found(steps, "kubernetes_workload")
    replicas = workload.data.get("replicas") or {}
    if replicas:
        restarts = sum(p.get("restarts") or 0 for p in workload.data.get("pods") or [])
        yield (
            f"{replicas.get('ready')} of {replicas.get('desired')} replicas of {name} are ready,"
            f" {restarts} restarts in all{workload.cite}."
        )
    for container in (workload.data.get("containers") or [])[:1]:
        limits = container.get("limits") or {}
        if limits.get("memory_bytes"):
            yield f"Its memory limit is {size(limits['memory_bytes'])} a pod{workload.cite}."
    monitors = found(steps, "datadog_monitors")
    if monitors.number:
        known = monitors.data.get("monitors") or []
        alerting = [m["name"] for m in known if m.get("state") in ("Alert", "Warn")]
        yield (
            f"Alerting now: {'; '.join(alerting)}{monitors.cite}."
            if alerting
            else f"None of its {len(known)} monitors is alerting{monitors.cite}."
        )


ENTITY = Topic(_checks_entity, _say_entity)
HEALTH = Topic(_checks_health, _say_health)

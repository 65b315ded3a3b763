"""What depends on something, and what it depends on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from agent.knowledge.wording import listed, moment
from agent.model import Case, Check, Json, Step
from agent.reasoning.questions.kinds import Asked
from agent.reasoning.questions.looking import Found, Topic, found, graph_check, problem

_MOST_DOUBTS = 6


def _checks_dependants(asked: Asked, case: Case) -> tuple[Check, ...]:
    return (graph_check("graph_dependants", "who depends on it", asked, case),)


def _checks_dependencies(asked: Asked, case: Case) -> tuple[Check, ...]:
    return (graph_check("graph_dependencies", "what it depends on", asked, case),)


def _say_dependants(asked: Asked, case: Case, steps: Sequence[Step]) -> Iterator[str]:
    answer = found(steps, "graph_dependants")
    if not answer.number:
        yield from _unknown(steps, "graph_dependants")
        return
    data, cite = answer.data, answer.cite
    name, direct = data["entity"]["name"], data["direct"]
    sure = [t for t in direct if not t["doubt"]]
    if asked.loss and (direct or data["business_services"]):
        yield f"If {name} went away, {_count(data)} would feel it{cite}:"
    if sure:
        verb = "depends" if len(sure) == 1 else "depend"
        yield f"{_names(sure)} {verb} directly on {name}{cite}."
    elif not direct:
        yield f"Nothing that I know of depends on {name}{cite}."
    yield from _rest(answer)
    if data["business_services"]:
        names = listed(dict.fromkeys(t["name"] for t in data["business_services"]))
        yield f"Customers would notice it in: {names}{cite}."
    if data["single_replica"]:
        yield f"{name} runs as a single replica, so nothing takes over{cite}."
    yield from _certainty(answer, case.now)


def _say_dependencies(asked: Asked, case: Case, steps: Sequence[Step]) -> Iterator[str]:
    answer = found(steps, "graph_dependencies")
    if not answer.number:
        yield from _unknown(steps, "graph_dependencies")
        return
    data, cite = answer.data, answer.cite
    name, direct = data["entity"]["name"], data["direct"]
    sure = [t for t in direct if not t["doubt"]]
    if sure:
        yield f"{name} depends on {_names(sure)}{cite}."
    elif not direct:
        yield f"{name} depends on nothing that I know of{cite}."
    yield from _rest(answer)
    if alone := [t["name"] for t in direct if t["single_replica"]]:
        verb = "runs" if len(alone) == 1 else "run"
        yield f"{listed(alone)} {verb} as a single replica{cite}."
    yield from _certainty(answer, case.now)


def _unknown(steps: Sequence[Step], tool: str) -> Iterator[str]:
    if said := problem(steps, tool):
        yield said


def _names(things: Sequence[Json]) -> str:
    """The things' names; what is not a service and what is of the first tier says so."""
    return listed(t["said"] for t in things)


def _count(data: Json) -> str:
    everything = len(data["direct"]) + len(data["indirect"])
    vital = sum(t["tier"] == "1" for t in (*data["direct"], *data["indirect"]))
    more = " or more" if data["cut"] else ""
    noun = "thing" if everything == 1 else "things"
    return f"{everything}{more} {noun}" + (f" ({vital} of tier 1)" if vital else "")


def _rest(answer: Found) -> Iterator[str]:
    """What is tied through others, and what is doubtful about the direct ties."""
    data, cite = answer.data, answer.cite
    if indirect := [t for t in data["indirect"] if not t["doubt"]]:
        yield f"Through them also: {listed(t['name'] for t in indirect)}{cite}."
    doubtful = [t for t in (*data["direct"], *data["indirect"]) if t["doubt"]]
    for thing in doubtful[:_MOST_DOUBTS]:
        yield f"{thing['said']}: {thing['doubt']}{_when(thing)}{cite}."
    if len(doubtful) > _MOST_DOUBTS:
        yield f"{len(doubtful) - _MOST_DOUBTS} more are uncertain{cite}."
    for each in data["denied"][:_MOST_DOUBTS]:
        yield f"Not counted: {each['words']}, {each['doubt']}{cite}."


def _when(thing: Json) -> str:
    return f", last confirmed {thing['confirmed_words']}" if thing["confirmed_words"] else ""


def _certainty(answer: Found, now: datetime) -> Iterator[str]:
    """Who says so of the direct ties, and how fresh the oldest word is."""
    sure = [t for t in answer.data["direct"] if not t["doubt"] and t["confirmed"]]
    if not sure:
        return
    says = listed(dict.fromkeys(s for t in sure for s in t["says"]))
    oldest = min(datetime.fromisoformat(t["confirmed"]) for t in sure)
    yield f"Known from {says}; last confirmed {moment(oldest, now)}{answer.cite}."


DEPENDANTS = Topic(_checks_dependants, _say_dependants)
DEPENDENCIES = Topic(_checks_dependencies, _say_dependencies)

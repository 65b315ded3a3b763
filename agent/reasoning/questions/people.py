"""Who owns something, and who is called about it: the graph's word, and PagerDuty's of this moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent.knowledge.readings.owner import contact_words
from agent.knowledge.wording import listed
from agent.model import Case, Check, Json, Step
from agent.reasoning.questions.kinds import Asked
from agent.reasoning.questions.looking import (
    Found,
    Topic,
    clock,
    exact_name,
    found,
    graph_check,
    problem,
)

_MOST_CONTACTS = 4


def _checks(asked: Asked, case: Case) -> tuple[Check, ...]:
    return (
        graph_check("graph_owner", "who owns it", asked, case),
        Check(
            tool="pagerduty_oncall",
            arguments={"service": exact_name(asked, case)},
            reason="who is on call at this moment",
        ),
    )


def _say(asked: Asked, case: Case, steps: Sequence[Step]) -> Iterator[str]:
    answer, live = found(steps, "graph_owner"), found(steps, "pagerduty_oncall")
    if answer.number:
        yield from _owners(answer)
    elif said := problem(steps, "graph_owner"):
        yield said
    people = sorted(live.data.get("people") or [], key=lambda p: p.get("level") or 0)
    if people:
        yield _on_call(people, f" ({live.data.get('escalation_policy')})", live.cite)
    elif answer.number:
        yield from _last_known(answer)
    if answer.number:
        yield from _contacts(answer)


def _owners(answer: Found) -> Iterator[str]:
    data, cite = answer.data, answer.cite
    name, team = data["entity"]["name"], data["team"]
    tier = f", tier {data['tier']}" if data["tier"] else ""
    if not team:
        yield f"No source says who owns {name}{tier}{cite}."
        return
    yield f"{name} belongs to team {team}{tier}{cite}."
    for party in data["teams"]:
        if party["says"] and party["name"] == team:
            verb = "says" if len(party["says"]) == 1 else "say"
            yield f"{_capital(listed(party['says']))} {verb} so{cite}."
        elif party["says"]:
            yield f"{_capital(listed(party['says']))}: it belongs to team {party['name']}{cite}."
        if party["doubt"]:
            yield f"Team {party['name']}: {party['doubt']}{cite}."
    if data["label"] and data["label"].lower() != team.lower():
        yield f"Its own labels or definition name team {data['label']}, though{cite}."


def _on_call(people: Sequence[Json], policy: str, cite: str) -> str:
    first = people[0]
    until = f" until {clock(first['until'])}" if first.get("until") else ""
    later = [str(p.get("name")) for p in people[1:] if p.get("name") != first.get("name")]
    then = f", then {listed(dict.fromkeys(later), 3)}" if later else ""
    return f"On call is {first.get('name')}{until}{policy}{then}{cite}."


def _last_known(answer: Found) -> Iterator[str]:
    """Who was on call at the last scan, when PagerDuty cannot be asked now."""
    for policy in answer.data["policies"]:
        if people := policy["facts"].get("on_call"):
            said = f" (by the last scan, {policy['name']})"
            yield _on_call(sorted(people, key=lambda p: p.get("level") or 0), said, answer.cite)


def _contacts(answer: Found) -> Iterator[str]:
    contacts = [contact_words(c) for c in answer.data["contacts"]][:_MOST_CONTACTS]
    if contacts:
        yield f"Contacts: {'; '.join(contacts)}{answer.cite}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


OWNER = Topic(_checks, _say)

"""Why one thing is thought to use another, and how two things are connected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent.knowledge.truth import STANDS_FROM
from agent.model import Case, Check, Json, Step
from agent.reasoning.questions.kinds import Asked
from agent.reasoning.questions.looking import Found, Topic, found, problem

_MOST_WORDS = 8


def _checks(tool: str, reason: str, asked: Asked, case: Case) -> tuple[Check, ...]:
    environment = asked.environment or case.signal.environment
    arguments = {"source": asked.a, "target": asked.b}
    if environment:
        arguments["environment"] = environment
    return (Check(tool=tool, arguments=arguments, reason=reason),)


def _checks_why(asked: Asked, case: Case) -> tuple[Check, ...]:
    return _checks("graph_why", "who says so", asked, case)


def _checks_path(asked: Asked, case: Case) -> tuple[Check, ...]:
    return _checks("graph_path", "what ties them together", asked, case)


def _say_why(asked: Asked, case: Case, steps: Sequence[Step]) -> Iterator[str]:
    answer = found(steps, "graph_why")
    if not answer.number:
        yield from filter(None, [problem(steps, "graph_why")])
        return
    data, cite = answer.data, answer.cite
    a, b = data["source"]["name"], data["target"]["name"]
    if not data["beliefs"]:
        yield f"I do not think so: no source says that {a} uses {b}{cite}."
        yield from _chains(answer)
        return
    if data["reversed"]:
        yield f"It is the other way round{cite}."
    for belief in data["beliefs"]:
        yield from _belief(belief, cite)


def _belief(belief: Json, cite: str) -> Iterator[str]:
    """One relation: what is made of it, then each source's word for it and against it."""
    held = bool(belief["says"]) and belief["confidence"] >= STANDS_FROM
    if held:
        yield f"I think that {belief['words']} ({belief['confidence']:.0%} sure), because{cite}:"
        sides = ((belief["says"], ""), (belief["denies"], "Against it, "))
    else:
        yield f"I do not think any more that {belief['words']}{cite}:"
        sides = ((belief["denies"], ""), (belief["says"], "Still for it, "))
    for words, side in sides:
        for word in words[:_MOST_WORDS]:
            source = word["source"] if side else _capital(word["source"])
            yield f"• {side}{source}: {word['words']}{cite}"
    if belief["doubt"]:
        yield f"{_capital(belief['doubt'])}{cite}."


def _say_path(asked: Asked, case: Case, steps: Sequence[Step]) -> Iterator[str]:
    answer = found(steps, "graph_path")
    if not answer.number:
        yield from filter(None, [problem(steps, "graph_path")])
        return
    data, cite = answer.data, answer.cite
    a, b = data["source"]["name"], data["target"]["name"]
    if not data["chains"]:
        yield f"I know no connection between {a} and {b}{cite}."
        return
    yield f"{a} and {b} are connected{cite}:"
    yield from _chains(answer)


def _chains(answer: Found) -> Iterator[str]:
    for chain in answer.data["chains"]:
        doubts = [f"{s['words']} is {s['doubt']}" for s in chain["steps"] if s["doubt"]]
        note = f"; {'; '.join(doubts)}" if doubts else ""
        ties = ", ".join(s["words"] for s in chain["steps"])
        yield f"• {ties} ({chain['confidence']:.0%} sure{note}){answer.cite}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


WHY = Topic(_checks_why, _say_why)
PATH = Topic(_checks_path, _say_path)

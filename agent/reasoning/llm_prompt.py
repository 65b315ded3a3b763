"""The messages that a model reads, rebuilt from a case.

What was once shown is shown again byte by byte: the system prompt, the case, and one message for each round of answers.
Only the last message, with the board and the task, differs from call to call. So prompt caches hit. When the rounds
together grow too long, those that were weighed shrink to a line a step; the facts they gave stay in the last message.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from agent.investigation.budget import remaining
from agent.model import Case, Entity, Json, Relation
from agent.reasoning.llm_excerpts import ROUND_CHARACTERS, excerpts
from agent.redaction import redact, redact_data
from agent.tools import Registry, Tool

HISTORY_CHARACTERS = 9_000
"""Of all rounds together; beyond it those that were weighed are shown as a line a step."""
_ENTITIES, _RELATIONS, _SURROUNDINGS_CHARACTERS = 24, 40, 1_500
_SURE = 0.9
_HINT_CHARACTERS, _BRIEF_CHARACTERS = 110, 72
_SHARED_BY = 3
"""An argument that so many tools describe alike is described once."""

_CLAUSE = re.compile(r"[,;:] ")
_CLOSING = re.compile(r"<(\s*/?\s*data)", re.IGNORECASE)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def fenced(text: str, source: str, limit: int) -> str:
    """Text from outside as data: secrets struck, length bounded, and unable to close its own fence."""
    inside = _CLOSING.sub(r"&lt;\1", _cut(redact(text), limit))
    return f'<data from="{source}">\n{inside}\n</data>'


def compact(value: Any, limit: int) -> str:
    """A value in one bounded line, as JSON unless it is text."""
    text = (
        value
        if isinstance(value, str)
        else json.dumps(redact_data(value), sort_keys=True, default=str, ensure_ascii=False)
    )
    return _CLOSING.sub(r"&lt;\1", _cut(redact(" ".join(text.split())), limit))


_templates = Environment(
    loader=PackageLoader("agent.reasoning", "prompts"),
    autoescape=False,  # noqa: S701 - prompts are not HTML; what is foreign goes through the filters
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters.update(data=fenced, compact=compact)


def render(template: str, **values: object) -> str:
    """A prompt from its template."""
    return _templates.get_template(f"{template}.j2").render(**values).strip()


def system_prompt(modes: Iterable[str], registry: Registry) -> str:
    """The rules of the game and the signatures of the look-ups: the same for all conversations."""
    needed = Counter(hint for tool in registry for hint in _hints(tool))
    shared = [hint for hint, count in needed.items() if count >= _SHARED_BY]
    look_ups = [_look_up(tool, shared) for tool in registry]
    return render("system", modes=list(modes), look_ups=look_ups, shared=shared)


def _look_up(tool: Tool, shared: Collection[str]) -> str:
    known = {hint.partition(": ")[2] for hint in shared}
    hints = "; ".join(h for h in _hints(tool) if h.partition(": ")[2] not in known)
    return f"{tool.signature} {_brief(tool.description)}" + (f" ({hints})" if hints else "")


def _hints(tool: Tool) -> list[str]:
    """What the arguments that must be given are, where their names do not say it."""
    return [
        f"{name}: {field.description}"[:_HINT_CHARACTERS]
        for name, field in tool.arguments.model_fields.items()
        if field.description and field.is_required()
    ]


def _brief(description: str) -> str:
    """The first sentence; of a long one the clauses that fit."""
    sentence = " ".join(description.split()).split(". ")[0].rstrip(".")
    if len(sentence) <= _BRIEF_CHARACTERS:
        return sentence
    ends = [m.start() for m in _CLAUSE.finditer(sentence) if m.start() <= _BRIEF_CHARACTERS]
    return sentence[: ends[-1]] if ends else _cut(sentence, _BRIEF_CHARACTERS)


def conversation(
    system: str, case: Case, task: str, fresh: Collection[int] = (), *, tight: bool = False
) -> list[Json]:
    """The messages up to and with the task.

    Args:
        system: the system prompt.
        case: all that is known.
        task: what is to be handed in.
        fresh: numbers of the steps that were not weighed yet; their rounds are never shortened to lines.
        tight: an endpoint found the whole too long: half the room, and only fresh rounds are more than lines.
    """
    opening = render(
        "case",
        signal=case.signal,
        entities=list(_bounded(map(_entity_line, case.entities[:_ENTITIES]))),
        relations=list(_bounded(_relation_lines(case.relations[:_RELATIONS]))),
        patterns=case.patterns,
    )
    left = remaining(case.investigation.budget, case.investigation.spent)
    board = render("board", case=case, left=left)
    return [
        {"role": "system", "content": system},
        _user(opening),
        *map(_user, _rounds(case, frozenset(fresh), tight=tight)),
        _user(f"{board}\n\n{task}"),
    ]


def _rounds(case: Case, fresh: frozenset[int], *, tight: bool) -> list[str]:
    """One text for each round: whole while all of them have room, else whole only where something is fresh."""
    terms = _terms(case)
    room = ROUND_CHARACTERS // 2 if tight else ROUND_CHARACTERS
    rounds = [(n, list(steps)) for n, steps in groupby(case.steps, key=lambda s: s.round)]
    whole = [
        render("steps", round=number, steps=steps, shown=excerpts(steps, terms, room))
        for number, steps in rounds
    ]
    if not tight and sum(map(len, whole)) <= HISTORY_CHARACTERS:
        return whole
    return [
        text
        if any(s.number in fresh for s in steps)
        else render("steps_short", round=number, steps=steps)
        for text, (number, steps) in zip(whole, rounds, strict=True)
    ]


def _terms(case: Case) -> frozenset[str]:
    """Names whose lines matter: what it is about and what it is tied to."""
    near = {name for r in case.relations for name in (_name(r.source), _name(r.target))}
    named = {case.signal.service, *near} if case.signal.service else near
    return frozenset(n.lower() for n in named if len(n) > 2)


def _name(key: str) -> str:
    return key.rpartition("/")[2]


def _entity_line(entity: Entity) -> str:
    properties = f": {compact(entity.properties, 120)}" if entity.properties else ""
    return f"{compact(entity.key, 160)}{properties}"


def _relation_lines(relations: Sequence[Relation]) -> Iterator[str]:
    """One line for each thing and kind of tie; how sure it is only where it is not."""
    ties: dict[tuple[str, str], list[str]] = {}
    for relation in relations:
        target = compact(relation.target, 160)
        if relation.confidence <= _SURE:
            target += f" ({compact(relation.origin, 40)}, {relation.confidence * 100:.0f} %)"
        ties.setdefault((relation.source, relation.kind), []).append(target)
    for (source, kind), targets in ties.items():
        yield f"{compact(source, 160)} {compact(kind, 40)} {', '.join(targets)}"


def _bounded(lines: Iterable[str]) -> Iterator[str]:
    room = _SURROUNDINGS_CHARACTERS
    for line in lines:
        room -= len(line)
        if room < 0:
            return
        yield line


def _user(text: str) -> Json:
    return {"role": "user", "content": text}

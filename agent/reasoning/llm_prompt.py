"""The messages that a model reads, rebuilt from a case.

What was once shown is shown again byte by byte: the system prompt, the case, and one message for each round of answers.
Only the last message, with the board and the task, differs from call to call. So prompt caches hit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from agent.model import Case, Json, Step
from agent.redaction import redact, redact_data

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


def system_prompt(modes: Iterable[str]) -> str:
    """The rules of the game: the same for all conversations."""
    return render("system", modes=list(modes))


def conversation(
    system: str, case: Case, task: str, shortened: Mapping[int, str] | None = None
) -> list[Json]:
    """The messages up to and with the task. ``shortened`` steps are shown as a line: number -> what was cited of it."""
    opening = render(
        "case",
        signal=case.signal,
        entities=case.entities,
        relations=case.relations,
        patterns=case.patterns,
    )
    rounds = [
        _user(render("steps", round=number, steps=list(steps), shortened=shortened or {}))
        for number, steps in groupby(case.steps, key=lambda s: s.round)
    ]
    board = render("board", case=case)
    return [
        {"role": "system", "content": system},
        _user(opening),
        *rounds,
        _user(f"{board}\n\n{task}"),
    ]


def oldest_shortened(case: Case) -> dict[int, str]:
    """All steps but those of the latest round, each with the statements that were cited of it."""
    latest = max((s.round for s in case.steps), default=0)
    old: Sequence[Step] = [s for s in case.steps if s.round < latest]
    if not old:  # all in one round: the second half stays
        old = case.steps[: max(1, len(case.steps) // 2)]
    return {
        s.number: "; ".join(e.statement for e in case.evidence if e.step == s.number) for s in old
    }


def _user(text: str) -> Json:
    return {"role": "user", "content": text}

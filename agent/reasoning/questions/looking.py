"""What answers are made of: the look-ups they need, and what came back of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from agent.model import Case, Check, Json, Step
from agent.reasoning.questions.kinds import Asked

_BLIND = ("denied", "unreachable", "error")


class Topic(NamedTuple):
    """How one kind of question is answered."""

    checks: Callable[[Asked, Case], tuple[Check, ...]]
    say: Callable[[Asked, Case, Sequence[Step]], Iterator[str]]


class Found(NamedTuple):
    """A look-up's answer: the number that cites it, and its data; number 0 and no data when there is none."""

    number: int
    data: Json

    @property
    def cite(self) -> str:
        """`` [n]``; empty when there is nothing to cite."""
        return f" [{self.number}]" if self.number else ""


def found(steps: Sequence[Step], tool: str) -> Found:
    """The latest answer of a tool."""
    for step in reversed(steps):
        if step.check.tool == tool and step.reading is not None:
            return Found(step.number, step.reading.data)
    return Found(0, {})


def problem(steps: Sequence[Step], tool: str) -> str:
    """The sentence with which a tool answered that there is no such thing."""
    for step in reversed(steps):
        if step.check.tool == tool and step.status == "not_found":
            return step.error
    return ""


def blind_spots(steps: Sequence[Step]) -> Iterator[str]:
    """What could not be seen."""
    for step in steps:
        if step.status in _BLIND:
            yield f"I could not see {step.check.tool}: {step.error}"


def place_of(asked: Asked, case: Case) -> str:
    """The environment, which names the namespace too, that a question is about."""
    signal = case.signal
    return asked.environment or signal.namespace or signal.environment or "production"


def graph_check(tool: str, reason: str, asked: Asked, case: Case, **more: object) -> Check:
    """A look-up in the graph about what is asked."""
    environment = asked.environment or case.signal.environment
    arguments = {"entity": asked.a, **({"environment": environment} if environment else {}), **more}
    return Check(tool=tool, arguments=arguments, reason=reason)


def clock(text: str) -> str:
    """A time as people say it; what is none stays as it is."""
    try:
        return f"{datetime.fromisoformat(text).astimezone(UTC):%a %d %b %H:%M} UTC"
    except ValueError:
        return text


def exact_name(asked: Asked, case: Case) -> str:
    """What vendors call it: the known name if the words are one, else the words."""
    words = asked.a.lower()
    known = {e.name.lower(): e.name for e in case.entities}
    hyphened = "-".join(words.removeprefix("the ").removesuffix(" service").split())
    return known.get(words) or known.get(hyphened) or hyphened or case.signal.service

"""The tools that a model is offered, and what its calls of them mean.

One tool for each thing that a model hands in, and ``look`` for all look-ups: their signatures stand in the system prompt,
which is a tenth of the length of their JSON schemas. Nothing is run here; the look-ups become checks for the loop. All
tools are offered all the time, so that the list stays byte-identical.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from openai.types.chat import ChatCompletionMessage
from pydantic import ValidationError

from agent.errors import BadArguments
from agent.model import Check, Json
from agent.reasoning.llm_outputs import (
    Answer,
    Conclude,
    Output,
    ProposeHypotheses,
    WeighEvidence,
)
from agent.reasoning.llm_schemas import function
from agent.tools import Registry

HAND_INS: dict[str, type[Output]] = {
    "propose_hypotheses": ProposeHypotheses,
    "weigh_evidence": WeighEvidence,
    "conclude": Conclude,
    "answer": Answer,
}
LOOK = "look"


def offered(registry: Registry) -> tuple[Json, ...]:
    """The tool list in the form of the Chat Completions API."""
    return (*(function(name, kind) for name, kind in HAND_INS.items()), _look(registry))


def _look(registry: Registry) -> Json:
    text = {"type": "string"}
    check = {
        "tool": {"type": "string", "enum": [t.name for t in registry]},
        "args": {"type": "object"},
        "why": text,
        "tells": {"type": "array", "items": text, "description": "hypotheses"},
    }
    item = {"type": "object", "properties": check, "required": ["tool", "args"]}
    return {
        "type": "function",
        "function": {
            "name": LOOK,
            "description": "Run look-ups, all at once; signatures are in the system prompt.",
            "parameters": {
                "type": "object",
                "properties": {"checks": {"type": "array", "items": item}},
                "required": ["checks"],
            },
        },
    }


@dataclass
class Calls:
    """What a model's message amounts to."""

    outputs: dict[str, Output] = field(default_factory=dict)
    """Hand-in's name -> what was handed in."""
    checks: list[Check] = field(default_factory=list)
    answers: list[tuple[str, str]] = field(default_factory=list)
    """(call id, what to tell the model about that call), in the order of its calls."""
    problems: list[str] = field(default_factory=list)


def read_calls(
    message: ChatCompletionMessage,
    wanted: str,
    registry: Registry,
    also: Collection[str] = (),
) -> Calls:
    """Understand a message in which ``wanted`` should be handed in, and ``also`` may be.

    JSON in the text stands for the hand-in when a model or an endpoint makes no call of it; its ``look`` for look-ups.
    """
    calls = Calls()
    reader = _Reader(calls, wanted, frozenset((wanted, *also)), registry)
    for call in message.tool_calls or ():
        if call.type != "function":
            problems = ["Only functions can be called."]
        else:
            problems = list(reader.read(call.function.name, call.function.arguments))
        calls.answers.append((call.id, " ".join(problems) or "Accepted."))
        calls.problems += problems
    if wanted not in calls.outputs and not calls.problems and message.content:
        reader.read_text(message.content)
    return calls


class _Reader:
    """Takes in calls; each method yields what is wrong with what it was given."""

    def __init__(
        self, calls: Calls, wanted: str, allowed: Collection[str], registry: Registry
    ) -> None:
        self._calls = calls
        self._wanted = wanted
        self._allowed = allowed
        self._registry = registry

    def read(self, name: str, arguments: Any) -> Iterator[str]:
        try:
            # Some endpoints send an object where the API has a text.
            values = arguments if isinstance(arguments, dict) else json.loads(arguments or "{}")
        except (TypeError, ValueError) as error:
            yield f"The arguments of {name} are not JSON: {error}"
            return
        if not isinstance(values, dict):
            yield f"The arguments of {name} are not a JSON object."
        elif name in self._allowed:
            yield from self._hand_in(name, values)
        elif name in HAND_INS:
            yield f"{name} is not what is asked for now; hand in {self._wanted}."
        elif name == LOOK:
            yield from self._look_ups(values)
        else:  # a model may call a look-up by its own name
            yield from self._look_up(name, dict(values), values)

    def read_text(self, text: str) -> None:
        """Take a hand-in from the JSON object in a text, if it has one."""
        start, end = text.find("{"), text.rfind("}")
        try:
            values = json.loads(text[start : end + 1]) if 0 <= start < end else None
        except ValueError:
            return
        if not isinstance(values, dict):
            return
        looks = values.pop(LOOK, [])
        only_looks = bool(looks) and self._wanted == "answer" and not values
        problems = [] if only_looks else list(self._hand_in(self._wanted, values))
        if looks and not problems:
            self._calls.problems += self._look_ups({"checks": looks})

    def _hand_in(self, name: str, values: Json) -> Iterator[str]:
        try:
            self._calls.outputs[name] = HAND_INS[name].model_validate(values)
        except ValidationError as error:
            yield f"{name} does not fit its schema: {_problems(error)}"

    def _look_ups(self, values: Json) -> Iterator[str]:
        checks = values.get("checks", [values] if "tool" in values else None)
        if not isinstance(checks, list):
            yield 'look needs `checks`, such as [{"tool": "...", "args": {...}}].'
            return
        for check in checks:
            if isinstance(check, Mapping):
                arguments = check.get("args", {})
                yield from self._look_up(str(check.get("tool", "")), arguments, check)
            else:
                yield f"A look-up is an object with `tool` and `args`, not {str(check)[:60]!r}."

    def _look_up(self, name: str, arguments: Any, about: Mapping[str, Any]) -> Iterator[str]:
        if not isinstance(arguments, Mapping):
            yield f"The args of {name} are not an object."
            return
        given = {k: v for k, v in arguments.items() if k not in ("why", "tells")}
        try:
            tool = self._registry[name]
            tool.arguments.model_validate(given)
        except BadArguments as error:
            yield str(error)
            return
        except ValidationError as error:
            yield f"{name} cannot be called like that: {_problems(error)}. It is {tool.signature}."
            return
        tells = about.get("tells", ())
        known = tuple(map(str, tells)) if isinstance(tells, list | tuple) else ()
        why = str(about.get("why", ""))
        self._calls.checks.append(Check(tool=name, arguments=given, reason=why, tells=known))


def _problems(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in _first(error.errors()))


def _first(errors: Iterable[Any]) -> list[Any]:
    return list(errors)[:8]

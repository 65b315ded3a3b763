"""The tools that a model is offered, and what its calls of them mean.

The look-ups are those of the registry; nothing is run here, the calls become checks for the loop. Besides them, one tool
for each thing that a model hands in. All are offered all the time, so that the list stays byte-identical.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import openai
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
from agent.tools import Registry, Tool

O = TypeVar("O", bound=Output)  # noqa: E741

HAND_INS: dict[str, type[Output]] = {
    "propose_hypotheses": ProposeHypotheses,
    "weigh_evidence": WeighEvidence,
    "conclude": Conclude,
    "answer": Answer,
}
_WHY = {"type": "string", "description": "what you want to learn"}
_TELLS = {
    "type": "array",
    "items": {"type": "string"},
    "description": "ids of the hypotheses that the answer tells apart",
}


def offered(registry: Registry) -> tuple[Json, ...]:
    """The tool list in the form of the Chat Completions API."""
    hand_ins = [
        dict(openai.pydantic_function_tool(kind, name=name)) for name, kind in HAND_INS.items()
    ]
    return (*hand_ins, *(_look_up(tool) for tool in registry))


def _look_up(tool: Tool) -> Json:
    schema = tool.schema
    properties = {**schema.get("properties", {}), "why": _WHY, "tells": _TELLS}
    return {
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": {"type": "object", **schema, "properties": properties},
        },
    }


@dataclass
class Calls:
    """What a model's message amounts to."""

    output: Output | None = None
    checks: list[Check] = field(default_factory=list)
    answers: list[tuple[str, str]] = field(default_factory=list)
    """(call id, what to tell the model about that call), in the order of its calls."""
    problems: list[str] = field(default_factory=list)


def read_calls(message: ChatCompletionMessage, wanted: str, registry: Registry) -> Calls:
    """Understand a message in which ``wanted`` should be handed in.

    JSON in the text stands for the hand-in when a model or an endpoint makes no call of it.
    """
    calls = Calls()
    for call in message.tool_calls or ():
        if call.type != "function":
            _tell(calls, call.id, "Only functions can be called.")
            continue
        problem = _read_call(calls, call.function.name, call.function.arguments, wanted, registry)
        _tell(calls, call.id, problem)
    if calls.output is None and not calls.problems and message.content:
        calls.output = _from_text(message.content, wanted)
    return calls


def _tell(calls: Calls, call_id: str, problem: str) -> None:
    calls.answers.append((call_id, problem or "Accepted."))
    if problem:
        calls.problems.append(problem)


def _read_call(calls: Calls, name: str, arguments: Any, wanted: str, registry: Registry) -> str:
    """Take in one call; returns what is wrong with it."""
    try:
        # Some endpoints send an object where the API has a text.
        values = arguments if isinstance(arguments, dict) else json.loads(arguments or "{}")
    except (TypeError, ValueError) as error:
        return f"The arguments of {name} are not JSON: {error}"
    if not isinstance(values, dict):
        return f"The arguments of {name} are not a JSON object."
    if name == wanted:
        try:
            calls.output = HAND_INS[name].model_validate(values)
        except ValidationError as error:
            return f"{name} does not fit its schema: {_problems(error)}"
        return ""
    if name in HAND_INS:
        return f"{name} is not what is asked for now; hand in {wanted}."
    return _read_look_up(calls, name, values, registry)


def _read_look_up(calls: Calls, name: str, values: dict[str, Any], registry: Registry) -> str:
    why, tells = values.pop("why", ""), values.pop("tells", ())
    try:
        tool = registry[name]
    except BadArguments as error:
        return str(error)
    try:
        tool.arguments.model_validate(values)
    except ValidationError as error:
        return f"{name} cannot be called like that: {_problems(error)}"
    known = tuple(str(t) for t in tells) if isinstance(tells, Sequence) else ()
    calls.checks.append(Check(tool=name, arguments=values, reason=str(why), tells=known))
    return ""


def _from_text(text: str, wanted: str) -> Output | None:
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        return None
    try:
        return HAND_INS[wanted].model_validate_json(text[start : end + 1])
    except ValidationError:
        return None


def _problems(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in _first(error.errors()))


def _first(errors: Iterable[Any]) -> list[Any]:
    return list(errors)[:8]

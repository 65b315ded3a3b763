"""Statements about systems, read by a model and kept only where the text itself bears them out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Literal

import openai
import structlog
from pydantic import Field, ValidationError

from agent.errors import ReasonerUnavailable
from agent.knowledge.statements import PLAIN, Known, Statement
from agent.model import Json
from agent.reasoning.llm_endpoint import ContextOverflow, Endpoint, Reply
from agent.reasoning.llm_outputs import Output
from agent.reasoning.llm_prompt import fenced, render

_TEXTS_AT_ONCE = 20
_TEXT_CHARACTERS = 1_500
_MOST_NAMES = 200
_NAMES_CHARACTERS = 10_000
_HEDGED = PLAIN / 2
_TIME = re.compile(r"^([01]\d|2[0-3]):[0-5]\d$")
_log = structlog.get_logger(__name__)


class StatementOut(Output):
    """One statement of one message."""

    message: int = Field(description="number of the message that states it")
    subject: str
    kind: Literal["depends_on", "calls", "routes_to", "owns", "targets", "schedule"]
    object: str
    holds: bool = Field(description="false: stated not to be so, or no longer")
    hedged: bool
    quote: str = Field(description="the sentence, copied from the message")


class StateFacts(Output):
    """Hand in what the messages state."""

    statements: list[StatementOut]


class LlmStatements:
    """Implements ``agent.knowledge.statements.Statements`` by a model behind an OpenAI-compatible endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._tools = (dict(openai.pydantic_function_tool(StateFacts, name="state_facts")),)

    async def read(self, texts: Sequence[str], known: Known) -> list[list[Statement]]:
        """See ``Statements``. What a text does not bear out is left out and counted in the log.

        Raises:
            ReasonerUnavailable: the model cannot be asked, or hands in nothing that makes sense.
        """
        found: list[list[Statement]] = [[] for _ in texts]
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            some = texts[start : start + _TEXTS_AT_ONCE]
            for number, statement in await self._some(some, known):
                found[start + number].append(statement)
        return found

    async def _some(self, texts: Sequence[str], known: Known) -> list[tuple[int, Statement]]:
        names = sorted({m.name for t in texts for m in known.mentions(t)})[:_MOST_NAMES]
        if not names:
            return []
        try:
            reply = await self._endpoint.complete(_messages(texts, names), self._tools)
        except ContextOverflow:
            raise ReasonerUnavailable(
                f"{self._endpoint.model}: the messages are longer than it can read"
            ) from None
        handed_in = _handed_in(reply, self._endpoint.model)
        borne_out = list(_borne_out(handed_in, texts, known))
        if len(borne_out) < len(handed_in):
            left_out = len(handed_in) - len(borne_out)
            _log.info("statements_not_borne_out", model=self._endpoint.model, left_out=left_out)
        return borne_out


def _messages(texts: Sequence[str], names: Sequence[str]) -> list[Json]:
    shown = "\n".join(
        fenced(text, f"message {number}", _TEXT_CHARACTERS) for number, text in enumerate(texts, 1)
    )
    known = fenced(", ".join(names), "names", _NAMES_CHARACTERS)
    asked = f"Names:\n{known}\n\n{shown}"
    return [
        {"role": "system", "content": render("statements")},
        {"role": "user", "content": asked},
    ]


def _handed_in(reply: Reply, model: str) -> list[StatementOut]:
    for call in reply.message.tool_calls or ():
        if call.type == "function" and call.function.name == "state_facts":
            try:
                values = json.loads(call.function.arguments or "{}")
                return StateFacts.model_validate(values).statements
            except (TypeError, ValueError, ValidationError) as error:
                raise ReasonerUnavailable(f"{model} did not hand in statements: {error}") from None
    raise ReasonerUnavailable(f"{model} did not hand in statements")


def _borne_out(
    outputs: Sequence[StatementOut], texts: Sequence[str], known: Known
) -> Iterator[tuple[int, Statement]]:
    """Those whose quote stands in their message, and whose names stand in the quote."""
    for output in outputs:
        if not 1 <= output.message <= len(texts):
            continue
        quote = output.quote.strip()
        said = {m.name for m in known.mentions(quote)}
        subject = known.called(output.subject)
        is_time = output.kind == "schedule" and _TIME.match(output.object)
        other = output.object if is_time else known.called(output.object)
        if not quote or quote not in texts[output.message - 1] or subject not in said:
            continue
        if other is None or other == subject or (not is_time and other not in said):
            continue
        if output.kind == "schedule" and not is_time:
            continue
        sure = _HEDGED if output.hedged else PLAIN
        yield (
            output.message - 1,
            Statement(str(subject), output.kind, str(other), output.holds, sure, quote),
        )

"""One turn of a model: what it hands in, with one chance to repair it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TypeVar

import structlog
from openai.types.chat import ChatCompletionMessage

from agent.errors import ReasonerUnavailable
from agent.model import Check, Json, Spent
from agent.reasoning.llm_endpoint import Endpoint, Reply
from agent.reasoning.llm_outputs import Output
from agent.reasoning.llm_prompt import render
from agent.reasoning.llm_tools import Calls, read_calls
from agent.tools import Registry

T = TypeVar("T", bound=Output)
Outputs = Mapping[str, Output]
"""Hand-in's name -> what was handed in."""
Examine = Callable[[Outputs], list[str]]
"""Says what is wrong with hand-ins that fit their schemas."""
Keep = Callable[[Sequence[Json], Reply], Awaitable[None]]
"""Keeps what a model was shown and said."""
MOST_CHECKS = 16
"""Look-ups that a model may ask for in one turn."""
_log = structlog.get_logger(__name__)


class Turn:
    """Asks for ``wanted`` until it is handed in, at most twice; counts what that costs."""

    def __init__(
        self,
        endpoint: Endpoint,
        registry: Registry,
        tools: Sequence[Json],
        wanted: str,
        also: Collection[str] = (),
        examine: Examine | None = None,
        keep: Keep | None = None,
        *,
        may_look: bool = False,
    ) -> None:
        """``also``: what may be handed in besides; ``may_look``: look-ups alone will do as well."""
        self._endpoint = endpoint
        self._registry = registry
        self._tools = tools
        self._wanted = wanted
        self._also = also
        self._examine = examine
        self._keep = keep
        self._may_look = may_look
        self.outputs: dict[str, Output] = {}
        self._checks: dict[str, Check] = {}
        self.spent = Spent()

    @property
    def has_output(self) -> bool:
        """Whether what is wanted was handed in."""
        return self._wanted in self.outputs

    def output(self, kind: type[T]) -> T:
        """What was handed in of that kind.

        Raises:
            ReasonerUnavailable: nothing of that kind was.
        """
        if (found := self.maybe(kind)) is None:
            raise ReasonerUnavailable(f"{self._endpoint.model} did not hand in {self._wanted}")
        return found

    def maybe(self, kind: type[T]) -> T | None:
        """What was handed in of that kind, if anything."""
        return next((o for o in self.outputs.values() if isinstance(o, kind)), None)

    def checks(self, renamed: Mapping[str, str]) -> tuple[Check, ...]:
        """The look-ups asked for, telling hypotheses by the ids that they really have."""
        return tuple(
            c.model_copy(update={"tells": tuple(renamed.get(t, t) for t in c.tells)})
            for c in list(self._checks.values())[:MOST_CHECKS]
        )

    async def take(self, messages: list[Json]) -> None:
        """Ask, and ask once more when what came cannot be used.

        Raises:
            ReasonerUnavailable: the second answer was no better, or none came.
            ContextOverflow: the messages are too long.
        """
        reply, calls, problems = await self._ask(messages)
        if not problems:
            return
        _log.info("model is asked to repair", model=self._endpoint.model, problems=len(problems))
        repair = render("repair", problems=problems, wanted=self._wanted)
        follow_up = [*_echo(reply.message, calls), {"role": "user", "content": repair}]
        await self._ask([*messages, *follow_up])
        if not self._is_done():
            raise ReasonerUnavailable(
                f"{self._endpoint.model} did not make sense: {'; '.join(problems)[:300]}"
            )

    async def _ask(self, messages: list[Json]) -> tuple[Reply, Calls, list[str]]:
        reply = await self._endpoint.complete(messages, self._tools)
        if self._keep is not None:
            await self._keep(messages, reply)
        self.spent = self.spent.plus(**reply.spent.model_dump())
        calls = read_calls(reply.message, self._wanted, self._registry, self._also)
        self._checks |= {c.key: c for c in calls.checks}
        self.outputs |= calls.outputs
        return reply, calls, self._problems(reply, calls)

    def _is_done(self) -> bool:
        return self.has_output or (self._may_look and bool(self._checks))

    def _problems(self, reply: Reply, calls: Calls) -> list[str]:
        problems = list(calls.problems)
        if calls.outputs:
            problems += self._examine(self.outputs) if self._examine else []
        if not self._is_done() and not any(self._wanted in p for p in problems):
            cut = " The answer was cut off: be shorter." if reply.finish_reason == "length" else ""
            problems.append(f"{self._wanted} was not called.{cut}")
        return problems


def _echo(message: ChatCompletionMessage, calls: Calls) -> list[Json]:
    """The model's message and the results of its calls, as the API wants them before the next turn."""
    made = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.function.name, "arguments": call.function.arguments},
        }
        for call in message.tool_calls or ()
        if call.type == "function"
    ]
    said: Json = {"role": "assistant", "content": message.content or ""}
    if made:
        said["tool_calls"] = made
    known = {call["id"] for call in made}
    results = [
        {"role": "tool", "tool_call_id": call_id, "content": text}
        for call_id, text in calls.answers
        if call_id in known
    ]
    return [said, *results]

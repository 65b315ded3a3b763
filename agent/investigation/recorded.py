"""The parts of a past investigation, as its journal gives them: its runs, its tools and their answers."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import create_model

from agent.errors import AccessDenied, NotFound, SrebotError, ToolError, Unreachable
from agent.investigation.equipment import Gated, Round
from agent.investigation.journal import BEGIN, Begun, ToolSpec, result_of
from agent.model import Case, Check, Finding, Json, Reading, Step
from agent.ports import Entry, Received
from agent.tools import Registry, Tool

Answer = Callable[[Check], Awaitable[Reading]]
_ERRORS: Mapping[str, type[ToolError]] = {
    error.status: error for error in (AccessDenied, NotFound, Unreachable)
}


@dataclass(frozen=True)
class PastRun:
    """One run of an investigation, from its start or from where people reopened it to its end."""

    begun: Begun
    entries: tuple[Entry, ...]
    """What its durable steps gave, in order."""

    @property
    def rounds(self) -> tuple[tuple[int, Round], ...]:
        """The rounds of tool calls, each with the place of its entry."""
        return self._of(Round)

    @property
    def received(self) -> tuple[tuple[int, Received], ...]:
        """What people sent, each with the place of its entry."""
        return self._of(Received)

    @property
    def case(self) -> Case | None:
        """What it started from."""
        return next((case for _, case in self._of(Case)), None)

    @property
    def finding(self) -> Finding | None:
        """What it concluded; None when it did not come to its end."""
        return next((gated.finding for _, gated in self._of(Gated)), None)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Its tool calls in order."""
        return tuple(step for _, found in self.rounds for step in found.steps)

    def _of(self, kind: type[Any]) -> tuple[tuple[int, Any], ...]:
        named = kind.__name__
        return tuple((n, result_of(e)) for n, e in enumerate(self.entries) if e.kind == named)


def runs_of(entries: Sequence[Entry], investigation: int) -> tuple[PastRun, ...]:
    """The runs that a journal holds, in order.

    Raises:
        SrebotError: it holds none.
    """
    starts = [n for n, entry in enumerate(entries) if entry.name == BEGIN]
    if not starts:
        raise SrebotError(
            f"Investigation {investigation} cannot be played again: it has no journal. It is older than the version of "
            "srebot that began to keep one, or it has not started yet. What it found is on its page."
        )
    ends = [*starts[1:], len(entries)]
    return tuple(
        PastRun(result_of(entries[start]), tuple(entries[start + 1 : end]))
        for start, end in zip(starts, ends, strict=True)
    )


@dataclass(frozen=True)
class RecordedTool(Tool):
    """A tool that answers from a record."""

    given_schema: Json
    answer: Answer

    @property
    def schema(self) -> Json:
        """The schema that it had."""
        return self.given_schema

    async def __call__(self, arguments: Mapping[str, Any]) -> Reading:
        """The recorded answer."""
        return await self.answer(Check(tool=self.name, arguments=dict(arguments)))


class RecordedRegistry(Registry):
    """The tools that there were, each answering from a record.

    Args:
        specs: the tools.
        answer: gives the recorded answers.
        own: tools that need no vendor and take the place of recorded ones.
    """

    def __init__(self, specs: Iterable[ToolSpec], answer: Answer, own: Iterable[Tool] = ()) -> None:
        super().__init__()
        recorded: dict[str, Tool] = {spec.name: _tool(spec, answer) for spec in specs}
        for tool in own:
            if tool.name in recorded:
                recorded[tool.name] = tool
        self._tools = dict(sorted(recorded.items()))


def _tool(spec: ToolSpec, answer: Answer) -> RecordedTool:
    required = set(spec.arguments.get("required", ()))
    fields: dict[str, Any] = {
        name: (Any, ... if name in required else part.get("default"))
        for name, part in spec.arguments.get("properties", {}).items()
    }

    async def function(**arguments: Any) -> Reading:
        return await answer(Check(tool=spec.name, arguments=arguments))

    return RecordedTool(
        **spec.model_dump(exclude={"arguments"}),
        arguments=create_model(f"{spec.name}_arguments", **fields),
        function=function,
        given_schema=spec.arguments,
        shared=False,
        answer=answer,
    )


class RecordedAnswers:
    """What the tools answered, found by what was asked; arguments left out count as their defaults.

    Args:
        investigation: whose record it is.
        steps: its tool calls, with raw answers where they are kept.
        specs: the tools that there were.
        live: asks what is not in the record; None: it is said to be unreachable.
    """

    def __init__(
        self,
        investigation: int,
        steps: Iterable[Step],
        specs: Iterable[ToolSpec],
        live: Answer | None = None,
    ) -> None:
        self._investigation = investigation
        self._live = live
        self._defaults = {
            spec.name: {
                name: part["default"]
                for name, part in spec.arguments.get("properties", {}).items()
                if "default" in part
            }
            for spec in specs
        }
        self._steps: dict[str, list[Step]] = defaultdict(list)
        for step in steps:
            self._steps[self._key(step.check)].append(step)

    def _key(self, check: Check) -> str:
        whole = {**self._defaults.get(check.tool, {}), **check.arguments}
        return f"{check.tool} {json.dumps(whole, sort_keys=True, default=str)}"

    async def __call__(self, check: Check) -> Reading:
        """The recorded answer; of what was asked several times, the first that was not given out yet, then the last.

        Raises:
            ToolError: what the vendor refused then; ``Unreachable`` for what was not asked.
        """
        found = self._steps.get(self._key(check))
        if not found:
            return await self._elsewhere(check)
        step = found.pop(0) if len(found) > 1 else found[0]
        if step.reading is None:
            raise _ERRORS.get(step.status, ToolError)(step.error)
        return step.reading

    async def _elsewhere(self, check: Check) -> Reading:
        if self._live is not None:
            return await self._live(check)
        asked = ", ".join(f"{k}={v}" for k, v in check.arguments.items())
        raise Unreachable(
            f"not in the record of investigation {self._investigation}: {check.tool}({asked})"
        )

"""Tools: typed async methods that a reasoner may have called, described to it by a JSON schema.

``@tool`` marks a method of an integration's toolset; ``Registry`` collects the marked methods of toolsets. The loop is
given read tools only: changes exist as proposals, never as tools.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from agent.errors import BadArguments, Unreachable
from agent.model import Json, Reading

ReadFunction = Callable[..., Awaitable[Reading]]
F = TypeVar("F", bound=ReadFunction)


@dataclass(frozen=True)
class Tool:
    """A named read operation of a vendor."""

    name: str
    description: str
    vendor: str
    cost_seconds: float
    """What a call usually takes; used to choose the checks that tell most per cost."""
    deadline_seconds: float
    arguments: type[BaseModel]
    function: ReadFunction
    shared: bool = field(default=True, kw_only=True)
    """Whether one call may answer several investigations that ask the same at the same time."""

    @property
    def schema(self) -> Json:
        """The JSON schema of its arguments."""
        schema = self.arguments.model_json_schema()
        schema.pop("title", None)
        for part in schema.get("properties", {}).values():
            part.pop("title", None)
        return schema

    @property
    def signature(self) -> str:
        """How it is called, on one line: ``kubernetes_events(namespace, name="", minutes=120)``."""
        given = (
            name if field.is_required() else f"{name}={json.dumps(field.default, default=str)}"
            for name, field in self.arguments.model_fields.items()
        )
        return f"{self.name}({', '.join(given)})"

    async def __call__(self, arguments: Mapping[str, Any]) -> Reading:
        """Call it.

        Raises:
            BadArguments: they do not fit the schema.
            ToolError: the vendor gave nothing; the message says why.
        """
        try:
            checked = self.arguments.model_validate(dict(arguments))
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()
            )
            raise BadArguments(f"{self.name} cannot be called like that: {problems}") from error
        values = {name: getattr(checked, name) for name in type(checked).model_fields}
        try:
            async with asyncio.timeout(self.deadline_seconds):
                return await self.function(**values)
        except TimeoutError as error:
            raise Unreachable(
                f"{self.vendor} did not answer {self.name} within {self.deadline_seconds:g} s"
            ) from error


@dataclass(frozen=True)
class _Mark:
    vendor: str
    cost_seconds: float
    deadline_seconds: float
    shared: bool


def tool(
    vendor: str,
    *,
    cost_seconds: float = 1.0,
    deadline_seconds: float = 20.0,
    shared: bool = True,
) -> Callable[[F], F]:
    """Mark an async method as a read tool of ``vendor``.

    Its name is the method's, its description the docstring, its arguments the typed parameters
    (``Annotated[..., Field(description=...)]`` describes one). Not ``shared`` is one whose answer depends on the
    investigation that it is called for, or that reads srebot's own memory: what was just written is read there.
    """

    def mark(function: F) -> F:
        setattr(function, "__tool__", _Mark(vendor, cost_seconds, deadline_seconds, shared))  # noqa: B010
        return function

    return mark


def _arguments_model(function: ReadFunction) -> type[BaseModel]:
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {
        name: (hints[name], ... if p.default is inspect.Parameter.empty else p.default)
        for name, p in inspect.signature(function).parameters.items()
        if name != "self"
    }
    return create_model(
        f"{function.__name__}_arguments", __config__=ConfigDict(extra="forbid"), **fields
    )


def tools_of(toolset: object) -> Iterator[Tool]:
    """The marked methods of a toolset, as tools."""
    for name, method in inspect.getmembers(toolset, inspect.ismethod):
        mark: _Mark | None = getattr(method, "__tool__", None)
        if mark is not None:
            yield Tool(
                name=name,
                description=inspect.getdoc(method) or name,
                vendor=mark.vendor,
                cost_seconds=mark.cost_seconds,
                deadline_seconds=mark.deadline_seconds,
                arguments=_arguments_model(method),
                function=method,
                shared=mark.shared,
            )


class Registry:
    """The tools at hand, by name and always in the same order."""

    def __init__(self, toolsets: Iterable[object] = ()) -> None:
        found = {t.name: t for toolset in toolsets for t in tools_of(toolset)}
        self._tools = dict(sorted(found.items()))

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def __contains__(self, name: str) -> bool:
        return name in self._tools

    def __getitem__(self, name: str) -> Tool:
        """The tool of that name.

        Raises:
            BadArguments: there is none; the message names those there are.
        """
        try:
            return self._tools[name]
        except KeyError:
            raise BadArguments(
                f"There is no tool {name!r}; there are: {', '.join(self._tools)}"
            ) from None

"""A small schema language for Block Kit: each rule checks one JSON value and words its complaint as Slack does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


class Problems:
    """Complaints gathered over a payload, each with the JSON pointer that it is about."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def add(self, message: str, at: str) -> None:
        """Note that the value at pointer ``at`` is wrong."""
        self.messages.append(f"{message} [json-pointer:{at}]")


class Rule(Protocol):
    """What one value must look like."""

    def check(self, value: Any, at: str, problems: Problems) -> None:
        """Add to ``problems`` whatever is wrong with ``value``, found at pointer ``at``."""


def check_length(value: str, maximum: int, minimum: int, at: str, problems: Problems) -> None:
    """Complain when a string is shorter or longer (in characters) than allowed."""
    if len(value) > maximum:
        problems.add(f"must be less than {maximum + 1} characters", at)
    if len(value) < minimum:
        problems.add(f"must be more than {minimum - 1} characters", at)


@dataclass(frozen=True)
class String:
    """A plain JSON string, of bounded length or out of a fixed set."""

    maximum: int = 3000
    minimum: int = 1
    choices: frozenset[str] = frozenset()

    def check(self, value: Any, at: str, problems: Problems) -> None:
        """See :class:`Rule`."""
        if not isinstance(value, str):
            problems.add("must be a string", at)
        elif self.choices and value not in self.choices:
            problems.add(f"must be one of: {', '.join(sorted(self.choices))}", at)
        else:
            check_length(value, self.maximum, self.minimum, at, problems)


@dataclass(frozen=True)
class Text:
    """A text object: ``plain_text`` or, unless ``plain`` is set, ``mrkdwn``."""

    maximum: int = 3000
    minimum: int = 1
    plain: bool = False

    def check(self, value: Any, at: str, problems: Problems) -> None:
        """See :class:`Rule`."""
        if not isinstance(value, Mapping):
            problems.add("must be an object", at)
            return
        kinds = ("plain_text",) if self.plain else ("plain_text", "mrkdwn")
        if value.get("type") not in kinds:
            problems.add(f"must be one of: {', '.join(kinds)}", f"{at}/type")
        for name in value.keys() - {"type", "text", "emoji", "verbatim"}:
            problems.add(f"invalid additional property: {name}", at)
        if value.get("type") == "mrkdwn" and "emoji" in value:
            problems.add("invalid additional property: emoji", at)
        text = value.get("text")
        if not isinstance(text, str):
            problems.add("missing required field: text", at)
        elif not self.minimum <= len(text) <= self.maximum:
            problems.add("failed to match all allowed schemas", at)
            check_length(text, self.maximum, self.minimum, f"{at}/text", problems)


@dataclass(frozen=True)
class Boolean:
    """``true`` or ``false``."""

    def check(self, value: Any, at: str, problems: Problems) -> None:
        """See :class:`Rule`."""
        if not isinstance(value, bool):
            problems.add("must be a boolean", at)


@dataclass(frozen=True)
class Integer:
    """A whole number within bounds."""

    minimum: int = 0
    maximum: int = 2**53

    def check(self, value: Any, at: str, problems: Problems) -> None:
        """See :class:`Rule`."""
        if isinstance(value, bool) or not isinstance(value, int):
            problems.add("must be an integer", at)
        elif not self.minimum <= value <= self.maximum:
            problems.add(f"must be between {self.minimum} and {self.maximum}", at)


@dataclass(frozen=True)
class Anything:
    """Any JSON value."""

    def check(self, value: Any, at: str, problems: Problems) -> None:
        """See :class:`Rule`."""


@dataclass(frozen=True)
class Array:
    """A list of bounded size whose items follow one rule."""

    of: Rule
    maximum: int
    minimum: int = 1

    def check(self, value: Any, at: str, problems: Problems) -> None:
        """See :class:`Rule`."""
        if not isinstance(value, Sequence) or isinstance(value, str):
            problems.add("must be an array", at)
            return
        if len(value) > self.maximum:
            problems.add(f"no more than {self.maximum} items allowed", at)
        if len(value) < self.minimum:
            problems.add(f"no fewer than {self.minimum} items allowed", at)
        for index, item in enumerate(value):
            self.of.check(item, f"{at}/{index}", problems)


@dataclass(frozen=True)
class Object:
    """An object with required and optional fields; ``between`` sees the whole of it for rules between fields."""

    required: Mapping[str, Rule] = field(default_factory=dict)
    optional: Mapping[str, Rule] = field(default_factory=dict)
    between: Callable[[Mapping[str, Any], str, Problems], None] | None = None

    def check(self, value: Any, at: str, problems: Problems) -> None:
        """See :class:`Rule`."""
        if not isinstance(value, Mapping):
            problems.add("must be an object", at)
            return
        for name, item in value.items():
            rule = self.required.get(name) or self.optional.get(name)
            if rule is not None:
                rule.check(item, f"{at}/{name}", problems)
            elif name != "type":
                problems.add(f"invalid additional property: {name}", at)
        for name in self.required.keys() - value.keys():
            problems.add(f"missing required field: {name}", at)
        if self.between is not None:
            self.between(value, at, problems)


@dataclass(frozen=True)
class ByType:
    """An object whose ``type`` chooses its rule."""

    rules: Mapping[str, Rule]

    def check(self, value: Any, at: str, problems: Problems) -> None:
        """See :class:`Rule`."""
        if not isinstance(value, Mapping):
            problems.add("must be an object", at)
            return
        kind = value.get("type")
        if not isinstance(kind, str):
            problems.add("missing required field: type", at)
        elif kind not in self.rules:
            problems.add(f"unsupported type: {kind}", f"{at}/type")
        else:
            self.rules[kind].check(value, at, problems)


def exactly_one(*names: str) -> Callable[[Mapping[str, Any], str, Problems], None]:
    """A check between fields: one of ``names`` must be there, and only one."""

    def check(value: Mapping[str, Any], at: str, problems: Problems) -> None:
        present = [name for name in names if name in value]
        if not present:
            problems.add(f"missing required field: {' or '.join(names)}", at)
        elif len(present) > 1:
            problems.add(f"only one of {', '.join(names)} is allowed", at)

    return check


def at_least_one(*names: str) -> Callable[[Mapping[str, Any], str, Problems], None]:
    """A check between fields: one of ``names`` must be there."""

    def check(value: Mapping[str, Any], at: str, problems: Problems) -> None:
        if not any(name in value for name in names):
            problems.add(f"missing required field: {' or '.join(names)}", at)

    return check

"""Scopes: the tag filter in the braces of a metric query.

Two forms exist and cannot be mixed: the short one, ``{service:cart,!env:staging,host:web-*}``, and
the boolean one, ``{service:cart AND (env:production OR NOT host:web-*) AND zone IN (a,b)}``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.datadog.conditions import AllOf, AnyOf, Condition, Not, conjuncts, joined
from sandbox.datadog.errors import BadRequest
from sandbox.datadog.wildcard import wildcard_pattern

Tags = Mapping[str, str]

_TOKEN = re.compile(r"\s*([(),!]|[^\s(),!{}]+)")
_MAX_DEPTH = 50


@dataclass(frozen=True)
class TagIs:
    """The tag ``key`` has ``value``, which may hold ``*``; without a value, the tag exists."""

    key: str
    value: str | None

    def matches(self, tags: Tags, /) -> bool:
        """Whether ``tags`` carry this tag."""
        held = tags.get(self.key)
        if held is None or self.value is None:
            return held is not None
        return wildcard_pattern(self.value).fullmatch(held) is not None


@dataclass(frozen=True)
class Scope:
    """A parsed scope with the text it came from."""

    text: str
    condition: Condition[Tags]

    def required_tags(self) -> dict[str, str]:
        """Tags that every tag set in scope has, in the form that the world can filter by."""
        return {
            part.key: part.value
            for part in conjuncts(self.condition)
            if isinstance(part, TagIs) and part.value is not None and "*" not in part.value[:-1]
        }

    def plain_tags(self) -> dict[str, str] | None:
        """The tags, if filtering by :meth:`required_tags` is all that the scope says; else None."""
        parts = list(conjuncts(self.condition))
        tags = self.required_tags()
        return tags if len(tags) == len(parts) else None


def parse_scope(text: str) -> Scope:
    """Parse what stands between the braces.

    Raises:
        BadRequest: the text is no scope.
    """
    tokens = _tokens(text)
    words = {token.upper() for token in tokens}
    is_boolean = bool(words & {"AND", "OR", "NOT", "IN"}) or "(" in tokens
    if is_boolean and _has_bare_comma(tokens):
        raise BadRequest("Error parsing query: 'AND' and 'OR' cannot be mixed with ','")
    parser = _ScopeParser(tokens, text)
    return Scope(text.strip() or "*", parser.boolean() if is_boolean else parser.comma_list())


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise BadRequest(f"Error parsing query: Rule 'scope_expr' didn't match at '{text}'")
        tokens.append(match[1])
        position = match.end()
    return tokens


def _has_bare_comma(tokens: list[str]) -> bool:
    """Whether a comma stands outside the value list of an IN."""
    in_list = False
    for index, symbol in enumerate(tokens):
        if symbol == "(":
            in_list = index > 0 and tokens[index - 1].upper() == "IN"
        elif symbol == ")":
            in_list = False
        elif symbol == "," and not in_list:
            return True
    return False


class _ScopeParser:
    def __init__(self, tokens: list[str], text: str) -> None:
        self._tokens = tokens
        self._text = text
        self._position = 0
        self._depth = 0

    def comma_list(self) -> Condition[Tags]:
        parts: list[Condition[Tags]] = []
        while self._peek() is not None:
            parts.append(self._negatable())
            if self._peek() is not None:
                self._expect(",")
                if self._peek() is None:
                    raise self._error()
        return AllOf(tuple(parts))

    def boolean(self) -> Condition[Tags]:
        condition = self._either()
        if self._peek() is not None:
            raise self._error()
        return condition

    def _either(self) -> Condition[Tags]:
        parts = [self._both()]
        while self._word() == "OR":
            self._position += 1
            parts.append(self._both())
        return joined(parts, AnyOf)

    def _both(self) -> Condition[Tags]:
        parts = [self._negatable()]
        while self._word() == "AND":
            self._position += 1
            parts.append(self._negatable())
        return joined(parts, AllOf)

    def _negatable(self) -> Condition[Tags]:
        negated = False
        while self._word() in {"NOT", "!"}:
            negated = not negated
            self._position += 1
        condition = self._group() if self._peek() == "(" else self._tag()
        return Not(condition) if negated else condition

    def _group(self) -> Condition[Tags]:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise BadRequest("Error parsing query: the scope is nested too deeply")
        self._expect("(")
        condition = self._either()
        self._expect(")")
        self._depth -= 1
        return condition

    def _tag(self) -> Condition[Tags]:
        tag = self._take()
        if tag in {",", ")", "("} or tag.upper() in {"AND", "OR", "IN"} or tag[0] == "$":
            raise self._error()
        if tag == "*":
            return AllOf()
        if self._word() == "IN":
            return self._value_list(tag)
        if self._word() == "NOT" and self._word(1) == "IN":
            self._position += 1
            return Not(self._value_list(tag))
        key, colon, value = tag.partition(":")
        return TagIs(key, value if colon else None)

    def _value_list(self, key: str) -> Condition[Tags]:
        self._position += 1
        self._expect("(")
        values = [self._take()]
        while self._peek() == ",":
            self._position += 1
            values.append(self._take())
        self._expect(")")
        return AnyOf(tuple(TagIs(key, value) for value in values))

    def _peek(self, ahead: int = 0) -> str | None:
        index = self._position + ahead
        return self._tokens[index] if index < len(self._tokens) else None

    def _word(self, ahead: int = 0) -> str:
        return (self._peek(ahead) or "").upper()

    def _take(self) -> str:
        token = self._peek()
        if token is None:
            raise self._error()
        self._position += 1
        return token

    def _expect(self, token: str) -> None:
        if self._take() != token:
            self._position -= 1
            raise self._error()

    def _error(self) -> BadRequest:
        rest = " ".join(self._tokens[self._position :])
        return BadRequest(
            f"Error parsing query: \n unable to parse {{{self._text}}}: "
            f"Rule 'scope_expr' didn't match at '{rest}'"
        )

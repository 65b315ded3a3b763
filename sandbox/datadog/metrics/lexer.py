"""Splits a metric query into tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from sandbox.datadog.errors import BadRequest

TokenKind = Literal["name", "number", "string", "braces", "symbol", "end"]

_MAX_QUERY_CHARACTERS = 16_384
_TOKEN = re.compile(
    r"""
    (?P<braces>\{[^{}]*\})
    | (?P<number>(?:\d+\.\d+|\.\d+|\d+)(?:[eE][+-]?\d+)?)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)
    | (?P<string>"[^"]*"|'[^']*')
    | (?P<symbol>[-+*/(),:.])
    """,
    re.VERBOSE | re.ASCII,
)
_SPACE = re.compile(r"\s*")


@dataclass(frozen=True)
class Token:
    """One token; ``column`` counts from 1 as Datadog's errors do."""

    kind: TokenKind
    text: str
    column: int


def tokens_of(query: str) -> list[Token]:
    """The tokens of ``query``, closed by an ``end`` token.

    Raises:
        BadRequest: a character fits nowhere in the language, or the query is too long.
    """
    if len(query) > _MAX_QUERY_CHARACTERS:
        raise BadRequest("Error parsing query: the query is too long")
    tokens: list[Token] = []
    position = _after_space(query, 0)
    while position < len(query):
        match = _TOKEN.match(query, position)
        if match is None:
            raise parse_error(query, "query", query[position:], position + 1)
        tokens.append(_token(match))
        position = _after_space(query, match.end())
    tokens.append(Token("end", "", len(query) + 1))
    return tokens


def parse_error(query: str, rule: str, rest: str, column: int) -> BadRequest:
    """Datadog's words for a query that it cannot parse."""
    return BadRequest(
        f"Error parsing query: \n unable to parse {query}: "
        f"Rule '{rule}' didn't match at '{rest[:60]}' (line 1, column {column})."
    )


def _after_space(query: str, position: int) -> int:
    match = _SPACE.match(query, position)
    return match.end() if match else position


def _token(match: re.Match[str]) -> Token:
    text = match.group()
    column = match.start() + 1
    match match.lastgroup:
        case "braces":
            return Token("braces", text[1:-1], column)
        case "string":
            return Token("string", text[1:-1], column)
        case "number":
            return Token("number", text, column)
        case "name":
            return Token("name", text, column)
        case _:
            return Token("symbol", text, column)

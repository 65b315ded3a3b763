r"""Parses Datadog's search language into a condition on documents.

    service:cart status:(error OR warn) -"health check" @http.status_code:[500 TO 599] host:web-*

Terms that stand side by side must all hold; ``AND`` binds tighter than ``OR``; ``-`` or ``NOT``
negates the next term; a backslash takes the next character literally.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeGuard

from sandbox.datadog.conditions import AllOf, AnyOf, Condition, Not, conjuncts, joined
from sandbox.datadog.errors import BadRequest
from sandbox.datadog.search.document import Document
from sandbox.datadog.search.terms import FacetCompares, FacetIs, TextContains

_MAX_QUERY_CHARACTERS = 8192
_MAX_DEPTH = 50
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<symbol>[()])
    | (?P<facet>(?:@|\#)?[A-Za-z_](?:[\w.\-/]|\\.)*):(?P<operator>>=|<=|>|<)?
    | "(?P<phrase>(?:[^"\\]|\\.)*)"
    | (?P<range>[\[{][^\[\]{}]*[\]}])
    | (?P<minus>-)(?=\S)
    | (?P<word>(?:[^\s()"\[\]{}\\]|\\.)+)
    )""",
    re.VERBOSE | re.DOTALL,
)
_RANGE = re.compile(r"([\[{])\s*(\S+)\s+TO\s+(\S+)\s*([\]}])")

SearchCondition = Condition[Document]
"""What a search asks of each document."""


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    operator: str = ""


_CLOSING = _Token("symbol", ")")


def parse_search(text: str) -> SearchCondition:
    """The condition that ``text`` states; an empty text or ``*`` holds for every document.

    Raises:
        BadRequest: the text is not in the language.
    """
    if len(text) > _MAX_QUERY_CHARACTERS:
        raise BadRequest("input_validation_error(Field 'filter.query' is invalid: too long)")
    parser = _SearchParser(text)
    return parser.whole()


def required_value(condition: SearchCondition, facet: str) -> str | None:
    """The single literal value that every match must have for ``facet``, if the query names one."""
    for part in conjuncts(condition):
        if isinstance(part, FacetIs) and part.facet == facet and part.is_literal:
            return part.value
    return None


def possible_values(condition: SearchCondition, facet: str) -> frozenset[str] | None:
    """The literal values of which every match must have one for ``facet``; None: it may have any."""
    for part in conjuncts(condition):
        options = part.conditions if isinstance(part, AnyOf) else (part,)
        named = [o.value for o in options if _is_literally(o, facet)]
        if named and len(named) == len(options):
            return frozenset(named)
    return None


def _is_literally(condition: SearchCondition, facet: str) -> TypeGuard[FacetIs]:
    return isinstance(condition, FacetIs) and condition.facet == facet and condition.is_literal


class _SearchParser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split(text)
        self._position = 0
        self._depth = 0

    def whole(self) -> SearchCondition:
        if not self._tokens:
            return AllOf()
        condition = self._either()
        if self._peek() is not None:
            raise self._error()
        return condition

    def _split(self, text: str) -> list[_Token]:
        tokens: list[_Token] = []
        position = 0
        end = len(text.rstrip())
        while position < end:
            match = _TOKEN.match(text, position)
            if match is None:
                raise self._error(text[position:].strip())
            kind = str(match.lastgroup)
            if kind == "operator":
                kind = "facet"
            tokens.append(_Token(kind, match[kind], match["operator"] or ""))
            position = match.end()
        return tokens

    def _either(self) -> SearchCondition:
        parts = [self._both()]
        while self._take_word("OR"):
            parts.append(self._both())
        return joined(parts, AnyOf)

    def _both(self) -> SearchCondition:
        parts = [self._negatable()]
        while True:
            if self._take_word("AND"):
                parts.append(self._negatable())
                continue
            token = self._peek()
            if token is None or token == _CLOSING or _is_word(token, "OR"):
                return joined(parts, AllOf)
            parts.append(self._negatable())

    def _negatable(self) -> SearchCondition:
        is_negated = False
        while (token := self._peek()) and (token.kind == "minus" or _is_word(token, "NOT")):
            is_negated = not is_negated
            self._position += 1
        condition = self._primary()
        return Not(condition) if is_negated else condition

    def _primary(self) -> SearchCondition:
        token = self._next()
        match token.kind:
            case "symbol" if token.text == "(":
                return self._group(self._either)
            case "facet":
                return self._facet(_unescaped(token.text), token.operator)
            case "phrase":
                return TextContains(_unescaped(token.text), is_phrase=True)
            case "word" if token.text == "*":
                return AllOf()
            case "word" if token.text.upper() not in {"AND", "OR"}:
                return TextContains(_unescaped(token.text))
        raise self._error()

    def _group(self, inner: Callable[[], SearchCondition]) -> SearchCondition:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._error()
        condition = inner()
        if self._next() != _CLOSING:
            raise self._error()
        self._depth -= 1
        return condition

    def _facet(self, facet: str, operator: str) -> SearchCondition:
        token = self._next()
        if operator:
            return FacetCompares(facet, operator, self._number(token))
        match token.kind:
            case "phrase":
                return FacetIs(facet, _unescaped(token.text), is_phrase=True)
            case "range":
                return self._range(facet, token.text)
            case "symbol" if token.text == "(":
                return self._group(lambda: self._values(facet))
            case "word" | "minus" | "facet":
                return FacetIs(facet, self._value(token))
        raise self._error()

    def _value(self, token: _Token) -> str:
        """A bare value, put together again where it held a minus or a colon."""
        parts = []
        while token.kind != "word":
            if token.kind not in {"facet", "minus"}:
                raise self._error()
            is_minus = token.kind == "minus"
            parts.append("-" if is_minus else f"{_unescaped(token.text)}:{token.operator}")
            token = self._next()
        return "".join([*parts, _unescaped(token.text)])

    def _values(self, facet: str) -> SearchCondition:
        """The inside of ``facet:(a OR b)``; values side by side are alternatives."""
        alternatives = []
        while True:
            parts = [self._facet_negatable(facet)]
            while self._take_word("AND"):
                parts.append(self._facet_negatable(facet))
            alternatives.append(joined(parts, AllOf))
            if not self._take_word("OR") and self._peek() in {None, _CLOSING}:
                return joined(alternatives, AnyOf)

    def _facet_negatable(self, facet: str) -> SearchCondition:
        if (token := self._peek()) and (token.kind == "minus" or _is_word(token, "NOT")):
            self._position += 1
            return Not(self._facet(facet, ""))
        return self._facet(facet, "")

    def _range(self, facet: str, text: str) -> SearchCondition:
        match = _RANGE.fullmatch(text)
        if match is None:
            raise self._error(text)
        opening, low, high, closing = match.groups()
        bounds: list[SearchCondition] = []
        if low != "*":
            operator = ">=" if opening == "[" else ">"
            bounds.append(FacetCompares(facet, operator, self._number(_Token("word", low))))
        if high != "*":
            operator = "<=" if closing == "]" else "<"
            bounds.append(FacetCompares(facet, operator, self._number(_Token("word", high))))
        return AllOf(tuple(bounds) or (FacetIs(facet, "*"),))

    def _number(self, token: _Token) -> float:
        sign = 1.0
        if token.kind == "minus":
            sign, token = -1.0, self._next()
        try:
            return sign * float(token.text)
        except ValueError as error:
            raise self._error(token.text) from error

    def _peek(self) -> _Token | None:
        return self._tokens[self._position] if self._position < len(self._tokens) else None

    def _next(self) -> _Token:
        token = self._peek()
        if token is None:
            raise self._error("end of query")
        self._position += 1
        return token

    def _take_word(self, word: str) -> bool:
        token = self._peek()
        if token is not None and _is_word(token, word):
            self._position += 1
            return True
        return False

    def _error(self, near: str | None = None) -> BadRequest:
        if near is None:
            near = self._tokens[self._position - 1].text if self._tokens else ""
        return BadRequest(
            f"input_validation_error(Field 'filter.query' is invalid: "
            f"cannot parse '{self._text[:200]}' near '{near[:60]}')"
        )


def _is_word(token: _Token, word: str) -> bool:
    return token.kind == "word" and token.text == word


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)

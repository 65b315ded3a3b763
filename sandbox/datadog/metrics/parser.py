"""Parses Datadog's metric query language by recursive descent."""

from __future__ import annotations

from dataclasses import replace
from typing import cast, get_args

from sandbox.datadog.errors import BadRequest
from sandbox.datadog.metrics.functions import check_call
from sandbox.datadog.metrics.lexer import Token, parse_error, tokens_of
from sandbox.datadog.metrics.scope import parse_scope
from sandbox.datadog.metrics.syntax import (
    Arithmetic,
    Call,
    Expression,
    Fill,
    MetricQuery,
    Name,
    Number,
    Operator,
    Rollup,
    RollupMethod,
)
from sandbox.world.ports import Aggregator

_MAX_DEPTH = 60


def parse_queries(text: str) -> list[Expression]:
    """The comma-separated queries of ``text``, as v1 takes them.

    Raises:
        BadRequest: the text is not in the language; the message says where it stops being so.
    """
    parser = _Parser(text)
    queries = [parser.sum()]
    while parser.accept(","):
        queries.append(parser.sum())
    parser.expect_end()
    return queries


def parse_query(text: str) -> Expression:
    """The single query or formula of ``text``.

    Raises:
        BadRequest: as :func:`parse_queries`, or there are several queries.
    """
    parser = _Parser(text)
    expression = parser.sum()
    parser.expect_end()
    return expression


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens_of(text)
        self._position = 0
        self._depth = 0

    def sum(self) -> Expression:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise BadRequest("Error parsing query: the query is nested too deeply")
        expression = self._product()
        while operator := self.accept("+", "-"):
            expression = Arithmetic(cast(Operator, operator), expression, self._product())
        self._depth -= 1
        return expression

    def accept(self, *symbols: str) -> str | None:
        token = self._peek()
        if token.kind == "symbol" and token.text in symbols:
            self._position += 1
            return token.text
        return None

    def expect_end(self) -> None:
        if self._peek().kind != "end":
            raise self._error("query")

    def _product(self) -> Expression:
        expression = self._operand()
        while operator := self.accept("*", "/"):
            expression = Arithmetic(cast(Operator, operator), expression, self._operand())
        return expression

    def _operand(self) -> Expression:
        is_negated = False
        while self.accept("-"):
            is_negated = not is_negated
        token = self._peek()
        if token.kind == "number":
            operand: Expression = self._number()
        elif self.accept("("):
            operand = self.sum()
            self._expect(")")
        elif token.kind == "name":
            operand = self._named()
        else:
            raise self._error("expression")
        return Arithmetic("-", Number(0.0), operand) if is_negated else operand

    def _number(self) -> Number:
        return Number(float(self._take("number").text))

    def _named(self) -> Expression:
        name = self._take("name")
        if self.accept("("):
            return self._call(name)
        if self.accept(":"):
            return self._metric(_aggregator(name), self._take("name").text)
        if self._peek().kind == "braces":
            return self._metric("avg", name.text)
        return Name(name.text)

    def _call(self, name: Token) -> Call:
        operand = self.sum()
        arguments: list[str | float] = []
        while self.accept(","):
            arguments.append(self._argument())
        self._expect(")")
        check_call(name.text, arguments)
        return Call(name.text, operand, tuple(arguments))

    def _argument(self) -> str | float:
        sign = -1.0 if self.accept("-") else 1.0
        token = self._peek()
        if token.kind == "number":
            return sign * self._number().value
        if token.kind in {"string", "name"} and sign > 0:
            self._position += 1
            return token.text
        raise self._error("argument")

    def _metric(self, aggregator: Aggregator, metric: str) -> MetricQuery:
        scope = parse_scope(self._take("braces").text)
        group_by: tuple[str, ...] = ()
        if self._peek().kind == "name" and self._peek().text.lower() == "by":
            self._position += 1
            group_by = self._group_by()
        query = MetricQuery(aggregator, metric, scope, group_by)
        while self.accept("."):
            query = self._method(query)
        return query

    def _group_by(self) -> tuple[str, ...]:
        keys = [key.strip() for key in self._take("braces").text.split(",")]
        if not all(keys):
            raise self._error("group_by")
        return tuple(keys)

    def _method(self, query: MetricQuery) -> MetricQuery:
        method = self._take("name").text
        self._expect("(")
        arguments: list[str | float] = []
        while not self.accept(")"):
            if arguments:
                self._expect(",")
            arguments.append(self._argument())
        match method, arguments:
            case ("as_count" | "as_rate") as modifier, []:
                return replace(query, modifier=modifier)
            case "rollup", [str(name), *interval]:
                return replace(query, rollup=_rollup(name, interval))
            case "fill", [str(fill), *_] if fill in get_args(Fill):
                return replace(query, fill=cast(Fill, fill))
            case "weighted", []:
                return query
        raise self._error("method")

    def _peek(self) -> Token:
        return self._tokens[self._position]

    def _take(self, kind: str) -> Token:
        token = self._peek()
        if token.kind != kind:
            raise self._error({"braces": "scope_expr", "name": "metric"}.get(kind, kind))
        self._position += 1
        return token

    def _expect(self, symbol: str) -> None:
        if not self.accept(symbol):
            raise self._error("query")

    def _error(self, rule: str) -> BadRequest:
        column = self._peek().column
        return parse_error(self._text, rule, self._text[column - 1 :], column)


def _aggregator(name: Token) -> Aggregator:
    if name.text not in get_args(Aggregator):
        raise BadRequest(f"Error parsing query: unknown space aggregator '{name.text}'")
    return cast(Aggregator, name.text)


def _rollup(method: str, interval: list[str | float]) -> Rollup:
    if method not in get_args(RollupMethod):
        raise BadRequest(f"Error parsing query: unknown rollup method '{method}'")
    match interval:
        case []:
            return Rollup(cast(RollupMethod, method))
        case [float(seconds)] if 1 <= seconds <= 2_592_000:
            return Rollup(cast(RollupMethod, method), int(seconds))
    raise BadRequest("Error parsing query: the rollup interval must be a number of seconds")

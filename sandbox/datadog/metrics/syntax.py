"""What a metric query means: the tree that the parser builds and the evaluator walks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sandbox.datadog.metrics.scope import Scope
from sandbox.world.ports import Aggregator

Operator = Literal["+", "-", "*", "/"]
RollupMethod = Literal["avg", "sum", "min", "max", "count"]
CountModifier = Literal["as_count", "as_rate"]
Fill = Literal["null", "zero", "last", "linear"]


@dataclass(frozen=True)
class Rollup:
    """Explicit time aggregation; without an interval, Datadog's choice by window stays."""

    method: RollupMethod
    interval_seconds: int | None = None


@dataclass(frozen=True)
class MetricQuery:
    """One metric over a scope, such as ``avg:redis.mem.used{env:production} by {host}``."""

    aggregator: Aggregator
    metric: str
    scope: Scope
    group_by: tuple[str, ...] = ()
    rollup: Rollup | None = None
    modifier: CountModifier | None = None
    fill: Fill | None = None


@dataclass(frozen=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True)
class Name:
    """A reference to another query of the same request, as v2 formulas make."""

    name: str


@dataclass(frozen=True)
class Arithmetic:
    """Two expressions joined by an operator, point by point."""

    operator: Operator
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Call:
    """A function applied to an expression, with its further arguments."""

    function: str
    operand: Expression
    arguments: tuple[str | float, ...] = ()


Expression = MetricQuery | Number | Name | Arithmetic | Call


def metric_queries(expression: Expression) -> list[MetricQuery]:
    """Every metric query inside ``expression``, from left to right."""
    match expression:
        case MetricQuery():
            return [expression]
        case Arithmetic(left=left, right=right):
            return metric_queries(left) + metric_queries(right)
        case Call(operand=operand):
            return metric_queries(operand)
        case _:
            return []


def rendered(expression: Expression) -> str:
    """``expression`` in Datadog's notation."""
    match expression:
        case MetricQuery():
            by = f" by {{{','.join(expression.group_by)}}}" if expression.group_by else ""
            return f"{expression.aggregator}:{expression.metric}{{{expression.scope.text}}}{by}"
        case Number(value=value):
            return f"{value:g}"
        case Name(name=name):
            return name
        case Arithmetic(operator=operator, left=left, right=right):
            return f"({rendered(left)} {operator} {rendered(right)})"
        case Call(function=function, operand=operand, arguments=arguments):
            return f"{function}({', '.join([rendered(operand), *map(str, arguments)])})"

"""Monitor queries: an aggregation over a window of a metric or log query, and a threshold.

avg(last_5m):avg:redis.info.latency_ms{service:redis-reco} > 2
change(avg(last_5m),last_1h):sum:rabbitmq.queue.messages{queue:cart} by {host} >= 100
logs("service:auth status:error").index("*").rollup("count").last("5m") > 10
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sandbox.datadog.errors import BadRequest
from sandbox.datadog.metrics.parser import parse_query
from sandbox.datadog.metrics.syntax import Expression
from sandbox.datadog.search.query import SearchCondition, parse_search

_METRIC = re.compile(
    r"""\s*(?:(?P<change>change|pct_change)\(\s*)?
        (?P<method>avg|sum|min|max|last)\(\s*last_(?P<window>\d{1,4}[smhdw])\s*\)
        (?:\s*,\s*last_(?P<earlier>\d{1,4}[smhdw])\s*\))?
        \s*:(?P<expression>.+?)(?P<operator>>=|<=|>|<|==|!=)\s*(?P<threshold>-?[\d.]+(?:e[+-]?\d+)?)\s*
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_LOGS = re.compile(
    r"""\s*logs\("(?P<search>(?:[^"\\]|\\.)*)"\)
        (?:\.index\("[^"]*"\))?
        \.rollup\("count"\)
        (?:\.by\("[^"]*"\))?
        \.last\("(?P<window>\d{1,4}[smhdw])"\)
        \s*(?P<operator>>=|<=|>|<|==|!=)\s*(?P<threshold>-?[\d.]+)\s*
    """,
    re.VERBOSE | re.DOTALL,
)
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">": lambda value, bound: value > bound,
    ">=": lambda value, bound: value >= bound,
    "<": lambda value, bound: value < bound,
    "<=": lambda value, bound: value <= bound,
    "==": lambda value, bound: value == bound,
    "!=": lambda value, bound: value != bound,
}


@dataclass(frozen=True)
class Comparison:
    """On which side of a threshold a monitor alerts."""

    operator: str

    def holds(self, value: float, bound: float) -> bool:
        """Whether ``value`` stands on the alerting side of ``bound``."""
        return _COMPARISONS[self.operator](value, bound)


@dataclass(frozen=True)
class MetricMonitor:
    """A metric, its reduction over the window, and the comparison."""

    expression: Expression
    method: str
    window_seconds: int
    comparison: Comparison
    threshold: float
    change: Literal["change", "pct_change"] | None = None
    earlier_seconds: int = 0
    """For a change monitor, how long ago the value compared with was."""


@dataclass(frozen=True)
class LogMonitor:
    """A count of matching logs over the window, and the comparison."""

    condition: SearchCondition
    window_seconds: int
    comparison: Comparison
    threshold: float


MonitorQuery = MetricMonitor | LogMonitor


def parse_monitor_query(text: str) -> MonitorQuery:
    """The parsed query of a monitor.

    Raises:
        BadRequest: it is not one of the two forms, or the query inside is malformed.
    """
    if match := _LOGS.fullmatch(text):
        search = match["search"].replace('\\"', '"')
        return LogMonitor(
            parse_search(search),
            _seconds(match["window"]),
            Comparison(match["operator"]),
            _threshold(match["threshold"]),
        )
    match = _METRIC.fullmatch(text)
    if match is None or bool(match["change"]) != bool(match["earlier"]):
        raise BadRequest("The value provided for parameter 'query' is invalid")
    change: Literal["change", "pct_change"] | None = None
    if match["change"]:
        change = "pct_change" if match["change"].lower() == "pct_change" else "change"
    return MetricMonitor(
        parse_query(match["expression"]),
        match["method"].lower(),
        _seconds(match["window"]),
        Comparison(match["operator"]),
        _threshold(match["threshold"]),
        change,
        _seconds(match["earlier"]) if match["earlier"] else 0,
    )


def _seconds(window: str) -> int:
    return max(60, int(window[:-1]) * _UNIT_SECONDS[window[-1]])


def _threshold(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise BadRequest("The value provided for parameter 'query' is invalid") from error

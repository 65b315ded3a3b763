"""Signs of coming trouble in Datadog: usage against limits, latency, errors, queues and load of the whole company.

A dozen grouped queries are enough for any number of services. The indicators are listed in ``indicators.yaml``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from math import ceil

import structlog
import yaml

from agent.errors import ToolError
from agent.model import Entity, Series, Window
from agent.ports import Indicator
from integrations.datadog.client import DatadogClient
from integrations.datadog.metrics import series_of

MOST_POINTS = 1_500
"""Datadog answers with no more points a series, and widens the interval when more are asked for."""
_LIMITS_SECONDS = 3_600.0
"""How far back the limits are read: their latest value counts."""
_DAY_SECONDS = 86_400.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Asked:
    """One indicator, as it is asked for."""

    name: str
    query: str
    """A metrics query grouped by service and env, without its rollup."""
    rollup: str
    """How the values within a step become one."""
    per: str = ""
    """What it is a share of."""
    limit: str = ""
    limit_scale: float = 1.0
    """From the limit's unit to the query's."""

    def over(self, step_seconds: int) -> str:
        """The query with points so far apart."""
        parts = (f"{q}.rollup({self.rollup}, {step_seconds})" for q in (self.query, self.per) if q)
        return " / ".join(parts)

    def of(self, service: str, environment: str) -> str:
        """The query of one service, for people to open."""
        own = f"{{service:{service},env:{environment}}}"
        return " / ".join(
            q.replace("{*} by {service,env}", own) for q in (self.query, self.per) if q
        )


@cache
def asked() -> tuple[Asked, ...]:
    """All indicators."""
    text = (files("integrations.datadog") / "indicators.yaml").read_text(encoding="utf-8")
    return tuple(Asked(**facts) for facts in yaml.safe_load(text))


class DatadogIndicators:
    """Implements ``agent.ports.Indicators`` on Datadog's metrics."""

    def __init__(self, client: DatadogClient) -> None:
        self._client = client

    async def read(
        self, entities: Sequence[Entity], now: datetime, days: float = 7.0, step_seconds: int = 300
    ) -> list[Indicator]:
        """The indicators of these services up to the last whole step before ``now``.

        Steps are widened, in whole multiples, until the days fit into ``MOST_POINTS`` points. A metric that cannot be read
        is left out, unless none can.

        Raises:
            ToolError: Datadog cannot be reached, or lets no metric be read.
        """
        step = step_seconds * ceil(days * _DAY_SECONDS / step_seconds / MOST_POINTS)
        end = now.timestamp() // step * step
        window = Window(
            start=datetime.fromtimestamp(end - days * _DAY_SECONDS, UTC),
            end=datetime.fromtimestamp(end, UTC),
        )
        keys = {(e.name, e.environment or e.namespace): e.key for e in entities}
        answers = await asyncio.gather(
            self._limits(window.end),
            *(self._series(each.over(step), window) for each in asked()),
            return_exceptions=True,
        )
        limits, *series = (self._usable(a) for a in answers)
        if all(isinstance(a, ToolError) for a in answers):
            raise next(a for a in answers if isinstance(a, ToolError))
        by_limit = _latest_by_query(limits)
        return [
            self._indicator(each, one, key, by_limit, window)
            for each, answer in zip(asked(), series, strict=True)
            for one, key in _known(answer, keys)
        ]

    async def _series(self, query: str, window: Window) -> list[Series]:
        answer = await self._client.query(query, window)
        return await asyncio.to_thread(series_of, answer)

    async def _limits(self, until: datetime) -> list[Series]:
        window = Window(start=until - timedelta(seconds=_LIMITS_SECONDS), end=until)
        return await self._series(",".join(a.limit for a in asked() if a.limit), window)

    def _usable(self, answer: list[Series] | BaseException) -> list[Series]:
        if isinstance(answer, ToolError):
            _log.warning("indicator_not_read", problem=str(answer))
            return []
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _indicator(
        self,
        each: Asked,
        series: Series,
        key: str,
        limits: Mapping[tuple[str, str, str], float],
        window: Window,
    ) -> Indicator:
        service, environment = series.tags["service"], series.tags["env"]
        query = each.of(service, environment)
        limit = limits.get((_metric_of(each.limit), service, environment))
        end = window.end.timestamp()
        return Indicator(
            entity=key,
            name=each.name,
            series=series.model_copy(
                update={"points": tuple(p for p in series.points if p[0] < end)}
            ),
            limit=limit * each.limit_scale if limit else None,
            link=self._client.link("/metric/explorer", window, exp_query=query),
            query=query,
        )


def _known(
    answer: Sequence[Series], keys: Mapping[tuple[str, str], str]
) -> Iterator[tuple[Series, str]]:
    for series in answer:
        key = keys.get((series.tags.get("service", ""), series.tags.get("env", "")))
        if key is not None and series.points:
            yield series, key


def _latest_by_query(limits: Sequence[Series]) -> dict[tuple[str, str, str], float]:
    return {
        (s.metric, s.tags.get("service", ""), s.tags.get("env", "")): s.points[-1][1]
        for s in limits
        if s.points
    }


def _metric_of(query: str) -> str:
    """``redis.pool.size`` of ``max:redis.pool.size{*} by {service,env}``."""
    return query.partition(":")[2].partition("{")[0]

"""Weak signals: how often they cry wolf when nothing is wrong, how early they see the night of redis-reco, and their cost.

False alarms are counted as they would be told: a problem that is emerging and not open yet, over a week, after a week to
learn from. A pass is made every ``EVERY`` seconds: what is told has to last for 40 minutes, so that passes in between would
find nothing more. The thresholds (``agent.awareness.weak.WeakRules``) were chosen
with the seeds ``TUNED_ON``; the figures are of ``REPORTED_ON``, which were not looked at before.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import networkx as nx
import numpy as np

from agent.awareness.weak import WeakSignals
from agent.model import Entity, Series
from agent.ports import Indicator
from benchmarks.figure import Figure
from benchmarks.quiet_company import DAY, STEP, QuietCompany
from integrations.datadog.client import DatadogClient
from integrations.datadog.indicators import DatadogIndicators
from sandbox.datadog.access import API_KEY, APPLICATION_KEY
from sandbox.serving import running
from sandbox.world.component import components

TUNED_ON = (1, 2)
REPORTED_ON = (101, 102)
QUIET = "quiet-week"
NIGHT = "emerging-redis"
MORNING_HOUR = 8.0
EVERY = 2 * STEP
_LEARNT = 7 * DAY
_WATCHED_DAYS = 7


@dataclass(frozen=True)
class History:
    """Indicators over a longer time than a pass sees, and who depends on whom."""

    indicators: list[Indicator]
    graph: nx.DiGraph[str]

    def at(self, now: float) -> list[Indicator]:
        """What a pass at that moment reads."""
        return [_cut(i, now) for i in self.indicators]


@dataclass
class Watched:
    """What passes in a row told."""

    raised: list[tuple[float, str]]
    pass_seconds: list[float]


def measure() -> list[Figure]:
    """All figures."""
    with ProcessPoolExecutor(2) as pool:
        made_up = [pool.submit(_made_up_week, seed) for seed in REPORTED_ON]
        simulated = [pool.submit(_simulated_week, seed) for seed in REPORTED_ON]
        quiet = [f.result() for f in made_up]
        calm = [f.result() for f in simulated]
    night, reading_seconds, noticed_hours, left_hours = _night()
    weeks = len(REPORTED_ON) * _WATCHED_DAYS / 7
    combining = float(np.median(night.pass_seconds))
    return [
        Figure("false alarms a week, restless made-up company", _count(quiet) / weeks, "", 1.0),
        Figure("false alarms a week, sandbox", _count(calm) / weeks, "", 1.0),
        Figure("redis-reco: from the fault's begin to being noticed", noticed_hours, "h", 3.0),
        Figure("redis-reco: from being noticed to the morning load", left_hours, "h"),
        Figure("reading a week of the company's indicators", reading_seconds, "s", 30.0),
        Figure("combining them, a quiet pass", float(np.median(calm[0].pass_seconds)), "s", 3.0),
        Figure("combining them, a pass that finds something", combining, "s", 6.0),
    ]


def watch(history: History, start: float, end: float, every: float = EVERY) -> Watched:
    """Pass after pass; what is told stays open until it has turned."""
    watched, still_open = Watched([], []), set[str]()
    for now in np.arange(start, end, every).tolist():
        began = time.perf_counter()
        weak = WeakSignals(history.at(now), datetime.fromtimestamp(now, UTC))
        found = weak.emerging(history.graph) if weak.heading_for_limits() else []
        watched.pass_seconds.append(time.perf_counter() - began)
        still_open -= {key for key in still_open if weak.turned(key)}
        for one in found:
            near = {s.indicator.entity for s in one.signs} | {one.entity}
            if not near & still_open:
                watched.raised.append((now, one.entity))
                still_open.add(one.entity)
    return watched


def made_up(seed: int) -> History:
    """Two weeks of the made-up company."""
    company = QuietCompany(seed, days=7 + _WATCHED_DAYS)
    times = company.times.tolist()
    return History(
        [
            Indicator.model_construct(
                entity=m.entity,
                name=m.name,
                series=Series.model_construct(
                    metric=m.name,
                    tags={},
                    unit=m.unit,
                    points=tuple(zip(times, m.values.tolist(), strict=True)),
                ),
                limit=m.limit,
                worse=1,
                link="",
                query=f"{m.name} of {m.entity}",
            )
            for m in company.metrics
        ],
        company.graph,
    )


def _made_up_week(seed: int) -> Watched:
    history = made_up(seed)
    begin = history.indicators[0].series.points[0][0]
    return watch(history, begin + _LEARNT, begin + _LEARNT + _WATCHED_DAYS * DAY)


def _simulated_week(seed: int) -> Watched:
    history, _ = simulated(QUIET, seed)
    end = max(i.series.points[-1][0] for i in history.indicators) - 600.0
    return watch(history, end - _WATCHED_DAYS * DAY, end)


def _night() -> tuple[Watched, float, float, float]:
    """The night of redis-reco from its fault's begin to the scenario's start; how early it is noticed."""
    history, reading_seconds = simulated(NIGHT, REPORTED_ON[0])
    now = max(i.series.points[-1][0] for i in history.indicators) + STEP
    began = now - timedelta(hours=2, minutes=50).total_seconds()
    watched = watch(history, began, now + STEP, STEP)
    noticed = min((at for at, _ in watched.raised), default=float("inf"))
    morning = now + (MORNING_HOUR - 3.0) * 3600
    return watched, reading_seconds, (noticed - began) / 3600, (morning - noticed) / 3600


def simulated(scenario: str, seed: int) -> tuple[History, float]:
    """Two weeks of the sandbox as Datadog tells of them, and how long one read takes (seconds)."""
    with running(scenario, seed=seed, posts_alerts=False) as served:
        company = served.sandbox.world.company
        services = [
            Entity(name=c.name, namespace=c.namespace, environment=c.place.env)
            for c in components(company)
        ]
        return asyncio.run(_read(f"{served.url}/datadog", services))


async def _read(url: str, services: Sequence[Entity]) -> tuple[History, float]:
    client = DatadogClient(API_KEY, APPLICATION_KEY, host=url)
    try:
        now = datetime.now(UTC)
        source = DatadogIndicators(client)
        began = time.perf_counter()
        latest = await source.read(services, now, step_seconds=int(STEP))
        seconds = time.perf_counter() - began
        earlier = await source.read(services, now - timedelta(days=7), step_seconds=int(STEP))
        calls = await client.dependencies("production")
    finally:
        client.close()
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_edges_from(
        (f"production/service/{a}", f"production/service/{b}")
        for a, bs in calls.items()
        for b in bs
    )
    return History(list(_joined(earlier, latest)), graph), seconds


def _joined(earlier: Sequence[Indicator], latest: Sequence[Indicator]) -> Iterator[Indicator]:
    before = {(i.entity, i.query): i.series.points for i in earlier}
    for indicator in latest:
        points = before.get((indicator.entity, indicator.query), ())
        begin = indicator.series.points[0][0]
        joined = (*(p for p in points if p[0] < begin), *indicator.series.points)
        yield _with_points(indicator, joined)


def _cut(indicator: Indicator, now: float) -> Indicator:
    points = indicator.series.points
    begin, end = (bisect_left(points, (at,)) for at in (now - _LEARNT, now))
    return _with_points(indicator, points[begin:end])


def _with_points(indicator: Indicator, points: tuple[tuple[float, float], ...]) -> Indicator:
    """The same with other points; unchecked, since there are millions of them."""
    series = indicator.series.model_copy(update={"points": points})
    return indicator.model_copy(update={"series": series})


def _count(weeks: Sequence[Watched]) -> int:
    return sum(len(w.raised) for w in weeks)

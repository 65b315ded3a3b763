"""Wall time of an investigation against its critical path: one, ten and fifty at once.

Tools, vendors' clients, rules, PostgreSQL and DBOS are the real ones; the vendors' answers are those of a sandbox, played
back by a process of its own, and ``benchmarks.latencies`` fixes how long a check and a thought take.
"""

from __future__ import annotations

import asyncio
import os
from statistics import median
from unittest.mock import patch

from agent.investigation.loop import Investigator
from agent.model import Budget, Decision, Triage
from agent.reasoning.rules import Rules
from agent.store.repository import Store
from benchmarks.databases import database
from benchmarks.durable import Timed, durable
from benchmarks.figure import Figure, percentile
from benchmarks.latencies import SlowReasoner, SlowRegistry, critical_seconds
from benchmarks.processes import company, environment, replayed
from benchmarks.quiet import NobodyTold
from benchmarks.stories import REDIS, alert
from bot.clock import SystemClock
from bot.runtime import Parts, parts
from bot.settings import Settings

RUNS = {1: 3, 10: 1}
"""Investigations at once -> how often that is measured."""
_BOUNDS = {1: 1.1, 50: 1.25}


def measure() -> list[Figure]:
    """Ratios of wall time to critical path."""
    with (
        database() as url,
        company(REDIS) as sandbox_url,
        replayed(sandbox_url) as vendors_url,
        patch.dict(os.environ, environment(vendors_url)),
    ):
        return asyncio.run(_measure(url))


async def _measure(url: str) -> list[Figure]:
    reasoner = SlowReasoner(Rules())
    async with parts(Settings(), url) as made:
        await made.scan()
        investigator = _investigator(made, reasoner)
        async with durable(url, investigator, max(RUNS)) as timed:
            await _ratios(made.store, timed, reasoner, 1)  # connections are opened, code is warm
            figures = []
            for at_once, times in RUNS.items():
                found = [
                    r
                    for _ in range(times)
                    for r in await _ratios(made.store, timed, reasoner, at_once)
                ]
                figures += _figures(at_once, found)
            return figures


def _investigator(made: Parts, reasoner: SlowReasoner) -> Investigator:
    return Investigator(
        SlowRegistry(made.registry),
        reasoner,
        reasoner,
        made.store.cases,
        made.store.memory,
        NobodyTold(),
        SystemClock(),
    )


async def _ratios(
    store: Store, timed: Timed, reasoner: SlowReasoner, at_once: int
) -> list[tuple[float, float]]:
    """(wall seconds, critical seconds) of investigations that start together."""
    numbers = [await _opened(store) for _ in range(at_once)]
    walls = await asyncio.gather(*map(timed.seconds, numbers))
    cases = [await store.cases.load(number) for number in numbers]
    return [
        (wall, critical_seconds(case.steps, reasoner.thoughts[case.investigation.id]))
        for wall, case in zip(walls, cases, strict=True)
    ]


async def _opened(store: Store) -> int:
    triage = Triage(decision=Decision.INVESTIGATE, reason="benchmark")
    signal, now = alert(REDIS), SystemClock().now()
    opened, _ = await store.investigations.open(signal, triage, Budget(), signal.key, now)
    return opened.id


def _figures(at_once: int, found: list[tuple[float, float]]) -> list[Figure]:
    ratios = [wall / critical for wall, critical in found]
    name = f"{at_once} at once"
    return [
        Figure(f"{name}: wall / critical path, median", median(ratios), "x", _BOUNDS.get(at_once)),
        Figure(f"{name}: wall / critical path, slowest tenth", percentile(ratios, 0.9), "x"),
        Figure(f"{name}: wall time, median", median(wall for wall, _ in found), "s"),
        Figure(f"{name}: critical path, median", median(c for _, c in found), "s"),
    ]

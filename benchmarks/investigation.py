"""Wall time of an investigation against its critical path: one, ten and fifty at once.

Tools, vendors' clients, rules, PostgreSQL and DBOS are the real ones; the vendors' answers are those of a sandbox, played
back by a process of its own, and ``benchmarks.latencies`` fixes how long a check and a thought take.
"""

from __future__ import annotations

import asyncio
import os
from statistics import median
from typing import NamedTuple
from unittest.mock import patch

from agent.investigation.loop import Investigator
from agent.model import Budget, Case, Decision, Triage
from agent.reasoning.rules import Rules
from agent.store.repository import Store
from benchmarks.databases import database
from benchmarks.durable import Timed, durable
from benchmarks.figure import Figure, percentile
from benchmarks.latencies import VENDOR_SECONDS, SlowReasoner, alone_seconds, critical_seconds
from benchmarks.processes import company, environment, replayed
from benchmarks.quiet import NobodyTold
from benchmarks.stories import REDIS, alert
from bot.clock import SystemClock
from bot.runtime import Parts, parts
from bot.settings import Settings

RUNS = {1: 5, 10: 2, 50: 1}
"""Investigations at once -> how often that is measured."""
_BOUNDS = {1: 1.1, 50: 1.25}


def measure() -> list[Figure]:
    """Ratios of wall time to critical path."""
    with (
        database() as url,
        company(REDIS) as sandbox_url,
        replayed(sandbox_url, VENDOR_SECONDS) as vendors_url,
        patch.dict(os.environ, environment(vendors_url)),
    ):
        return asyncio.run(_measure(url))


async def _measure(url: str) -> list[Figure]:
    async with parts(Settings(), url) as made:
        await made.scan()
        reasoner = SlowReasoner(Rules())
        async with durable(url, _investigator(made, reasoner), max(RUNS)) as timed:
            trial = Trial(made, reasoner, timed)
            await trial.run(1)  # connections are opened, code is warm
            return [
                figure
                for at_once, times in RUNS.items()
                for figure in _figures(at_once, [await trial.run(at_once) for _ in range(times)])
            ]


def _investigator(made: Parts, reasoner: SlowReasoner) -> Investigator:
    return Investigator(
        made.registry,
        reasoner,
        reasoner,
        made.store.cases,
        made.store.memory,
        NobodyTold(),
        SystemClock(),
        journal=made.store.journal,
    )


class Took(NamedTuple):
    """What one investigation took."""

    wall_seconds: float
    critical_seconds: float


class Trial:
    """Runs investigations and says what each took."""

    def __init__(self, made: Parts, reasoner: SlowReasoner, timed: Timed) -> None:
        self._made = made
        self._reasoner = reasoner
        self._timed = timed
        self._alone: dict[str, float] = {}

    async def run(self, at_once: int) -> list[Took]:
        """Investigations that start together."""
        numbers = [await _opened(self._made.store) for _ in range(at_once)]
        walls = await asyncio.gather(*map(self._timed.seconds, numbers))
        cases = [await self._made.store.cases.load(number) for number in numbers]
        return [Took(w, await self._critical(c)) for w, c in zip(walls, cases, strict=True)]

    async def _critical(self, case: Case) -> float:
        for check in (step.check for step in case.steps):
            if check.key not in self._alone:
                self._alone[check.key] = await alone_seconds(self._made.registry, check)
        thoughts = self._reasoner.thoughts[case.investigation.id]
        return critical_seconds(case.steps, self._alone, thoughts)


async def _opened(store: Store) -> int:
    triage = Triage(decision=Decision.INVESTIGATE, reason="benchmark")
    signal, now = alert(REDIS), SystemClock().now()
    opened, _ = await store.investigations.open(signal, triage, Budget(), signal.key, now)
    return opened.id


def _figures(at_once: int, runs: list[list[Took]]) -> list[Figure]:
    found = [took for run in runs for took in run]
    ratios = [took.wall_seconds / took.critical_seconds for took in found]
    name = f"{at_once} at once"
    return [
        Figure(f"{name}: wall / critical path, median", median(ratios), "x", _BOUNDS.get(at_once)),
        Figure(f"{name}: wall / critical path, slowest tenth", percentile(ratios, 0.9), "x"),
        Figure(f"{name}: wall time, median", median(t.wall_seconds for t in found), "s"),
        Figure(f"{name}: critical path, median", median(t.critical_seconds for t in found), "s"),
    ]

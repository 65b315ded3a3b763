"""Wall time of an investigation against its critical path, and what it costs: one, ten and fifty at once.

Tools, vendors' clients, rules, PostgreSQL and DBOS are the real ones; the vendors' answers are those of a sandbox, played
back by a process of its own, and ``benchmarks.latencies`` fixes how long a check and a thought take.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import mean, median
from unittest.mock import patch

from agent.investigation.loop import Investigator
from agent.model import Budget, Case, Decision, Signal, Triage
from agent.reasoning.rules import Rules
from benchmarks.databases import database
from benchmarks.durable import Timed, durable
from benchmarks.figure import Figure, percentile
from benchmarks.latencies import (
    THOUGHT_SECONDS,
    VENDOR_SECONDS,
    SlowReasoner,
    alone_seconds,
    critical_seconds,
)
from benchmarks.processes import company, environment, replayed
from benchmarks.quiet import NobodyTold
from benchmarks.stories import REDIS, SERVICES, alert, latency_alert
from bot.clock import SystemClock
from bot.runtime import Parts, parts
from bot.settings import Settings

MODEL_SECONDS = 4.0
"""What a call of a large model takes at best: 3 to 10 s are usual. What is promised is promised at this."""
_ALONE_OF_A_TOOL = 8
_BOUNDS = {1: 1.1, 50: 1.25}
"""Investigations at once -> the most that wall time may be of the critical path."""


@dataclass(frozen=True)
class Load:
    """Investigations that start together."""

    name: str
    at_once: int
    times: int = 1
    thought_seconds: float = THOUGHT_SECONDS
    spread: bool = False
    """Over many services; else all are on one, as in one outage."""

    @property
    def bound(self) -> float | None:
        """What is promised of wall time / critical path; None: it is measured, for nothing is promised of it."""
        return _BOUNDS.get(self.at_once) if self.thought_seconds >= MODEL_SECONDS else None

    def signals(self) -> list[Signal]:
        """An alert for each."""
        if not self.spread:
            return [alert(REDIS) for _ in range(self.at_once)]
        return [latency_alert(SERVICES[n % len(SERVICES)]) for n in range(self.at_once)]


_SPREAD = f"50 at once, over {len(SERVICES)} services"
_THINKING = f"a thought of {MODEL_SECONDS:g} s"
LOADS = (
    Load(f"1 at once, {_THINKING}", 1, times=2, thought_seconds=MODEL_SECONDS),
    Load(f"50 at once, {_THINKING}", 50, thought_seconds=MODEL_SECONDS),
    Load(f"{_SPREAD}, {_THINKING}", 50, thought_seconds=MODEL_SECONDS, spread=True),
    # Harsher than any model is: with next to no time to think in, fifty want the processor at the same moments.
    Load("1 at once", 1, times=3),
    Load("10 at once", 10),
    Load("50 at once", 50),
    Load(_SPREAD, 50, spread=True),
)


def measure() -> list[Figure]:
    """Ratios of wall time to critical path, and costs."""
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
        investigator = _investigator(made, reasoner)
        most = max(load.at_once for load in LOADS)
        async with durable(url, investigator, made.store.post, most) as timed:
            trial = Trial(made, reasoner, investigator, timed)
            await trial.run(Load("warming up", 1))  # connections are opened, code is warm
            return [figure for load in LOADS for figure in (await trial.run(load)).figures()]


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


@dataclass
class Took:
    """What the investigations of a load took."""

    load: Load
    wall_seconds: list[float] = field(default_factory=list)
    critical_seconds: list[float] = field(default_factory=list)
    checks: list[int] = field(default_factory=list)
    """Look-ups of each."""
    cpu_seconds: float = 0.0
    """Of this process, for all of them."""
    calls: int = 0
    """Tools called, for all of them."""

    def figures(self) -> list[Figure]:
        """Medians, and costs for each investigation."""
        pairs = zip(self.wall_seconds, self.critical_seconds, strict=True)
        ratios = [wall / critical for wall, critical in pairs]
        name, count = self.load.name, len(ratios)
        return [
            Figure(f"{name}: wall / critical path, median", median(ratios), "x", self.load.bound),
            Figure(f"{name}: wall / critical path, slowest tenth", percentile(ratios, 0.9), "x"),
            Figure(f"{name}: wall time, median", median(self.wall_seconds), "s"),
            Figure(f"{name}: critical path, median", median(self.critical_seconds), "s"),
            Figure(f"{name}: CPU for each", self.cpu_seconds / count, "s"),
            Figure(f"{name}: checks of each", mean(self.checks), ""),
            Figure(f"{name}: calls made for each", self.calls / count, ""),
        ]


class Trial:
    """Runs investigations and says what they took."""

    def __init__(
        self, made: Parts, reasoner: SlowReasoner, investigator: Investigator, timed: Timed
    ) -> None:
        self._made = made
        self._reasoner = reasoner
        self._sharing = investigator.equipment.checks.sharing
        self._timed = timed
        self._alone: dict[str, float] = {}
        self._measured: dict[str, list[float]] = defaultdict(list)

    async def run(self, load: Load) -> Took:
        """Investigations that start together, as often as the load says."""
        took = Took(load)
        self._reasoner.thought_seconds = load.thought_seconds
        for _ in range(load.times):
            numbers = [await self._opened(signal) for signal in load.signals()]
            cpu, calls = time.process_time(), self._sharing.made
            took.wall_seconds += await asyncio.gather(*map(self._timed.seconds, numbers))
            took.cpu_seconds += time.process_time() - cpu
            took.calls += self._sharing.made - calls
            cases = [await self._made.store.cases.load(number) for number in numbers]
            took.checks += [len(case.steps) for case in cases]
            await self._measure_alone(cases)
            took.critical_seconds += [self._critical(case) for case in cases]
        return took

    async def _measure_alone(self, cases: Sequence[Case]) -> None:
        """What each check takes by itself; of a tool that was measured often enough, the median of those.

        To ask every check of ten services alone would take longer than all that is measured.
        """
        for check in (step.check for case in cases for step in case.steps):
            if check.key in self._alone:
                continue
            known = self._measured[check.tool]
            if len(known) < _ALONE_OF_A_TOOL:
                known.append(await alone_seconds(self._made.registry, check))
                self._alone[check.key] = known[-1]
            else:
                self._alone[check.key] = median(known)

    def _critical(self, case: Case) -> float:
        thoughts = self._reasoner.thoughts[case.investigation.id]
        return critical_seconds(case.steps, self._alone, thoughts, self._reasoner.thought_seconds)

    async def _opened(self, signal: Signal) -> int:
        triage = Triage(decision=Decision.INVESTIGATE, reason="benchmark")
        investigations, now = self._made.store.investigations, SystemClock().now()
        opened, _ = await investigations.open(signal, triage, Budget(), signal.key, now)
        return opened.id

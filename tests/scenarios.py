"""Plays scenarios in this process, for tests: the sandbox's APIs over HTTP, the vendors' real clients, the real loop.

``await investigate("login-failure")`` gives what was found, ``judge(played)`` how right it was. What surrounds the loop
is real as well (graph, tools, store) on a database of its own; only people are absent and the clock of waiting is short.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any
from unittest.mock import patch

from agent.investigation.loop import Investigator
from agent.knowledge.facts import Seen
from agent.knowledge.scan import scan
from agent.learning.patterns import pattern_of
from agent.model import (
    Budget,
    Case,
    Change,
    Conversation,
    Decision,
    Finding,
    Reading,
    Signal,
    Step,
    Triage,
)
from agent.ports import GraphBuilder, Reasoner
from agent.reasoning.rules import Rules
from agent.store.repository import Store
from benchmarks.processes import environment
from benchmarks.quiet import NobodyTold
from bot.clock import SystemClock
from bot.runtime import Parts, parts
from bot.settings import Settings
from bot.slack import alert_messages
from bot.slack.alerts import alert_signal
from evals.alerting import alert_message
from evals.citations import check
from evals.mending import Company
from evals.scoring import Score, score
from evals.told import Told
from sandbox.app import Sandbox, build
from sandbox.serving import Running, served
from sandbox.slack.senders import SENDERS
from sandbox.world.scenario import Scenario, Truth, load_scenario
from tests import postgres
from tests.unit.agent.investigation.house import Journal, Letters

__all__ = ["Judgement", "Played", "investigate", "judge", "play", "recur"]

Before = Callable[[Store], Awaitable[None]]
_CHANGING = "kubernetes"
"""The source whose view differs from scenario to scenario; what the others see is looked at once."""


@dataclass(frozen=True)
class Played:
    """A scenario that was investigated."""

    scenario: Scenario
    case: Case
    changes: tuple[Change, ...]
    """What would mend it, best first."""
    seconds: float
    """Wall time of the investigation alone."""
    mending: Company

    @property
    def finding(self) -> Finding:
        """What was concluded."""
        assert self.case.finding is not None
        return self.case.finding

    @property
    def tool_calls(self) -> int:
        """How many there were."""
        return len(self.case.steps)

    @cached_property
    def told(self) -> Told:
        """The finding as the evals read it."""
        record = self.case.model_dump(mode="json", exclude={"steps"})
        return Told.of({**record, "changes": [c.model_dump(mode="json") for c in self.changes]})

    def opens(self, citation: int) -> str | None:
        """The stored bytes behind a citation."""
        step = next((e.step for e in self.case.evidence if e.number == citation), 0)
        reading = next((s.reading for s in self.case.steps if s.number == step), None)
        return (reading.raw or reading.observation) if reading else None

    def reading(self, tool: str) -> Reading | None:
        """The first answer of a tool, to see why something was (not) found."""
        return next((s.reading for s in self.case.steps if s.check.tool == tool), None)

    def explain(self) -> str:
        """What was found and why, for the message of a failing test."""
        finding = self.finding
        lines = [
            f"{finding.ending}: {finding.mode} at {finding.entity} ({finding.confidence:.0%})",
            finding.headline,
            *(f"  - {c.text} {list(c.citations)}" for c in finding.chain),
            "changes: " + (", ".join(c.text for c in self.told.changes) or "none"),
            f"{self.tool_calls} tool calls in {self.seconds:.1f} s",
        ]
        for h in self.case.ranked()[:8]:
            said = "; ".join(
                f"{e.statement} ({e.weights[h.id]:+.1f})"
                for e in self.case.evidence
                if h.id in e.weights
            )
            lines.append(f"  {h.log_odds:+.1f} {h.mode} {h.entity} (prior {h.prior:+.1f}): {said}")
        failed = [f"{s.check.tool}: {s.error}" for s in self.case.steps if s.status != "ok"]
        return "\n".join(lines + failed)


@dataclass(frozen=True)
class Judgement:
    """How right it was; see ``evals.scoring``."""

    right_cause: bool
    """Right kind at a right entity; on a healthy company: that nothing is wrong."""
    right_entity: bool
    right_kind: bool
    fix_score: int
    """100, 65, 35 or 0."""
    invented_citations: int
    false_claims: tuple[str, ...]
    proposed_on_healthy: bool


def judge(played: Played, truth: Truth | None = None) -> Judgement:
    """Judge by the scenario's own truth, unless another is given."""
    checked = check(played.told.sentences, played.opens)
    given: Score = score(played.told, truth or played.scenario.truth, played.mending.mends, checked)
    return Judgement(
        right_cause=given.cause,
        right_entity=given.entity,
        right_kind=given.kind,
        fix_score=given.fix,
        invented_citations=len(given.citations.invented),
        false_claims=given.false_claims,
        proposed_on_healthy=given.proposed_on_healthy,
    )


def play(scenario: str, **options: Any) -> Played:
    """``investigate`` for tests that are not asynchronous."""
    return asyncio.run(investigate(scenario, **options))


async def investigate(
    scenario: str | Sandbox,
    *,
    reasoner: Reasoner | None = None,
    budget: Budget | None = None,
    patience_seconds: float = 0.0,
    settings: Mapping[str, str] | None = None,
    signal: Mapping[str, Any] | None = None,
    alert: int = 0,
    asked: Signal | None = None,
    scans: bool = True,
) -> Played:
    """Investigate a scenario's alert, or what somebody asks.

    Args:
        scenario: its name, or a sandbox that was built already.
        reasoner: the rules unless another is given.
        budget: what it may spend.
        patience_seconds: how long it waits before a second look.
        settings: environment variables beside those that connect the vendors.
        signal: fields of the signal instead of the alert's own.
        alert: which of the scenario's alerts.
        asked: what is investigated instead of an alert.
        scans: whether the company's graph is known.
    """
    with (
        postgres.server() as server,
        postgres.fresh_database(server) as url,
        served(_built(scenario)) as company,
        patch.dict(os.environ, {**environment(company.url), **(settings or {})}),
    ):
        async with parts(Settings(), url) as made:
            if scans:
                await scan([_remembered(b) for b in made.vendors.builders], made.store.graph)
            told = asked or alert_of(company, alert)
            told = told.model_copy(update=signal or {})
            began = time.perf_counter()
            case, changes = await _investigated(
                made, told, reasoner, budget or Budget(), patience_seconds
            )
            seconds = time.perf_counter() - began
        spec = company.sandbox.scenario
        return Played(spec, case, changes, seconds, Company(spec, company.sandbox.store))


async def recur(
    scenarios: Sequence[str | Sandbox], before: Mapping[int, Before] | None = None
) -> list[Played]:
    """Investigate one scenario after the other with one memory, which learns from each.

    Args:
        scenarios: in their order.
        before: what is done to the memory before the one at a place, counted from 0.
    """
    found: list[Played] = []
    with postgres.server() as server, postgres.fresh_database(server) as url:
        for place, scenario in enumerate(scenarios):
            with (
                served(_built(scenario)) as company,
                patch.dict(os.environ, environment(company.url)),
            ):
                async with parts(Settings(), url) as made:
                    await scan([_remembered(b) for b in made.vendors.builders], made.store.graph)
                    if before and place in before:
                        await before[place](made.store)
                    told = alert_of(company).model_copy(update={"key": f"test:{place}"})
                    began = time.perf_counter()
                    case, changes = await _investigated(made, told, None, Budget(), 0.0)
                    seconds = time.perf_counter() - began
                    if (pattern := pattern_of(case)) is not None:
                        await made.store.patterns.learn(pattern)
                spec = company.sandbox.scenario
                mending = Company(spec, company.sandbox.store)
                found.append(Played(spec, case, changes, seconds, mending))
    return found


def _built(scenario: str | Sandbox) -> Sandbox:
    return build(scenario, posts_alerts=False) if isinstance(scenario, str) else scenario


async def _investigated(
    made: Parts,
    signal: Signal,
    reasoner: Reasoner | None,
    budget: Budget,
    patience_seconds: float,
) -> tuple[Case, tuple[Change, ...]]:
    rules, store = Rules(), made.store
    triage = Triage(decision=Decision.INVESTIGATE, reason="a test plays it", impact=0.8)
    opened, _ = await store.investigations.open(
        signal, triage, budget, signal.key, SystemClock().now()
    )
    investigator = Investigator(
        made.registry,
        reasoner or rules,
        rules,
        store.cases,
        store.memory,
        NobodyTold(),
        SystemClock(),
        patience_seconds=patience_seconds,
    )
    found = await investigator.run(opened.id, Journal(), Letters())
    steps: Sequence[Step] = await store.cases.load_steps(opened.id)
    return found.case.model_copy(update={"steps": tuple(steps)}), found.changes


def alert_of(company: Running, position: int = 0) -> Signal:
    """An alert of the scenario as Slack would bring it.

    Raises:
        ValueError: the scenario posts no such alert.
    """
    alerts = company.sandbox.scenario.alerts
    if position >= len(alerts):
        raise ValueError(f"{company.sandbox.scenario.name} posts {len(alerts)} alerts")
    message = company.call(alert_message, company.sandbox, position)
    spec = alerts[position]
    parsed = alert_messages.parse(message, SENDERS[spec.sender]["name"])
    assert parsed is not None
    now = SystemClock().now()
    place = Conversation(channel=spec.channel, thread=f"{now.timestamp():.6f}")
    return alert_signal(parsed, f"test:{place.thread}", place, now)


class _Remembered:
    """A graph builder that looks once a process."""

    def __init__(self, builder: GraphBuilder) -> None:
        self.origin = builder.origin
        self._builder = builder

    async def build(self) -> Seen:
        known = _seen()
        if self.origin not in known:
            known[self.origin] = await self._builder.build()
        return known[self.origin]


def _remembered(builder: GraphBuilder) -> GraphBuilder:
    return builder if builder.origin == _CHANGING else _Remembered(builder)


@cache
def _seen() -> dict[str, Seen]:
    return {}


def truth_of(scenario: str) -> Truth:
    """What is true in a scenario."""
    return load_scenario(scenario).truth

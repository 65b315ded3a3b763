"""What surrounds an investigation in tests: an in-memory store, a replayable durable, a notifier that remembers."""

from __future__ import annotations

import pickle
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from agent.investigation.loop import Investigated, Investigator
from agent.model import (
    Budget,
    Case,
    Conversation,
    Decision,
    Entity,
    Evidence,
    Finding,
    Hypothesis,
    Investigation,
    Pattern,
    Relation,
    Signal,
    SignalKind,
    Step,
    Triage,
)
from agent.ports import Reasoner, Received
from agent.reasoning.rules import Rules
from agent.tools import Registry

T = TypeVar("T")
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


class Killed(BaseException):
    """The process died here."""


class TestClock:
    """Moves a little with each look."""

    __test__ = False

    def __init__(self) -> None:
        self._at = NOW

    def now(self) -> datetime:
        self._at += timedelta(milliseconds=10)
        return self._at


class Journal:
    """A durable that remembers results by name and can die before or after a step."""

    def __init__(self) -> None:
        self.results: dict[str, bytes] = {}
        self.names: list[str] = []
        self.die_before: str = ""

    async def step(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        assert name not in self.names, f"{name} is not unique"
        self.names.append(name)
        if name in self.results:
            kept: T = pickle.loads(self.results[name])
            return kept
        if name == self.die_before:
            raise Killed(name)
        result = await work()
        self.results[name] = pickle.dumps(result)
        return result

    def restarted(self) -> Journal:
        again = Journal()
        again.results = dict(self.results)
        return again


class MemoryStore:
    """Cases in memory, as the database would keep them."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.steps: dict[int, Step] = {}
        self.hypotheses: dict[str, Hypothesis] = {}
        self.evidence: dict[int, Evidence] = {}
        self.finding: Finding | None = None
        self.investigation = case.investigation

    async def load(self, investigation: int) -> Case:
        return self.case.model_copy(update={"steps": tuple(self.steps.values()), "now": NOW})

    async def save_investigation(self, investigation: Investigation) -> None:
        self.investigation = investigation

    async def save_step(self, investigation: int, step: Step) -> Step:
        return self.steps.setdefault(step.number, step)

    async def load_steps_from(self, investigation: int, number: int) -> tuple[Step, ...]:
        return tuple(s for s in await self.load_steps(investigation) if s.number >= number)

    async def load_raw(self, investigation: int) -> dict[int, str]:
        return {n: s.reading.raw for n, s in self.steps.items() if s.reading is not None}

    async def load_steps(self, investigation: int) -> tuple[Step, ...]:
        return tuple(self.steps[n] for n in sorted(self.steps))

    async def save_hypotheses(
        self, investigation: int, round_number: int, hypotheses: Sequence[Hypothesis]
    ) -> None:
        self.hypotheses |= {h.id: h for h in hypotheses}

    async def save_evidence(self, investigation: int, evidence: Sequence[Evidence]) -> None:
        self.evidence |= {e.number: e for e in evidence}

    async def save_finding(self, investigation: int, finding: Finding) -> None:
        self.finding = finding


class Knowing:
    """A memory with a fixed graph."""

    def __init__(
        self,
        entities: tuple[Entity, ...] = (),
        relations: tuple[Relation, ...] = (),
        patterns: tuple[Pattern, ...] = (),
    ) -> None:
        self.entities, self.relations, self.patterns = entities, relations, patterns

    async def locate(self, text: str, environment: str = "") -> Entity | None:
        return next((e for e in self.entities if e.name in text), None)

    async def around(
        self, name: str, namespace: str = ""
    ) -> tuple[tuple[Entity, ...], tuple[Relation, ...]]:
        return self.entities, self.relations

    async def recall(self, signal: Signal) -> tuple[Pattern, ...]:
        return self.patterns


class Told:
    """A notifier that remembers what it was told; saying a key again shows nothing new."""

    def __init__(self) -> None:
        self.updates: dict[str, str] = {}
        self.reports: list[Case] = []
        self.summaries = 0

    async def summary(self, case: Case) -> Conversation:
        self.summaries += 1
        return Conversation(channel="C0ALERTS", thread="1")

    async def update(self, case: Case, key: str, text: str) -> None:
        self.updates.setdefault(key, text)

    async def report(self, case: Case) -> None:
        self.reports.append(case)

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the loop never calls {name}")


class Letters:
    """An inbox that hands out prepared letters, one a round."""

    def __init__(self, *letters: Received) -> None:
        self._letters = list(letters)

    async def take(self) -> Received:
        return self._letters.pop(0) if self._letters else Received()


def signal_on(service: str, title: str, **more: Any) -> Signal:
    return Signal(
        key=f"alert-{service}",
        kind=SignalKind.ALERT,
        source="datadog",
        title=title,
        service=service,
        namespace="production",
        environment="production",
        occurred_at=NOW,
        **more,
    )


def case_of(signal: Signal, budget: Budget | None = None) -> Case:
    head = Investigation(
        id=7,
        signal=signal,
        triage=Triage(decision=Decision.INVESTIGATE, reason="it is tier 1"),
        budget=budget or Budget(),
        started_at=NOW,
    )
    return Case(investigation=head, now=NOW)


class House:
    """Everything an investigation needs, ready to run."""

    def __init__(
        self,
        tools: object,
        signal: Signal,
        reasoner: Reasoner | None = None,
        budget: Budget | None = None,
        memory: Knowing | None = None,
    ) -> None:
        self.store = MemoryStore(case_of(signal, budget))
        self.told = Told()
        self.journal = Journal()
        rules = Rules()
        self.investigator = Investigator(
            Registry([tools]),
            reasoner or rules,
            rules,
            self.store,
            memory or Knowing(),
            self.told,
            TestClock(),
            patience_seconds=0.01,
        )

    async def investigate(self, *letters: Received) -> Investigated:
        return await self.investigator.run(7, self.journal, Letters(*letters))

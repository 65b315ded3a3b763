"""What the loop promises whatever the reasoner: budgets, no repeats, notes, crashes, and the rules taking over."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence

import pytest

from agent.errors import ReasonerUnavailable
from agent.model import (
    Budget,
    Case,
    Check,
    Claim,
    Ending,
    Evidence,
    Finding,
    Hypothesis,
    InvestigationStatus,
    Note,
    Reading,
    Step,
)
from agent.ports import Answered, Concluded, Proposed, Received, Weighed
from agent.tools import tool
from tests.unit.agent.investigation.company import login_story, redis_story
from tests.unit.agent.investigation.house import NOW, House, Killed, signal_on

LOGIN = signal_on("auth", "Login failures on auth", fingerprint="1003")
REDIS = signal_on("redis-reco", "Redis command latency is high on redis-reco", fingerprint="1001")


class Model:
    """A scripted reasoner."""

    name = "scripted-model"

    def __init__(self, fails_at: str = "", finding: Finding | None = None) -> None:
        self.fails_at = fails_at
        self.finding = finding
        self.cases: list[Case] = []

    def _speak(self, what: str, case: Case) -> None:
        self.cases.append(case)
        if what == self.fails_at:
            raise ReasonerUnavailable("the endpoint answers 503")

    async def propose(self, case: Case) -> Proposed:
        self._speak("propose", case)
        pool = Hypothesis(
            id="H1", mode="other", statement="the pool of auth is full", entity="auth"
        )
        check = Check(
            tool="datadog_metrics",
            arguments={"query": "avg:hikaricp.connections.active{service:auth,env:production}"},
        )
        return Proposed(hypotheses=(pool,), checks=(check, check))

    async def weigh(self, case: Case, steps: Sequence[Step]) -> Weighed:
        self._speak("weigh", case)
        last = steps[-1]
        true = Evidence(
            number=1,
            step=last.number,
            statement="it was looked at",
            weights={"H1": 2.0},
            read_at=NOW,
        )
        false = true.model_copy(update={"statement": "the pool is at 9731 of 9999"})
        return Weighed(evidence=(true, false))

    async def conclude(self, case: Case) -> Concluded:
        self._speak("conclude", case)
        finding = self.finding or Finding(ending=Ending.INPUT_NEEDED, headline="Unclear")
        return Concluded(finding=finding)

    async def answer(self, case: Case, steps: Sequence[Step]) -> Answered:
        raise NotImplementedError


async def test_nothing_is_asked_twice() -> None:
    company = redis_story()
    await House(company, REDIS).investigate()
    assert company.asked
    assert max(company.asked.values()) == 1


async def test_the_budget_of_tool_calls_bounds_the_rounds_and_says_so() -> None:
    house = House(login_story(), LOGIN, budget=Budget(tool_calls=9))
    result = await house.investigate()
    finding = result.case.finding
    assert finding is not None
    assert len(result.case.steps) <= 9
    assert finding.ending is Ending.BUDGET_USED
    assert "9 tool calls" in finding.headline
    assert finding.next_steps


async def test_a_stop_ends_it_with_what_is_known() -> None:
    house = House(redis_story(), REDIS)
    result = await house.investigate(Received(stop=True))
    assert result.case.investigation.status is InvestigationStatus.STOPPED
    assert result.case.round == 1


async def test_it_says_why_it_looked_no_further() -> None:
    async def why(house: House, *letters: Received) -> str:
        finding = (await house.investigate(*letters)).case.finding
        assert finding is not None
        return finding.stopped_because

    sure = await why(House(login_story(), LOGIN))
    bound = await why(House(login_story(), LOGIN, budget=Budget(tool_calls=9)))
    stopped = await why(House(redis_story(), REDIS), Received(stop=True))
    blind = login_story()
    blind.denied = {"datadog_metrics"}
    assert re.search(r"None of the \d+ checks left could put another cause first: .* \d\.\d", sure)
    assert "9 tool calls" in bound
    assert "engineer" in stopped
    assert "Nothing else" in await why(House(blind, LOGIN))


async def test_a_note_reaches_the_reasoner_within_the_round() -> None:
    model = Model()
    note = Note(user="U0ENGINEER", text="we moved sessions last month", at=NOW)
    await House(login_story(), LOGIN, reasoner=model).investigate(Received(notes=(note,)))
    assert model.cases[1].notes == (note,)


async def test_what_was_refused_is_named_as_a_blind_spot() -> None:
    company = login_story()
    company.denied = {"datadog_metrics"}
    result = await House(company, LOGIN).investigate()
    finding = result.case.finding
    assert finding is not None
    assert any("403" in u for u in finding.unseen)
    assert finding.ending is not Ending.CAUSE_FOUND


@pytest.mark.parametrize("fails_at", ["propose", "weigh", "conclude"])
async def test_when_the_model_fails_the_rules_take_over_and_the_thread_says_so(
    fails_at: str,
) -> None:
    house = House(login_story(), LOGIN, reasoner=Model(fails_at=fails_at))
    result = await house.investigate()
    assert result.case.investigation.reasoner == "rules"
    assert result.case.finding is not None
    assert result.case.finding.reasoner == "rules"
    assert "503" in house.told.updates["take-over"]


@pytest.mark.parametrize("fails_at", ["propose", "weigh"])
async def test_the_rules_find_the_cause_from_the_evidence_so_far(fails_at: str) -> None:
    result = await House(login_story(), LOGIN, reasoner=Model(fails_at=fails_at)).investigate()
    assert result.case.finding is not None
    assert result.case.finding.mode == "connection_pool_exhaustion"


async def test_a_models_invented_evidence_is_not_admitted() -> None:
    result = await House(login_story(), LOGIN, reasoner=Model()).investigate()
    statements = {e.statement for e in result.case.evidence}
    assert "it was looked at" in statements
    assert "the pool is at 9731 of 9999" not in statements


async def test_a_models_invented_sentences_are_struck_and_counted() -> None:
    finding = Finding(
        ending=Ending.CAUSE_FOUND,
        headline="The pool of auth is at 87 of 311 connections",
        mode="other",
        entity="auth",
        confidence=0.99,
        chain=(Claim(text="The pool holds 8231 connections", citations=(1,)),),
    )
    house = House(login_story(), LOGIN, reasoner=Model(finding=finding))
    result = await house.investigate()
    assert result.case.finding is not None
    assert result.case.finding.struck == 2
    assert result.case.finding.chain == ()
    assert result.case.finding.ending is not Ending.CAUSE_FOUND
    assert "311" not in result.case.finding.headline


async def test_killed_before_any_step_it_goes_on_to_the_same_end_without_repeating_calls() -> None:
    whole = House(login_story(), LOGIN)
    expected = await whole.investigate()
    for name in whole.journal.names:
        company = login_story()
        house = House(company, LOGIN)
        house.journal.die_before = name
        with pytest.raises(Killed):
            await house.investigate()
        house.journal = house.journal.restarted()
        result = await house.investigate()
        assert result.case.finding is not None
        assert expected.case.finding is not None
        assert result.case.finding.headline == expected.case.finding.headline
        assert max(company.asked.values()) == 1
        assert len(house.told.reports) == 1


class SlowTools:
    """Tools that take a known time."""

    @tool("datadog")
    async def datadog_metrics(self, query: str, minutes: float = 720) -> Reading:
        """Slow."""
        await asyncio.sleep(0.2)
        return Reading(source="datadog", query=query, observation="", data={"series": []})

    @tool("kubernetes")
    async def kubernetes_jobs(self, namespace: str, hours: float = 24) -> Reading:
        """Slow."""
        await asyncio.sleep(0.2)
        data = {"cron_jobs": [], "jobs": []}
        return Reading(source="kubernetes", query="jobs", observation="", data=data)


async def test_the_checks_of_a_round_run_at_once() -> None:
    house = House(SlowTools(), LOGIN)
    began = time.monotonic()
    result = await house.investigate()
    rounds = result.case.round + 1
    calls = len(result.case.steps)
    assert calls > 2 * rounds
    assert time.monotonic() - began < 0.2 * calls, "one after the other takes longer"


async def test_each_round_tells_the_thread_at_most_once() -> None:
    house = House(redis_story(), REDIS)
    await house.investigate()
    assert any("*Ruled out:*" in text for text in house.told.updates.values())
    assert len(house.told.updates) <= house.told.summaries

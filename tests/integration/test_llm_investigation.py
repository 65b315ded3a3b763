"""A whole investigation by a model on the real store, and by the rules once the model gives up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import pytest

from agent.investigation.loop import Investigator
from agent.model import Case, Conversation, Ending, InvestigationStatus, Proposal, Reading
from agent.ports import CaseStore, Memory, Received
from agent.reasoning.llm import LlmReasoner
from agent.reasoning.rules import Rules
from agent.store.repository import Store
from agent.tools import Registry, tool
from tests.integration.test_llm import conclusion, hypothesis
from tests.integration.test_store_cases import opened
from tests.openai_server import MODEL, Body, OpenAiServer, call, completion

T = TypeVar("T")


class Lookups:
    @tool("datadog")
    async def datadog_metrics(self, query: str) -> Reading:
        """One metrics query."""
        return Reading(
            source="datadog",
            query=query,
            observation=f"{query}: last 15.6 GiB of 16 GiB since 01:40",
            data={"series": [{"last": 15.6, "maximum": 16}]},
            raw="password=hunter2",
        )

    @tool("kubernetes")
    async def kubernetes_events(self, namespace: str, name: str = "") -> Reading:
        """Events of a namespace."""
        return Reading(
            source="kubernetes",
            query=f"events {namespace}",
            observation="redis-reco: OOM warning, 15.6 GiB used",
            data={"events": [{"object": "redis-reco", "used": 15.6}]},
        )


class Once:
    async def step(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        return await work()


class Nobody:
    async def take(self) -> Received:
        return Received()


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class Thread:
    """Remembers what people were told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def summary(self, case: Case) -> Conversation:
        return Conversation(channel="C1", thread="1.1")

    async def update(self, case: Case, key: str, text: str) -> None:
        self.told.append(text)

    async def report(self, case: Case) -> None:
        self.told.append("report")

    async def proposal(
        self, case: Case, proposal: Proposal, note: str = "", approved_by: Sequence[str] = ()
    ) -> None:
        raise AssertionError("the loop proposes nothing")


@pytest.fixture
async def server() -> AsyncIterator[OpenAiServer]:
    async with OpenAiServer() as running:
        yield running


def investigator(server: OpenAiServer, store: Store, thread: Thread) -> Investigator:
    registry = Registry([Lookups()])
    cases: CaseStore = store.cases
    memory: Memory = store.memory
    reasoner = LlmReasoner(
        server.client(), MODEL, registry, modes=["cache_memory_pressure"], deadline_seconds=2.0
    )
    by_rules = Rules()
    return Investigator(registry, reasoner, by_rules, cases, memory, thread, Clock())  # type: ignore[arg-type]


def model(body: Body) -> object:
    """Plays the model: proposes, weighs each step that it is shown, concludes."""
    task = body["messages"][-1]["content"]
    if "Hand in propose_hypotheses" in task:
        return completion(
            call("propose_hypotheses", hypotheses=[hypothesis(entity="redis-reco")]),
            call("datadog_metrics", query="redis.mem.used", why="how full", tells=["H1"]),
        )
    if "Hand in weigh_evidence" in task:
        metrics = "redis.mem.used: last" in str(body["messages"])
        facts = [_fact(1, "redis-reco used 15.6 GiB")]
        facts += [_fact(2, "redis.mem.used is 15.6 GiB of 16 GiB")] if metrics else []
        facts.append(_fact(1, "redis-reco used 99.9 GiB"))
        return completion(call("weigh_evidence", facts=facts, new_hypotheses=[]))
    claims = [
        {"text": "redis-reco used 15.6 GiB", "citations": [1]},
        {"text": "It was struck by 777 lightnings", "citations": [1]},
    ]
    return completion(call("conclude", **conclusion(headline="redis-reco is full", chain=claims)))


def _fact(step: int, statement: str) -> dict[str, object]:
    verdicts = [{"hypothesis": "H1", "verdict": "strongly_supports"}]
    return {"step": step, "statement": statement, "verdicts": verdicts}


async def test_a_model_investigates_and_its_inventions_are_struck(
    server: OpenAiServer, store: Store
) -> None:
    server.script = model
    one = await opened(store, service="reco", environment="production")
    await investigator(server, store, Thread()).run(one.id, Once(), Nobody())
    case = await store.cases.load(one.id)
    assert case.finding is not None
    assert case.finding.ending is Ending.CAUSE_FOUND
    assert case.finding.reasoner == case.investigation.reasoner == MODEL
    assert [c.text for c in case.finding.chain] == ["redis-reco used 15.6 GiB"]
    assert case.finding.struck == 1
    assert not any("99.9" in e.statement for e in case.evidence)
    assert case.investigation.spent.prompt_tokens >= 3000
    assert "hunter2" not in "".join(
        s.model_dump_json() for s in await store.cases.load_steps(one.id)
    )


async def test_the_rules_take_over_in_the_middle_and_the_thread_says_so(
    server: OpenAiServer, store: Store
) -> None:
    def dies(body: Body) -> object:
        task = body["messages"][-1]["content"]
        return model(body) if "propose_hypotheses" in task else completion(refusal="no")

    server.script = dies
    thread = Thread()
    one = await opened(store, service="reco", environment="production")
    await investigator(server, store, thread).run(one.id, Once(), Nobody())
    case = await store.cases.load(one.id)
    assert case.investigation.reasoner == "rules"
    assert case.investigation.status is not InvestigationStatus.RUNNING
    assert case.finding is not None
    assert any("cannot go on" in text and "rules take over" in text for text in thread.told)

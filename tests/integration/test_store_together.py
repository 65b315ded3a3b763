"""What many investigations ask or save at the same time is one question, or one transaction, and comes out as if alone."""

from __future__ import annotations

import asyncio

from agent.knowledge.facts import Seen
from agent.model import Evidence, Hypothesis, InvestigationStatus
from agent.store.repository import Store
from tests.integration.test_store_cases import NOW, opened
from tests.integration.test_store_knowledge import entity


async def test_those_who_look_around_at_the_same_time_are_given_one_answer(store: Store) -> None:
    await store.graph.take("kubernetes", Seen(entities=(entity("cart"),), relations=()))
    one, two = await asyncio.gather(*(store.memory.around("cart", "production") for _ in range(2)))
    assert one is two
    await store.graph.take(
        "kubernetes", Seen(entities=(entity("cart", kind="deployment"),), relations=())
    )
    (later,), _ = await store.memory.around("cart", "production")
    assert later.kind == "deployment", "whoever asks afterwards sees what changed meanwhile"


async def test_rounds_saved_at_the_same_time_are_each_their_own(store: Store) -> None:
    cases = [await opened(store, f"alert-{n}") for n in range(5)]

    async def save(number: int, investigation: int) -> None:
        board = [
            Hypothesis(id=f"H{n}", mode="m", statement=f"cause {number}", log_odds=number)
            for n in range(3)
        ]
        piece = Evidence(
            number=1, step=1, statement="it says", weights={"H1": float(number)}, read_at=NOW
        )
        case = await store.cases.load(investigation)
        head = case.investigation.model_copy(update={"status": InvestigationStatus.CLOSED})
        await asyncio.gather(
            store.cases.save_investigation(head),
            store.cases.save_hypotheses(investigation, number, board),
            store.cases.save_evidence(investigation, [piece]),
        )

    await asyncio.gather(*(save(n, one.id) for n, one in enumerate(cases)))

    for number, one in enumerate(cases):
        case = await store.cases.load(one.id)
        assert case.investigation.status is InvestigationStatus.CLOSED
        assert {h.statement for h in case.hypotheses} == {f"cause {number}"}
        assert case.evidence[0].weights == {"H1": float(number)}
        assert case.round == number
        assert [r for r, _ in await store.cases.boards(one.id)] == [number]


async def test_one_round_that_cannot_be_saved_fails_alone(store: Store) -> None:
    good = await opened(store, "alert-good")
    fine = [Hypothesis(id="H1", mode="m", statement="cause")]
    saved, failed = await asyncio.gather(
        store.cases.save_hypotheses(good.id, 1, fine),
        store.cases.save_hypotheses(404_404, 1, fine),
        return_exceptions=True,
    )
    assert saved is None
    assert isinstance(failed, Exception)
    assert [h.id for h in (await store.cases.load(good.id)).hypotheses] == ["H1"]

"""The full record in the database: boards, exchanges with models, journals, and what the retention lets go."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from agent.model import Check, Evidence, Hypothesis, Json, Reading, Series, Spent, Step
from agent.ports import Entry, Exchange
from agent.store.repository import Store
from tests.integration.test_store_cases import NOW, opened

SYSTEM = {"role": "system", "content": "You are an SRE. " * 200}
ODD = {"role": "user", "content": 'naïve "quotes"\n\0 \ud83d 😀', "z": 1, "a": [0.1, 1e300]}


def board(*log_odds: float) -> tuple[Hypothesis, ...]:
    return tuple(
        Hypothesis(id=f"H{n}", mode="m", statement=f"cause {n}", log_odds=odds, reasons=("near",))
        for n, odds in enumerate(log_odds, 1)
    )


def exchange(investigation: int, *messages: Json, **more: Any) -> Exchange:
    fields: Json = {
        "purpose": "weigh",
        "round": 1,
        "model": "gpt",
        "tools": ({"type": "function", "function": {"name": "weigh_evidence"}},),
        "reply": {"role": "assistant", "content": "it is full"},
        "spent": Spent(prompt_tokens=7, usd=0.01),
        "at": NOW,
    }
    return Exchange(investigation=investigation, messages=messages, **{**fields, **more})


async def count(store: Store, table: str) -> int:
    async with store.sessions.begin() as tx:
        return int(await tx.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


async def test_the_board_of_every_round_is_kept(store: Store) -> None:
    one = await opened(store)
    first, second = board(0.0, -1.0), board(2.5, -3.0, 0.1)
    await store.cases.save_hypotheses(one.id, 0, ())
    await store.cases.save_hypotheses(one.id, 1, first)
    await store.cases.save_hypotheses(one.id, 2, first)
    await store.cases.save_hypotheses(one.id, 2, second)
    assert await store.cases.boards(one.id) == ((1, first), (2, second))


async def test_exchanges_come_back_exactly_in_their_order(store: Store) -> None:
    one, other = await opened(store), await opened(store, "k2")
    calls = [
        exchange(one.id, SYSTEM, purpose="propose", round=0),
        exchange(one.id, SYSTEM, ODD),
        exchange(one.id, SYSTEM, ODD, {"role": "user", "content": "repair"}, attempt=2),
    ]
    for call in calls:
        await store.exchanges.record(call)
    await store.exchanges.record(exchange(other.id, SYSTEM))
    kept = await store.exchanges.of(one.id)
    assert [e.number for e in kept] == [1, 2, 3]
    assert [e.model_copy(update={"number": 0}) for e in kept] == calls
    assert list(kept[1].messages[1]) == list(ODD), "the order of a message's fields"


async def test_a_text_is_kept_once_however_often_it_is_shown(store: Store) -> None:
    one = await opened(store)
    for number in range(20):
        await store.exchanges.record(exchange(one.id, SYSTEM, round=number))
    # The system prompt, the tools and the reply.
    assert await count(store, "model_texts") == 3


async def test_the_same_call_made_again_after_a_crash_counts_once_with_its_later_reply(
    store: Store,
) -> None:
    one = await opened(store)
    later = {"role": "assistant", "content": "no, it is the backup"}
    await store.exchanges.record(exchange(one.id, SYSTEM, ODD))
    await store.exchanges.record(exchange(one.id, SYSTEM, ODD, reply=later))
    await store.exchanges.record(exchange(one.id, SYSTEM, {"role": "user", "content": "more"}))
    assert [(e.number, e.reply["content"]) for e in await store.exchanges.of(one.id)] == [
        (1, "no, it is the backup"),
        (2, "it is full"),
    ]


async def test_calls_at_the_same_time_get_numbers_of_their_own(store: Store) -> None:
    one, other = await opened(store), await opened(store, "k2")
    calls = [
        exchange(i.id, SYSTEM, {"role": "user", "content": str(n)})
        for i in (one, other)
        for n in range(15)
    ]
    await asyncio.gather(*map(store.exchanges.record, calls))
    for each in (one, other):
        assert [e.number for e in await store.exchanges.of(each.id)] == list(range(1, 16))


async def test_journal_entries_come_back_and_a_later_one_takes_a_position(store: Store) -> None:
    one, other = await opened(store), await opened(store, "k2")

    def entry(position: int, value: str) -> Entry:
        return Entry(position=position, name=f"s-{position}", kind="Round", value=value, at=NOW)

    assert await store.journal.last(one.id) is None
    await asyncio.gather(*(store.journal.write(one.id, entry(n, "{}")) for n in range(12)))
    await store.journal.write(one.id, entry(3, '{"odd": "\\u0000 ü 😀"}'))
    await store.journal.write(other.id, entry(0, ""))
    kept = await store.journal.read(one.id)
    assert [e.position for e in kept] == list(range(12))
    assert kept[3] == entry(3, '{"odd": "\\u0000 ü 😀"}')
    assert await store.journal.last(one.id) == kept[-1]


def step(number: int, at: datetime, raw: str) -> Step:
    series = (Series(metric="m", points=((1.0, 2.0),)),)
    reading = Reading(
        source="datadog", query="q", observation="it is full", data={"n": 1}, series=series, raw=raw
    )
    return Step(number=number, round=1, check=Check(tool="t"), reading=reading, started_at=at)


@pytest.fixture
async def aged(store: Store) -> int:
    """An investigation with an old and a young step and an old and a young exchange, emptied after 30 days."""
    one = await opened(store)
    old, young = NOW - timedelta(days=40), NOW - timedelta(days=5)
    await store.cases.save_step(one.id, step(1, old, "raw one"))
    await store.cases.save_step(one.id, step(2, young, "raw two"))
    await store.cases.save_evidence(
        one.id, [Evidence(number=1, step=1, statement="full", read_at=old)]
    )
    await store.journal.write(
        one.id, Entry(position=0, name="begin", kind="None", value="", at=old)
    )
    await store.exchanges.record(exchange(one.id, SYSTEM, ODD, at=old))
    await store.exchanges.record(
        exchange(one.id, SYSTEM, {"role": "user", "content": "x"}, at=young)
    )
    assert await store.retention.empty(NOW - timedelta(days=30), NOW) == 2
    return one.id


async def test_the_retention_lets_go_of_old_answers_and_keeps_what_they_said(
    store: Store, aged: int
) -> None:
    first, second = await store.cases.load_steps(aged)
    assert first.reading is not None
    assert second.reading is not None
    assert (first.reading.raw, first.reading.series) == ("", ())
    assert (first.reading.observation, first.reading.data) == ("it is full", {"n": 1})
    assert second.reading.raw == "raw two"
    assert second.reading.series
    assert await store.cases.emptied(aged) == 1
    assert [e.statement for e in (await store.cases.load(aged)).evidence] == ["full"]
    assert await store.journal.last(aged) is not None


async def test_the_retention_lets_go_of_texts_that_no_younger_exchange_needs(
    store: Store, aged: int
) -> None:
    (young,) = await store.exchanges.of(aged)
    assert young.number == 2
    assert young.messages[0] == SYSTEM, "shown before and after the limit"
    # The young one's two messages, the tools and the reply; the old one's own message is gone.
    assert await count(store, "model_texts") == 4


async def test_the_retention_does_its_work_once(store: Store, aged: int) -> None:
    assert await store.retention.empty(NOW - timedelta(days=30), NOW) == 0


async def test_of_a_large_answer_no_more_than_the_limit_is_kept(store: Store) -> None:
    one = await opened(store)
    small = Store(store.engine, raw_limit_bytes=1000)
    await small.cases.save_step(one.id, step(1, NOW, "é" * 5000))
    (kept,) = await store.cases.load_steps(one.id)
    assert kept.reading is not None
    assert kept.reading.raw == "é" * 500


async def test_a_step_comes_back_from_saving_as_it_is_kept(store: Store) -> None:
    one = await opened(store)
    given = step(1, NOW, "password=hunter2")
    assert given.reading is not None
    data = {"line": "password=hunter2", "when": NOW, "pair": (1, 2)}
    given = given.model_copy(update={"reading": given.reading.model_copy(update={"data": data})})
    saved = await store.cases.save_step(one.id, given)
    (kept,) = await store.cases.load_steps(one.id)
    assert saved == kept
    assert "hunter2" not in saved.model_dump_json()

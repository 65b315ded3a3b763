"""The page of a step says how much of its answer is kept, and until when the rest was."""

from __future__ import annotations

import re
from datetime import timedelta

from agent.store.repository import Store
from tests.integration.test_store_cases import NOW, opened
from tests.integration.test_store_record import SYSTEM, exchange, step
from tests.integration.test_web import browsing


async def page(store: Store, address: str) -> str:
    async with browsing(store) as client:
        answer = await client.get(address)
        assert answer.status_code == 200
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", answer.text))


async def test_what_was_cut_off_is_said(store: Store) -> None:
    one = await opened(store)
    small = Store(store.engine, raw_limit_bytes=1000)
    await small.cases.save_step(one.id, step(1, NOW, "x" * 54_321))
    told = await page(store, f"/investigations/{one.id}/steps/1")
    assert "the first 1,000 of 54,321 bytes, the rest was not kept" in told


async def test_a_whole_answer_is_not_said_to_be_cut(store: Store) -> None:
    one = await opened(store)
    await store.cases.save_step(one.id, step(1, NOW, "password=hunter2 and ü"))
    assert "not kept" not in await page(store, f"/investigations/{one.id}/steps/1")


async def test_after_the_retention_it_says_until_when_the_answer_was_kept(store: Store) -> None:
    one = await opened(store)
    await store.cases.save_step(one.id, step(1, NOW, "x" * 54_321))
    await store.retention.empty(NOW + timedelta(days=1), NOW + timedelta(days=31))
    told = await page(store, f"/investigations/{one.id}/steps/1")
    assert "The raw answer (54,321 bytes) and its series were kept until" in told
    assert "2026-12-25" in told or "25 Dec" in told
    assert "it is full" in told, "what the reasoner was shown stays"


async def test_the_record_says_until_when_it_was_kept_what_the_model_was_shown(
    store: Store,
) -> None:
    one = await opened(store)
    await store.exchanges.record(exchange(one.id, SYSTEM))
    whole = await page(store, f"/investigations/{one.id}")
    assert "Exactly what the model was shown and said (1 call)" in whole
    await store.retention.empty(NOW + timedelta(days=1), NOW + timedelta(days=31))
    told = await page(store, f"/investigations/{one.id}")
    assert "What the model was shown in 1 of 1 call was kept until" in told
    assert "Exactly what the model was shown" not in told

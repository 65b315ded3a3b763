"""The page of what was kept quiet, and the metrics of what was said unasked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from agent.awareness.issues import Attention, AttentionScore
from agent.store.repository import Store
from tests.integration.fake_house import alert
from tests.integration.test_web import EVIL, browsing
from tests.unit.bot.slack import cases


@pytest.fixture
async def client(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    async with browsing(store) as found:
        yield found


async def decide(store: Store, key: str, **changes: Any) -> None:
    signal = alert(key)
    await store.signals.add(signal)
    decided = cases.decided(0, signal=key, **{"at": datetime.now(UTC), **changes})
    async with store.sessions.begin() as tx:
        await store.decisions.add(decided, signal, critical=False, duplicate=False, session=tx)


async def test_it_says_so_when_there_was_nothing(client: httpx.AsyncClient) -> None:
    page = await client.get("/quiet")
    assert page.status_code == 200
    assert "Nothing." in page.text


async def test_it_lists_what_alike_of_it_together(store: Store, client: httpx.AsyncClient) -> None:
    for number in range(3):
        await decide(store, f"a{number}", title="Queue grows")
    await decide(store, "b", title="Disk is full", combination="other")
    body = (await client.get("/quiet")).text
    assert body.count('<li class="card entry">') == 2
    assert "×3" in body
    assert "All 3" in body
    assert "9 of 9 like it recovered by themselves" in body


async def test_it_goes_back_as_far_as_is_asked_for(store: Store, client: httpx.AsyncClient) -> None:
    await decide(store, "old", title="Long ago", at=datetime.now(UTC) - timedelta(days=20))
    assert "Long ago" not in (await client.get("/quiet")).text
    assert "Long ago" in (await client.get("/quiet?days=30")).text
    for odd in ("0", "-1", "x", "9" * 30):
        assert (await client.get(f"/quiet?days={odd}")).status_code == 200


async def test_text_from_outside_stays_text(store: Store, client: httpx.AsyncClient) -> None:
    await decide(store, "evil", title=EVIL, reason=EVIL, service=EVIL)
    body = (await client.get("/quiet")).text
    assert EVIL not in body
    assert "&lt;script&gt;" in body


async def test_it_is_given_out_under_its_own_name_only(client: httpx.AsyncClient) -> None:
    page = await client.get("/quiet", headers={"host": "evil.example"})
    assert page.status_code == 421


async def test_what_was_said_unasked_is_counted(store: Store, client: httpx.AsyncClient) -> None:
    for number, score in enumerate((AttentionScore.USED, AttentionScore.USED, None)):
        entry = Attention(
            key=f"k{number}", kind="thread", channel="C1", posted_at=datetime.now(UTC)
        )
        await store.attention.posted(entry)
        if score is not None:
            await store.attention.score(entry.key, score, "U1 replied", datetime.now(UTC))
    metrics = (await client.get("/metrics")).text
    assert 'srebot_attention{channel="C1",kind="thread",score="used"} 2.0' in metrics
    assert 'srebot_attention{channel="C1",kind="thread",score="pending"} 1.0' in metrics

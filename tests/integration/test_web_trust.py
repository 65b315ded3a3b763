"""The page of trust, and the verdict on an investigation's record, on a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from agent.model import Ending, Finding, Observed, OutcomeStatus
from agent.store.repository import Store
from tests.integration.test_store_cases import NOW, opened
from tests.integration.test_store_trust import PLACE, carried_out, verdict
from tests.integration.test_web import EVIL, browsing


@pytest.fixture
async def client(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    async with browsing(store) as found:
        yield found


async def judged(store: Store, count: int, right: int) -> None:
    for number in range(count):
        investigation = (await opened(store, f"judged-{number}")).id
        probability = 0.95 if number < right else 0.05
        await store.verdicts.save(verdict(investigation, probability=probability), 2)


async def test_without_anything_known_it_says_so(client: httpx.AsyncClient) -> None:
    page = await client.get("/trust")
    assert page.status_code == 200
    assert "None has been graded yet." in page.text
    assert "No change was carried out yet." in page.text


async def test_it_shows_accuracy_calibration_records_and_what_is_withdrawn(
    store: Store, client: httpx.AsyncClient
) -> None:
    await judged(store, 11, right=9)
    for number in range(3):
        await carried_out(store, OutcomeStatus.RECOVERED, number)
    await carried_out(store, OutcomeStatus.WORSE, 3)
    await store.trust.withdraw(f"record:{'/'.join(PLACE)}", NOW, "it made things worse")
    page = (await client.get("/trust")).text
    assert "9 of 11 graded findings were right" in page
    assert '<svg class="chart reliability"' in page
    assert "said 90%, right 82%, 11 findings" in page
    assert "3 of 4" in page
    assert "has every change of resources in production approved by people" in page
    assert "change of resources at redis-reco in production: it made things worse" in page
    assert "redis-reco" in (await client.get("/trust?service=redis-reco")).text
    assert "carried out there yet" in (await client.get("/trust?service=else")).text


async def test_disputed_verdicts_are_listed_and_not_hidden(
    store: Store, client: httpx.AsyncClient
) -> None:
    investigation = (await opened(store)).id
    said = Observed(what=f"{EVIL} said", weight=-5, source="engineer", at=NOW + timedelta(hours=1))
    put = verdict(investigation, disputed=True, probability=0.5, observed=(said,))
    await store.verdicts.save(put, 1)
    page = (await client.get("/trust")).text
    assert f'href="/investigations/{investigation}"' in page
    assert "disputed" in page
    assert EVIL not in page


async def test_the_record_of_an_investigation_shows_the_verdict_and_what_it_rests_on(
    store: Store, client: httpx.AsyncClient
) -> None:
    investigation = (await opened(store)).id
    finding = Finding(
        ending=Ending.CAUSE_FOUND,
        headline="Redis has no memory left",
        mode="cache_memory_pressure",
        confidence=0.82,
        raw_confidence=0.9,
        proven="was right in 9 of 11 such findings",
    )
    await store.cases.save_finding(investigation, finding)
    assert "Looking back" not in (await client.get(f"/investigations/{investigation}")).text
    back = Observed(what="the alert came back", weight=-1.4, source="alert", at=NOW)
    await store.verdicts.save(verdict(investigation, probability=0.2, observed=(back,)), 1)
    page = (await client.get(f"/investigations/{investigation}")).text
    assert "was right in 9 of 11 such findings" in page
    assert "before recalibration" in page
    assert "Looking back" in page
    assert "-1.4" in page
    assert "the alert came back" in page

"""The records as JSON, for programs."""

from __future__ import annotations

from agent.store.repository import Store
from tests.integration.test_web import RAW, browsing, investigated


async def test_a_record_has_finding_steps_and_proposals_but_no_raw_answers(store: Store) -> None:
    number = await investigated(store)
    async with browsing(store) as client:
        answer = await client.get(f"/investigations/{number}.json")
        record = answer.json()
        cited = record["evidence"][0]["number"]
        stored = await client.get(f"/investigations/{number}/evidence/{cited}?raw=1")
    assert record["investigation"]["id"] == number
    assert record["finding"]["ending"] == "cause_found"
    assert [step["number"] for step in record["steps"]][:2] == [1, 2]
    assert "raw" not in record["steps"][0]["reading"]
    assert record["proposals"][0]["change"]["kind"]
    assert record["decided"][0]["proposal"] == record["proposals"][0]["id"]
    assert stored.text == RAW


async def test_the_latest_investigations_are_listed(store: Store) -> None:
    number = await investigated(store)
    async with browsing(store) as client:
        (line,) = (await client.get("/investigations.json")).json()["investigations"]
    assert line["investigation"]["id"] == number
    assert line["finding"]["headline"]


async def test_an_unknown_number_is_not_found(store: Store) -> None:
    async with browsing(store) as client:
        assert (await client.get("/investigations/999999.json")).status_code == 404

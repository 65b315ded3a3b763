"""Scans of any size, at the same time, again and again: nothing is lost, and what did not change is not written."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from agent.knowledge.facts import ChangeType, Seen
from agent.store.repository import Store
from tests.integration.graphs import NOW, key, seen, thing, tie

_VERSIONS = """
SELECT array_agg(v ORDER BY v) FROM (
    SELECT xmin::text || ctid::text AS v FROM relations
    UNION ALL SELECT xmin::text || ctid::text FROM sightings
    UNION ALL SELECT xmin::text || ctid::text FROM entities) AS all_rows
"""


async def versions(engine: AsyncEngine) -> list[str]:
    """Of every row of the graph: another after a write."""
    async with engine.connect() as connection:
        return list((await connection.execute(text(_VERSIONS))).scalar_one())


def company(services: int, prefix: str = "s") -> Seen:
    names = [f"{prefix}{n}" for n in range(services)]
    ties = [tie(name, names[n // 2]) for n, name in enumerate(names) if n]
    return seen(*map(thing, names), *ties)


async def test_a_scan_that_finds_nothing_new_writes_nothing(
    store: Store, engine: AsyncEngine
) -> None:
    view = company(300)
    await store.graph.take("kubernetes", view)
    before = await versions(engine)
    assert len(before) == 300 + 300 + 299
    await store.graph.take("kubernetes", view)
    assert await versions(engine) == before


async def test_one_changed_thing_is_the_only_one_written(store: Store, engine: AsyncEngine) -> None:
    view = company(300)
    await store.graph.take("kubernetes", view)
    before = set(await versions(engine))
    changed = view.model_copy(
        update={"entities": (thing("s0", replicas=5), *view.entities[1:])},
    )
    assert await store.graph.take("kubernetes", changed) == 1
    assert len(set(await versions(engine)) - before) == 2  # its sighting, and what it makes of it
    (change,) = await store.graph.changes([key("s0")], NOW - timedelta(days=1))
    assert change.what == "replicas of s0: none -> 5"


async def test_a_scan_larger_than_a_turn_is_kept_whole_and_loses_what_it_no_longer_shows(
    store: Store,
) -> None:
    await store.graph.take("kubernetes", company(5_000))
    assert await store.graph.size() == (5_000, 4_999)
    less = company(4_990)
    assert await store.graph.take("kubernetes", less) == 10 + 10
    lost = await store.graph.changes([key("s4995")], NOW - timedelta(days=1))
    assert {c.type for c in lost} == {ChangeType.REMOVED, ChangeType.RELATION_FADED}
    assert await store.graph.take("kubernetes", less) == 0


async def test_sources_may_scan_at_once_and_a_watch_be_heard_meanwhile(store: Store) -> None:
    await asyncio.gather(
        store.graph.take("kubernetes", company(2_500)),
        store.graph.take("datadog", company(2_500)),
        store.graph.take("pagerduty", company(1_000, "p")),
        store.graph.take("watch", seen(thing("s1", replicas=2), complete=False)),
    )
    assert (await store.graph.size())[0] == 3_500
    found = await store.graph.get(key("s1"))
    assert found is not None
    assert found.properties["replicas"] == 2


async def test_a_hub_that_fits_is_shown_whole_whoever_tells_of_it(store: Store) -> None:
    spokes = [thing(f"s{n}") for n in range(150)]
    ties = [tie("hub", spoke.name) for spoke in spokes]
    told_again = [r.model_copy(update={"origin": "datadog"}) for r in ties]
    await store.graph.take("kubernetes", seen(thing("hub"), *spokes, *ties))
    await store.graph.take("datadog", seen(*told_again))
    near = await store.graph.neighbourhood(key("hub"), 1, limit=200)
    assert len(near.entities) == 151
    assert not near.cut
    assert {len(b.said_by) for b in near.beliefs} == {2}


async def test_a_source_that_tells_of_relations_only_is_known_from_then_on(store: Store) -> None:
    await store.graph.take("kubernetes", seen(thing("cart"), thing("redis"), thing("db")))
    await store.graph.take("slack", seen(tie("cart", "redis", origin="slack"), complete=False))
    await store.graph.take("slack", seen(tie("cart", "db", origin="slack"), complete=False))
    told = await store.graph.changes([key("cart")], NOW - timedelta(days=1))
    assert [(c.type, c.other) for c in told] == [(ChangeType.RELATION_ADDED, key("db"))]


async def test_a_word_too_weak_is_kept_but_not_walked_until_another_supports_it(
    store: Store,
) -> None:
    weak = tie("cart", "redis", origin="inferred", confidence=0.15)
    await store.graph.take("kubernetes", seen(thing("cart"), thing("redis"), weak))
    assert await store.graph.blast_radius(key("redis"), upstream=True) == ()
    (belief,) = await store.graph.belief(key("cart"), key("redis"))
    assert belief.tentative
    await store.graph.take("datadog", seen(tie("cart", "redis", origin="datadog")))
    assert len(await store.graph.blast_radius(key("redis"), upstream=True)) == 1


async def test_how_a_source_knows_may_change(store: Store) -> None:
    things = (thing("cart"), thing("redis"))
    await store.graph.take("kubernetes", seen(*things, tie("cart", "redis", origin="inferred")))
    await store.graph.take("kubernetes", seen(*things, tie("cart", "redis", origin="kubernetes")))
    (belief,) = await store.graph.belief(key("cart"), key("redis"))
    assert {r.origin: r.missing_since is None for r in belief.said_by} == {
        "kubernetes": True,
        "inferred": False,
    }

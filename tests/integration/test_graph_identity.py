"""The same thing seen by several sources is one entity; a merge is explained, and undone for good."""

from __future__ import annotations

from datetime import timedelta

from agent.knowledge.facts import SameAs
from agent.store.repository import Store
from tests.integration.graphs import NOW, key, seen, thing, tie

RECO, ALIAS = key("recommendation"), key("recommendation-service")
DATABASE = key("reco-db")


async def told_by_two(store: Store) -> None:
    await store.graph.take(
        "datadog",
        seen(thing("recommendation", tier="1"), thing("reco-db"), tie("recommendation", "reco-db")),
    )
    await store.graph.take(
        "pagerduty",
        seen(
            thing("recommendation-service", also_known_as=["Recommendation Service"], link="pd"),
            thing("payments"),
            tie("payments", "recommendation-service", origin="pagerduty"),
        ),
    )


async def test_names_that_say_the_same_are_one_entity_with_all_that_is_known(store: Store) -> None:
    await told_by_two(store)
    found = await store.graph.get(ALIAS)
    assert found is not None
    assert found.key == RECO
    assert (found.properties["tier"], found.properties["link"]) == ("1", "pd")
    reached = await store.graph.blast_radius(DATABASE, upstream=True)
    assert [r.entity.name for r in reached] == ["recommendation", "payments"]


async def test_it_is_found_by_any_of_its_names(store: Store) -> None:
    await told_by_two(store)
    located = await store.memory.locate("The Recommendation Service is slow again")
    assert located is not None
    assert located.key == RECO


async def test_a_merge_says_who_made_it_and_why(store: Store) -> None:
    await told_by_two(store)
    (merge,) = await store.graph.merges_of(RECO)
    assert (merge.alias, merge.canonical, merge.origin) == (ALIAS, RECO, "names")
    assert "Recommendation" in merge.reason or "recommendation" in merge.reason


async def test_a_merge_is_undone_at_once_and_not_made_again(store: Store) -> None:
    await told_by_two(store)
    assert await store.graph.split(ALIAS, RECO, "U1", NOW)
    apart = await store.graph.get(ALIAS)
    assert apart is not None
    assert apart.key == ALIAS
    assert "tier" not in apart.properties
    assert await store.graph.blast_radius(RECO, upstream=True) == ()
    await told_by_two(store)
    assert (await store.graph.get(ALIAS)) == apart
    (merge,) = await store.graph.merges_of(RECO)
    assert merge.undone_by == "U1"


async def test_an_engineer_merges_what_no_name_shows(store: Store) -> None:
    await store.graph.take("kubernetes", seen(thing("reco"), thing("web"), tie("web", "reco")))
    await store.graph.take("datadog", seen(thing("recommendation")))
    await store.graph.same(key("reco"), RECO, "U1", "an engineer says so", NOW)
    assert [r.entity.name for r in await store.graph.blast_radius(RECO, upstream=True)] == ["web"]
    await store.graph.split(key("reco"), RECO, "U1", NOW + timedelta(minutes=1))
    await store.graph.same(key("reco"), RECO, "U2", "it is after all", NOW + timedelta(minutes=2))
    assert (await store.graph.get(key("reco"))).key == RECO  # type: ignore[union-attr]


async def test_a_sources_own_claim_merges(store: Store) -> None:
    claim = SameAs(
        alias=key("reco"), canonical=RECO, origin="kubernetes", reason="label", at=NOW
    )  # fmt: skip
    await store.graph.take(
        "kubernetes", seen(thing("reco"), thing("recommendation"), same=(claim,))
    )
    found = await store.graph.get(key("reco"))
    assert found is not None
    assert found.key == RECO
    assert found.properties["also_known_as"] == ["reco"]


async def test_what_could_be_two_things_is_left_apart(store: Store) -> None:
    await store.graph.take("datadog", seen(thing("cart-service"), thing("cart-app")))
    await store.graph.take("pagerduty", seen(thing("cart")))
    keys = {key("cart"), key("cart-service"), key("cart-app")}
    merged = [await store.graph.get(k) for k in keys]
    assert len({e.key for e in merged if e}) >= 2


async def test_the_same_name_elsewhere_or_of_another_sort_is_another_thing(store: Store) -> None:
    await store.graph.take(
        "kubernetes",
        seen(
            thing("cart"),
            thing("cart", environment="staging"),
            thing("cart", "deployment"),
            thing("cart", "configmap"),
        ),
    )
    assert len(await store.graph.entity("cart")) == 4

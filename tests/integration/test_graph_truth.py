"""The graph keeps itself true: what sources say, what they no longer say, and whose word counts."""

from __future__ import annotations

from datetime import timedelta

from agent.knowledge.confirming import keep
from agent.knowledge.facts import Belief, ChangeType, EntityChange
from agent.store.repository import Store
from tests.integration.graphs import NOW, key, seen, thing, tie
from tests.unit.agent.knowledge.test_confirming import calls, case

CART, REDIS = key("cart"), key("redis")
LONG_AGO = NOW - timedelta(days=2)


async def belief(store: Store) -> Belief:
    (found,) = await store.graph.belief(CART, REDIS)
    return found


async def changes(store: Store, *keys: str) -> list[tuple[ChangeType, str]]:
    found = await store.graph.changes(keys or (CART, REDIS), LONG_AGO)
    return [(c.type, c.what) for c in found]


async def test_an_entity_is_what_its_sources_together_say(store: Store) -> None:
    await store.graph.take("datadog", seen(thing("cart", tier="1", team="payments")))
    await store.graph.take("kubernetes", seen(thing("cart", replicas=3)))
    (cart,) = await store.graph.entity("cart", "production")
    assert cart.properties == {"tier": "1", "team": "payments", "replicas": 3}


async def test_of_two_sources_that_contradict_on_a_property_the_stronger_is_believed(
    store: Store,
) -> None:
    await store.graph.take("kubernetes", seen(thing("cart", replicas=3)))
    await store.graph.take("slack", seen(thing("cart", replicas=9)))
    (cart,) = await store.graph.entity("cart")
    assert cart.properties["replicas"] == 3


async def test_what_each_source_says_is_kept_side_by_side(store: Store) -> None:
    await store.graph.take("slack", seen(thing("cart", replicas=9, tier="1")))
    await store.graph.take("kubernetes", seen(thing("cart", replicas=3)))
    said = await store.graph.sightings(CART)
    assert {o: [e.properties for e in entities] for o, entities in said.items()} == {
        "kubernetes": [{"replicas": 3}],
        "slack": [{"replicas": 9, "tier": "1"}],
    }
    assert next(iter(said)) == "kubernetes"


async def test_what_a_source_tells_first_is_no_change_and_what_it_tells_later_is(
    store: Store,
) -> None:
    await store.graph.take("kubernetes", seen(thing("cart", replicas=3)))
    assert await changes(store) == []
    await store.graph.take("kubernetes", seen(thing("cart", replicas=5), thing("redis")))
    assert set(await changes(store)) == {
        (ChangeType.PROPERTY, "replicas of cart: 3 -> 5"),
        (ChangeType.ADDED, "service redis in production is there"),
    }


async def test_a_scan_that_finds_nothing_new_changes_nothing(store: Store) -> None:
    view = seen(thing("cart", replicas=3), thing("redis"), tie("cart", "redis"))
    await store.graph.take("kubernetes", view)
    assert await store.graph.take("kubernetes", view) == 0


async def test_what_changes_by_itself_is_no_change_of_the_company(store: Store) -> None:
    await store.graph.take("datadog", seen(thing("cart", usage={"memory_bytes": 1})))
    await store.graph.take("datadog", seen(thing("cart", usage={"memory_bytes": 2})))
    (cart,) = await store.graph.entity("cart")
    assert cart.properties["usage"] == {"memory_bytes": 2}
    assert await changes(store) == []


async def test_what_a_source_no_longer_shows_is_gone(store: Store) -> None:
    both = seen(thing("cart"), thing("redis"), tie("cart", "redis"))
    await store.graph.take("kubernetes", both)
    await store.graph.take("kubernetes", seen(thing("cart")))
    assert await store.graph.entity("redis") == []
    assert not (await store.graph.neighbourhood(CART)).beliefs
    assert {kind for kind, _ in await changes(store)} == {
        ChangeType.REMOVED,
        ChangeType.RELATION_FADED,
    }
    await store.graph.take("kubernetes", both)
    assert len((await store.graph.neighbourhood(CART)).beliefs) == 1


async def test_what_a_source_could_not_look_at_is_not_gone(store: Store) -> None:
    config = thing("cart-config", "configmap")
    uses = tie(CART, config.key, "configured_by")
    await store.graph.take("kubernetes", seen(thing("cart"), config, uses))
    denied = seen(thing("cart"), unseen_kinds=frozenset({"configmap"}))
    await store.graph.take("kubernetes", denied)
    assert [b.target for b in (await store.graph.neighbourhood(CART)).beliefs] == [config.key]


async def test_what_one_source_no_longer_shows_another_may(store: Store) -> None:
    both = seen(thing("cart"), thing("redis"), tie("cart", "redis"))
    await store.graph.take("kubernetes", both)
    await store.graph.take(
        "datadog", seen(thing("cart"), thing("redis"), tie("cart", "redis", origin="datadog"))
    )
    sure = (await belief(store)).confidence
    await store.graph.take("kubernetes", seen(thing("cart"), thing("redis")))
    assert 0.7 < (await belief(store)).confidence <= sure
    assert len(await store.graph.blast_radius(REDIS, upstream=True)) == 1


async def test_an_addition_takes_nothing_away_but_what_it_names(store: Store) -> None:
    await store.graph.take("kubernetes", seen(thing("cart"), thing("redis"), tie("cart", "redis")))
    await store.graph.take("kubernetes", seen(thing("web"), complete=False))
    assert len((await store.graph.neighbourhood(CART)).beliefs) == 1
    await store.graph.take(
        "kubernetes", seen(complete=False, withdrawn=((CART, REDIS, "depends_on"),))
    )
    assert not (await store.graph.neighbourhood(CART)).beliefs
    await store.graph.take("kubernetes", seen(complete=False, gone=(REDIS,)))
    assert await store.graph.entity("redis") == []


async def test_an_engineer_outranks_inference_and_the_next_scan(store: Store) -> None:
    view = seen(thing("cart"), thing("redis"), tie("cart", "redis", origin="inferred"))
    await store.graph.take("kubernetes", view)
    await store.graph.assert_relation(
        CART, REDIS, "depends_on", False, "U1", "https://slack/1", NOW
    )
    await store.graph.take("kubernetes", view)
    now = await belief(store)
    assert now.confidence <= 0.1
    assert now.contradicted
    assert {(r.origin, r.holds) for r in now.said_by} == {("inferred", True), ("engineer", False)}
    assert await store.graph.blast_radius(REDIS, upstream=True) == ()
    later = NOW + timedelta(minutes=1)
    await store.graph.assert_relation(
        CART, REDIS, "depends_on", True, "U1", "https://slack/2", later
    )
    assert len(await store.graph.blast_radius(REDIS, upstream=True)) == 1
    assert (ChangeType.CORRECTED, "an engineer says: it is not so that service cart in production "
            "depends on service redis in production") in await changes(store)  # fmt: skip


async def test_an_engineers_word_stands_before_any_source_told_of_it(store: Store) -> None:
    await store.graph.assert_relation(CART, REDIS, "depends_on", False, "U1", "said", NOW)
    await store.graph.take("kubernetes", seen(thing("cart"), thing("redis"), tie("cart", "redis")))
    assert await store.graph.blast_radius(REDIS, upstream=True) == ()


async def test_investigations_confirm_and_weaken(store: Store) -> None:
    weak = tie("cart", "redis", confidence=0.4)
    await store.graph.take("slack", seen(thing("cart"), thing("redis"), weak))
    before = (await belief(store)).confidence
    await store.graph.confirm([(CART, REDIS, "depends_on")], holds=True)
    assert (await belief(store)).confidence > before
    for _ in range(3):
        await store.graph.confirm([(CART, REDIS, "depends_on")], holds=False)
    assert (await belief(store)).confidence < before


async def test_what_nobody_confirms_fades_and_is_forgotten(store: Store) -> None:
    old = tie("cart", "redis", first_seen=NOW - timedelta(days=9), last_confirmed=NOW)
    await store.graph.take("kubernetes", seen(thing("cart"), thing("redis"), old))
    assert await store.graph.upkeep(NOW + timedelta(hours=1)) == 0
    assert await store.graph.upkeep(NOW + timedelta(days=6)) == 1
    assert not (await store.graph.neighbourhood(CART)).beliefs
    await store.graph.upkeep(NOW + timedelta(days=30))
    assert await store.graph.belief(CART, REDIS) == ()


async def test_what_was_denied_stands_again_when_the_denial_has_aged(store: Store) -> None:
    much_later = NOW + timedelta(days=400)
    uses = tie("cart", "redis", confidence=0.9)
    await store.graph.take("kubernetes", seen(thing("cart"), thing("redis"), uses))
    await store.graph.take("slack", seen(tie("cart", "redis", origin="slack", holds=False)))
    assert await store.graph.blast_radius(REDIS, upstream=True) == ()
    still = uses.model_copy(update={"last_confirmed": much_later, "evidence": "seen again"})
    await store.graph.take("kubernetes", seen(thing("cart"), thing("redis"), still))
    await store.graph.upkeep(much_later)
    assert len(await store.graph.blast_radius(REDIS, upstream=True)) == 1


async def test_a_secret_in_a_property_is_not_kept(store: Store) -> None:
    await store.graph.take(
        "kubernetes", seen(thing("cart", url="postgres://app:hunter2@db/x", password="hunter2"))
    )
    (cart,) = await store.graph.entity("cart")
    assert "hunter2" not in str(cart)


async def test_changes_that_others_tell_of_are_kept_once(store: Store) -> None:
    rollout = EntityChange(
        at=NOW, entity=CART, type=ChangeType.ROLLOUT, what="image 1 -> 2", origin="kubernetes", key="k/1"
    )  # fmt: skip
    assert len(await store.graph.record([rollout])) == 1
    assert await store.graph.record([rollout]) == []
    await store.graph.take("kubernetes", seen(thing("cart"), changes=(rollout,)))
    assert await changes(store) == [(ChangeType.ROLLOUT, "image 1 -> 2")]
    assert await store.graph.changes([CART], NOW + timedelta(seconds=1)) == ()


async def test_an_investigation_leaves_what_its_look_ups_showed(store: Store) -> None:
    await store.graph.take("datadog", seen(thing("cart"), thing("redis"), thing("auth")))
    view = case(calls(1, "cart", "auth"), relations=(tie("cart", "redis", origin="datadog"),))
    await store.graph.take("datadog", seen(*view.relations, complete=False))
    before = (await belief(store)).confidence
    learned = await keep(store.graph, view)
    assert len(learned.added) == len(learned.weakened) == 1
    assert (await belief(store)).confidence < before
    (added,) = await store.graph.belief(CART, key("auth"))
    assert added.said_by[0].origin == "investigation"

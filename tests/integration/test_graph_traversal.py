"""Ways through the graph: bounded, explained, with what stands on each entity."""

from __future__ import annotations

from itertools import pairwise

import pytest

from agent.store.repository import Store
from tests.integration.graphs import key, seen, thing, tie


async def test_a_neighbourhood_goes_both_ways_as_far_as_asked_and_ends_on_cycles(
    store: Store,
) -> None:
    names = ("web", "cart", "redis", "node", "far")
    ties = [tie(a, b) for a, b in pairwise(names)]
    await store.graph.take("kubernetes", seen(*map(thing, names), *ties, tie("redis", "web")))
    near = await store.graph.neighbourhood(key("cart"), 1)
    assert [e.name for e in near.entities] == ["cart", "redis", "web"]
    assert len(near.beliefs) == 3
    assert not near.cut
    whole = await store.graph.neighbourhood(key("cart"), 99)
    assert {e.name for e in whole.entities} == set(names)
    assert not (await store.graph.neighbourhood(key("none"))).entities


async def test_a_hub_is_walked_within_bounds_and_says_so(store: Store) -> None:
    many = [thing(f"s{n}") for n in range(1500)]
    await store.graph.take(
        "kubernetes", seen(thing("hub"), *many, *(tie("hub", e.name) for e in many))
    )
    near = await store.graph.neighbourhood(key("hub"), 4, limit=50)
    assert near.entities[0].name == "hub"
    assert len(near.entities) == 50
    assert near.cut


async def test_the_blast_radius_has_the_surest_path_to_each(store: Store) -> None:
    await store.graph.take(
        "kubernetes",
        seen(
            *map(thing, ("web", "cart", "session", "redis", "other")),
            tie("cart", "redis", confidence=0.9),
            tie("session", "redis", confidence=1.0),
            tie("web", "cart", confidence=0.5),
            tie("web", "session", confidence=1.0),
            tie("redis", "other"),
        ),
    )
    reached = await store.graph.blast_radius(key("redis"), upstream=True)
    assert [(r.entity.name, r.distance) for r in reached] == [
        ("session", 1),
        ("cart", 1),
        ("web", 2),
    ]
    assert reached[2].path == (key("redis"), key("session"), key("web"))
    assert reached[1].confidence == pytest.approx(0.9, abs=0.01)
    down = await store.graph.blast_radius(key("web"), upstream=False)
    assert {r.entity.name for r in down} == {"cart", "session", "redis", "other"}


async def test_ownership_is_no_way_for_trouble(store: Store) -> None:
    team = thing("payments", "team", "")
    await store.graph.take("datadog", seen(thing("cart"), team, tie(team.key, key("cart"), "owns")))
    assert await store.graph.blast_radius(key("cart"), upstream=True) == ()
    assert [b.source for b in await store.graph.owners(key("cart"))] == [team.key]


async def test_the_shortest_explanations_between_two(store: Store) -> None:
    await store.graph.take(
        "kubernetes",
        seen(
            *map(thing, ("a", "b", "c", "d", "lonely")),
            tie("a", "b", confidence=0.5),
            tie("b", "d"),
            tie("c", "a"),
            tie("c", "d"),
        ),
    )
    found = await store.graph.explain(key("a"), key("d"))
    assert [[k.rsplit("/")[-1] for k in e.path] for e in found] == [
        ["a", "c", "d"],
        ["a", "b", "d"],
    ]
    assert found[0].confidence > found[1].confidence
    assert found[0].beliefs[0].said_by[0].evidence == "seen"
    assert await store.graph.explain(key("a"), key("lonely")) == ()


async def test_a_common_owner_explains_less_than_a_longer_chain_of_dependencies(
    store: Store,
) -> None:
    team = thing("identity", "team", "")
    owns = [tie(team.key, key(n), "owns") for n in ("a", "d", "other")]
    chain = [tie(*pair) for pair in pairwise("abcd")]
    await store.graph.take("kubernetes", seen(team, *map(thing, (*"abcd", "other")), *owns, *chain))
    (found,) = await store.graph.explain(key("a"), key("d"))
    assert [k.rsplit("/")[-1] for k in found.path] == list("abcd")
    (owner,) = await store.graph.explain(key("a"), key("other"))
    assert owner.path[1] == team.key


async def test_what_bounds_an_entity_is_known(store: Store) -> None:
    limits = {"cart": {"memory_bytes": 2**30, "cpu_cores": 0.5}}
    workload = thing("cart", "deployment", replicas=1, limits=limits)
    budget = thing("cart-pdb", "poddisruptionbudget", min_available=1)
    scaler = thing("cart-hpa", "horizontalpodautoscaler", min_replicas=1, max_replicas=4)
    job = thing("cart-report", "cronjob", schedule="0 2 * * *")
    await store.graph.take(
        "kubernetes",
        seen(
            thing("cart"), workload, budget, scaler, job,
            tie(key("cart"), workload.key, "runs"),
            tie(budget.key, workload.key, "protects"),
            tie(scaler.key, workload.key, "scales"),
        ),
    )  # fmt: skip
    context = await store.graph.context(key("cart"))
    assert {(c.kind, c.statement) for c in context.constraints} == {
        ("limits", "cart: 0.5 CPU cores, 1 GiB of memory"),
        ("single_replica", "a single replica"),
        ("disruption_budget", "cart-pdb keeps at least 1"),
        ("autoscaler", "cart-hpa scales between 1 and 4 replicas"),
    }
    (schedule,) = (await store.graph.context(job.key)).constraints
    assert schedule.statement == "runs on schedule 0 2 * * *"

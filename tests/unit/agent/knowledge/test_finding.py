"""The thing that people mean is found by whatever they call it; what is unclear is said in one sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import NotFound
from agent.knowledge.finding import find, is_known, spellings
from tests.unit.agent.knowledge.memory_graph import company, key, thing


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("cart", key("cart")),
        ("CART", key("cart")),
        ("`cart`", key("cart")),
        ("the Redis Reco service", key("redis-reco")),
        ("our auth database", key("auth")),
        ("Checkout API (prod)", key("checkout")),
        ("staging/service/cart", key("cart", environment="staging")),
        ("redis-reco-backup", key("redis-reco-backup", "cronjob")),
    ],
)
async def test_a_thing_is_found_by_any_of_its_names(said: str, meant: str) -> None:
    assert (await find(company(), said)).key == meant


async def test_productions_service_is_meant_before_its_parts_unless_another_place_is_named() -> (
    None
):
    assert (await find(company(), "cart")).key == key("cart")
    assert (await find(company(), "cart", "staging")).key == key("cart", environment="staging")


async def test_what_is_next_to_a_thing_is_found_by_a_part_of_its_name() -> None:
    store = company()
    near = (await store.graph.neighbourhood(key("cart"))).entities
    assert (await find(store, "redis", near=near)).name == "redis-reco"
    with pytest.raises(NotFound):
        await find(store, "red", near=near)


async def test_an_unknown_name_comes_back_with_close_ones() -> None:
    with pytest.raises(NotFound, match=r"nothing called “redis-rec0”\. Did you mean redis-reco"):
        await find(company(), "redis-rec0")


async def test_a_name_that_is_elsewhere_says_where() -> None:
    with pytest.raises(NotFound, match=r"auth in production, not in staging"):
        await find(company(), "auth", "staging")


async def test_two_things_of_one_name_are_told_apart_by_their_keys() -> None:
    store = company()
    store.graph.entities += [
        thing("api", environment="staging"),
        thing("api", environment="development"),
    ]
    with pytest.raises(NotFound, match="2 things called api: development/service/api and staging"):
        await find(store, "api")
    assert await is_known(store, "api")


async def test_teams_are_found_among_teams_only() -> None:
    team = await find(company(), "payments", kinds=frozenset({"team"}))
    assert team.key == "-/team/payments"
    assert not await is_known(company(), "cart", frozenset({"team"}))


@given(st.text(max_size=80))
def test_any_text_has_spellings_without_repeats(text: str) -> None:
    found = list(spellings(text))
    assert len(found) == len(set(found))
    assert all(found)

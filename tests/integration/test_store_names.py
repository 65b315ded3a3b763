"""Close names are found in the graph."""

from __future__ import annotations

import pytest

from agent.knowledge.facts import Seen
from agent.model import Entity
from agent.store.repository import Store


@pytest.fixture
async def filled(store: Store) -> Store:
    names = ("redis-reco", "redis-reco-backup", "checkout", "cart", "auth-db", "recommendation")
    entities = [Entity(name=n, namespace="production") for n in names]
    entities.append(Entity(name="checkout-config", kind="configmap", namespace="production"))
    await store.graph.take("kubernetes", Seen(entities=tuple(entities)))
    return store


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("redis-rec0", "redis-reco"),
        ("redisreco", "redis-reco"),
        ("chekout", "checkout"),
        ("Check-Out", "checkout"),
        ("authdb", "auth-db"),
        ("recomendation", "recommendation"),
    ],
)
async def test_a_typing_error_is_understood(filled: Store, typed: str, first: str) -> None:
    assert (await filled.names.near(typed))[0] == first


@pytest.mark.parametrize(
    "typed", ["", "x", "%", "no-such-thing-at-all", "'; drop table entities", "_"]
)
async def test_what_resembles_nothing_brings_nothing(filled: Store, typed: str) -> None:
    assert await filled.names.near(typed) == ()


async def test_parts_that_nobody_asks_about_are_not_offered(filled: Store) -> None:
    assert "checkout-config" not in await filled.names.near("checkout-confi", most=9)

"""Which things of different sources are one: told by their names, and only where a name can be read in one way."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.knowledge.facts import SameAs
from agent.knowledge.identity import names_of, normalised, proposals
from agent.model import Entity

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)


def thing(name: str, kind: str = "service", where: str = "production", *known_as: str) -> Entity:
    return Entity(
        name=name,
        kind=kind,
        namespace=where,
        environment=where,
        properties={"also_known_as": list(known_as)} if known_as else {},
    )


def merges(new: Iterable[Entity], known: Iterable[Entity] = ()) -> set[tuple[str, str]]:
    return {(c.alias, c.canonical) for c in claims(new, known)}


def claims(new: Iterable[Entity], known: Iterable[Entity] = ()) -> list[SameAs]:
    return list(proposals(list(new), list(known), NOW))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Recommendation Service", "recommendation"),
        ("recommendation-svc", "recommendation"),
        ("auth_db", "auth-db"),
        ("Checkout (Production)", "checkout"),
        ("The Cart App", "cart"),
    ],
)
def test_spellings_of_one_name(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("cart", "cart-worker"), ("redis-reco", "redis"), ("auth", "auth-db"), ("app", "service")],
)
def test_names_that_share_a_word_are_not_one(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


@given(st.text(max_size=40))
def test_a_name_s_normal_form_stays_as_it_is(name: str) -> None:
    assert normalised(normalised(name)) == normalised(name)


def test_one_service_under_two_names_is_merged_with_the_reason_told() -> None:
    pagerduty, datadog = thing("Recommendation Service"), thing("recommendation")
    (claim,) = claims([pagerduty], [datadog])
    assert (claim.alias, claim.canonical) == (pagerduty.key, datadog.key)
    assert "“Recommendation Service” and “recommendation”" in claim.reason
    assert "in production" in claim.reason


def test_it_does_not_matter_which_of_the_two_was_learnt_first() -> None:
    pagerduty, datadog = thing("Recommendation Service"), thing("recommendation")
    assert merges([pagerduty], [datadog]) == merges([datadog], [pagerduty])
    assert merges([pagerduty, datadog]) == merges([datadog], [pagerduty])


def test_another_name_that_a_source_knows_counts() -> None:
    reco = thing("reco", "service", "production", "Product Recommendations")
    assert merges([thing("product-recommendations")], [reco]) == {
        ("production/service/product-recommendations", "production/service/reco")
    }


def test_a_data_store_that_another_source_calls_a_service_is_one_thing() -> None:
    assert merges([thing("redis-reco", "cache")], [thing("redis-reco")]) == {
        ("production/cache/redis-reco", "production/service/redis-reco")
    }


@pytest.mark.parametrize("kind", ["deployment", "statefulset", "cronjob", "configmap", "team"])
def test_what_runs_or_owns_a_service_is_never_merged_into_it(kind: str) -> None:
    assert not merges([thing("cart", kind)], [thing("cart")])
    assert not merges([thing("cart")], [thing("cart", kind)])


def test_names_in_any_script_are_told_apart() -> None:
    assert not merges([thing("決済")], [thing("カート")])
    assert not merges([thing("!!")], [thing("??")])
    assert len(merges([thing("決済 Service")], [thing("決済")])) == 1


def test_the_same_name_in_another_environment_is_another_thing() -> None:
    assert not merges([thing("Cart Service", "service", "staging")], [thing("cart")])


def test_a_name_that_may_mean_two_things_merges_nothing() -> None:
    known = [thing("cart"), thing("Cart App")]
    assert not merges([thing("Cart Service")], known)


def test_a_thing_that_is_already_known_is_not_merged_with_itself() -> None:
    assert not merges([thing("cart")], [thing("cart")])


def test_the_names_of_a_thing_are_its_own_first_each_once() -> None:
    assert names_of(thing("cart", "service", "production", "Cart", "cart", "Basket")) == (
        "cart",
        "Cart",
        "Basket",
    )

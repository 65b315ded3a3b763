"""What people's sentences state about systems, and what they don't."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.knowledge.statements import Known, statements_in

_NAMES = """session redis-reco redis-cart cart checkout payments auth-db auth identity orders-export
    redis-reco-backup edge catalog orders.created"""
KNOWN = Known(_NAMES.split())


def told(text: str) -> list[tuple[str, str, str, bool]]:
    return [s[:4] for s in statements_in(text, KNOWN)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("checkout depends on payments", ("checkout", "depends_on", "payments", True)),
        ("we moved sessions to redis-reco", ("session", "depends_on", "redis-reco", True)),
        ("cart no longer uses redis-reco", ("cart", "depends_on", "redis-reco", False)),
        ("cart doesn't use redis-reco anymore", ("cart", "depends_on", "redis-reco", False)),
        ("cart doesn’t use the redis-reco cache", ("cart", "depends_on", "redis-reco", False)),
        ("cart used to use redis-reco", ("cart", "depends_on", "redis-reco", False)),
        ("cart moved off redis-reco", ("cart", "depends_on", "redis-reco", False)),
        ("it's not true that cart uses redis-reco", ("cart", "depends_on", "redis-reco", False)),
        ("cart reads prices from redis-cart", ("cart", "depends_on", "redis-cart", True)),
        ("cart writes its orders to `auth-db`", ("cart", "depends_on", "auth-db", True)),
        (
            "checkout publishes to orders.created.",
            ("checkout", "depends_on", "orders.created", True),
        ),
        ("*cart* is backed by redis-cart", ("cart", "depends_on", "redis-cart", True)),
        ("redis-cart is used by the cart service", ("cart", "depends_on", "redis-cart", True)),
        ("checkout calls payments", ("checkout", "calls", "payments", True)),
        ("checkout sits behind edge", ("edge", "routes_to", "checkout", True)),
        ("auth-db is owned by identity", ("identity", "owns", "auth-db", True)),
        ("the identity team maintains auth", ("identity", "owns", "auth", True)),
        (
            "redis-reco-backup backs up redis-reco",
            ("redis-reco-backup", "targets", "redis-reco", True),
        ),
        ("orders-export runs at 02:00", ("orders-export", "schedule", "02:00", True)),
        (
            "orders-export runs every night at 2:30pm UTC",
            ("orders-export", "schedule", "14:30", True),
        ),
        ("orders-export no longer runs at 02:00", ("orders-export", "schedule", "02:00", False)),
        ("the redis-reco backup moved to 00:10", ("redis-reco-backup", "schedule", "00:10", True)),
        ("cart is now called basket-v2", ("cart", "same_as", "basket-v2", True)),
        ("auth was renamed to identity", ("auth", "same_as", "identity", True)),
        ("<@U0SREBOT> cart no longer uses redis-reco", ("cart", "depends_on", "redis-reco", False)),
        (
            "<https://x.y/z|checkout> depends on payments",
            ("checkout", "depends_on", "payments", True),
        ),
    ],
)
def test_one_statement(text: str, expected: tuple[str, str, str, bool]) -> None:
    assert told(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "does cart use redis-reco?",
        "who knows whether cart uses redis-reco",
        "if cart uses redis-reco we are doomed",
        "we will move cart to redis-reco next week",
        "cart is going to use redis-reco",
        "cart would use redis-reco",
        "> cart uses redis-reco",
        "&gt; cart uses redis-reco",
        "```\ncart uses redis-reco\n```",
        "cart is slow, redis-reco too",
        "postcart uses redis-reco",
        "cart uses something",
        "orders-export runs at 5 req/s",
        "cart is called often",
        "cart should use redis-reco",
        "cart must not call auth",
        "cart used redis-reco until March",
        "we considered that cart uses redis-reco",
    ],
)
def test_no_statement(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cart has no dependency on redis-reco", ("cart", "depends_on", "redis-reco", False)),
        ("cart is independent of redis-reco", ("cart", "depends_on", "redis-reco", False)),
        ("cart has a hard dependency on auth", ("cart", "depends_on", "auth", True)),
        ("cart's cache is redis-cart", ("cart", "depends_on", "redis-cart", True)),
        ("cart’s database is not auth-db", ("cart", "depends_on", "auth-db", False)),
        ("cart talks directly to auth", ("cart", "depends_on", "auth", True)),
        ("cart uses only redis-cart", ("cart", "depends_on", "redis-cart", True)),
        ("cart stopped using redis-reco", ("cart", "depends_on", "redis-reco", False)),
        (
            "session management moves onto redis-reco, we accept",
            ("session", "depends_on", "redis-reco", True),
        ),
        ("auth keeps sessions in redis-cart", ("auth", "depends_on", "redis-cart", True)),
        (
            "I moved the redis-reco backup to 00:10 so that",
            ("redis-reco-backup", "schedule", "00:10", True),
        ),
        ("redis-reco is not used by cart", ("cart", "depends_on", "redis-reco", False)),
        ("redis-reco isn't used by cart any more", ("cart", "depends_on", "redis-reco", False)),
    ],
)
def test_other_ways_to_say_it(text: str, expected: tuple[str, str, str, bool]) -> None:
    assert told(text) == [expected]


def test_a_chain_of_arrows_is_all_of_its_links() -> None:
    assert told("edge -> cart → redis-cart") == [
        ("edge", "depends_on", "cart", True),
        ("cart", "depends_on", "redis-cart", True),
    ]


def test_lists_on_both_sides_tie_each_to_each() -> None:
    assert {t[::2] for t in told("cart and checkout use redis-cart, payments and auth")} == {
        (a, b) for a in ("cart", "checkout") for b in ("redis-cart", "payments", "auth")
    }


def test_the_next_clause_has_its_own_subject() -> None:
    assert told("cart uses redis-cart and checkout calls payments") == [
        ("cart", "depends_on", "redis-cart", True),
        ("checkout", "calls", "payments", True),
    ]


def test_what_was_left_and_what_was_taken_up() -> None:
    assert told("we moved cart from redis-reco to redis-cart") == [
        ("cart", "depends_on", "redis-reco", False),
        ("cart", "depends_on", "redis-cart", True),
    ]
    assert told("cart uses redis-cart, not redis-reco") == [
        ("cart", "depends_on", "redis-cart", True),
        ("cart", "depends_on", "redis-reco", False),
    ]

    assert told("auth reads from redis-cart (not redis-reco)")[1][3] is False


def test_a_list_may_be_announced() -> None:
    expected = [("cart", "depends_on", n, True) for n in ("redis-cart", "catalog")]
    assert told("cart depends on: redis-cart, catalog") == expected
    assert told("The cart service depends on two things: redis-cart and catalog.") == expected


def test_what_a_relative_clause_says_is_not_said_of_the_wrong_one() -> None:
    assert told("auth, which uses auth-db, is owned by identity") == [
        ("auth", "depends_on", "auth-db", True)
    ]


def test_a_hedge_lowers_confidence_and_doubt_turns_it_around() -> None:
    [plain] = statements_in("cart uses redis-reco", KNOWN)
    [hedged] = statements_in("I think cart uses redis-reco", KNOWN)
    [adverb] = statements_in("cart probably uses redis-reco", KNOWN)
    [doubted] = statements_in("I don't think cart uses redis-reco", KNOWN)
    assert hedged.confidence == adverb.confidence == doubted.confidence < plain.confidence
    assert (hedged.holds, doubted.holds) == (True, False)


def test_the_longest_name_is_meant() -> None:
    assert told("auth-db is used by checkout") == [("checkout", "depends_on", "auth-db", True)]


def test_the_quote_is_the_sentence_as_it_stands() -> None:
    text = "Morning all. By the way, `cart` uses *redis-cart* now! Lunch?"
    [statement] = statements_in(text, KNOWN)
    assert statement.quote == "By the way, `cart` uses *redis-cart* now!"
    assert statement.quote in text


_SPOKEN = """cart checkout redis-reco auth uses calls and , not no longer to moved is called behind owned by
    at 02:00 runs ` ⟦0⟧ ? ."""
_WORDS = st.sampled_from(_SPOKEN.split()) | st.just("\n")


@given(st.lists(_WORDS, max_size=40).map(" ".join) | st.text(max_size=300))
@settings(deadline=None)
def test_whatever_is_said_a_statement_quotes_it_and_names_what_is_known(text: str) -> None:
    for statement in statements_in(text, KNOWN):
        assert statement.quote in text
        assert statement.subject in KNOWN
        assert statement.kind in ("schedule", "same_as") or statement.object in KNOWN
        assert 0 < statement.confidence <= 0.6


@pytest.mark.parametrize(
    "text",
    ["cart, " * 80, "cart and " * 60 + "use", "cart is " * 60, "cart uses " * 50, "_*`" * 999],
)
def test_no_sentence_takes_long(text: str) -> None:
    started = time.process_time()
    statements_in("\n".join([text[:500]] * 3), KNOWN)
    assert time.process_time() - started < 2.0

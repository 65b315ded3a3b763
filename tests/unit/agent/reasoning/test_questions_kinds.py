"""What is asked, and about what, in the words that people use."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.reasoning.questions.kinds import Kind, asked, cleaned

NOW = datetime(2026, 11, 25, 3, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "kind", "a", "b"),
    [
        ("what depends on redis-reco?", Kind.DEPENDANTS, "redis-reco", ""),
        ("WHAT DEPENDS ON Redis-Reco", Kind.DEPENDANTS, "Redis-Reco", ""),
        ("which services depend on auth-db?", Kind.DEPENDANTS, "auth-db", ""),
        ("what uses redis-reco", Kind.DEPENDANTS, "redis-reco", ""),
        ("who calls auth?", Kind.DEPENDANTS, "auth", ""),
        ("is anything depending on auth-db?", Kind.DEPENDANTS, "auth-db", ""),
        ("does anything still use search-index?", Kind.DEPENDANTS, "search-index", ""),
        ("what would break if session-db went away?", Kind.DEPENDANTS, "session-db", ""),
        ("what happens if we lose rabbitmq?", Kind.DEPENDANTS, "rabbitmq", ""),
        ("what if redis-reco dies", Kind.DEPENDANTS, "redis-reco", ""),
        ("who is affected when auth is down?", Kind.DEPENDANTS, "auth", ""),
        ("blast radius of orders-db", Kind.DEPENDANTS, "orders-db", ""),
        ("what does auth depend on?", Kind.DEPENDENCIES, "auth", ""),
        ("what does the Checkout Service use?", Kind.DEPENDENCIES, "the Checkout Service", ""),
        ("dependencies of cart", Kind.DEPENDENCIES, "cart", ""),
        ("why do you think cart uses redis?", Kind.WHY, "cart", "redis"),
        ("why do you believe that cart depends on redis-reco", Kind.WHY, "cart", "redis-reco"),
        ("how do you know cart calls session?", Kind.WHY, "cart", "session"),
        ("does cart still use redis-reco?", Kind.WHY, "cart", "redis-reco"),
        ("how are cart and auth-db connected?", Kind.PATH, "cart", "auth-db"),
        ("how is cart connected to auth-db?", Kind.PATH, "cart", "auth-db"),
        ("path from gateway to auth-db", Kind.PATH, "gateway", "auth-db"),
        ("who owns checkout and who is on call?", Kind.OWNER, "checkout", ""),
        ("who is on call for auth", Kind.OWNER, "auth", ""),
        ("who do I call about checkout", Kind.OWNER, "checkout", ""),
        ("whom should we page for the Checkout Service?", Kind.OWNER, "the Checkout Service", ""),
        ("which team owns Redis Reco", Kind.OWNER, "Redis Reco", ""),
        ("what changed around auth since 02:00?", Kind.CHANGES, "auth", ""),
        ("what changed around auth since yesterday", Kind.CHANGES, "auth", ""),
        ("what changed around auth in the last 3 hours", Kind.CHANGES, "auth", ""),
        ("recent changes to cart since Monday 14:30", Kind.CHANGES, "cart", ""),
        ("what was rolled out in the last 24 hours?", Kind.CHANGES, "", ""),
        ("what happened to auth since last night", Kind.CHANGES, "auth", ""),
        ("what do you know about auth-db", Kind.ENTITY, "auth-db", ""),
        ("how much memory does cart have?", Kind.ENTITY, "cart", ""),
        ("recent incidents of auth?", Kind.INCIDENTS, "auth", ""),
        ("how is auth?", Kind.HEALTH, "auth", ""),
        ("is checkout ok?", Kind.HEALTH, "checkout", ""),
    ],
)
def test_a_question_is_understood(text: str, kind: Kind, a: str, b: str) -> None:
    found = asked(text, NOW)
    assert found is not None
    assert (found.kind, found.a, found.b) == (kind, a, b)


@pytest.mark.parametrize("text", ["write me a poem", "why do we use Redis for sessions?", ""])
def test_other_things_are_not(text: str) -> None:
    assert asked(text, NOW) is None


def test_the_place_is_taken_out_of_the_name() -> None:
    found = asked("what depends on auth in staging?", NOW)
    assert found is not None
    assert (found.a, found.environment) == ("auth", "staging")


def test_what_would_break_is_known_from_what_depends() -> None:
    loss, plain = asked("what would break without auth?", NOW), asked("what uses auth?", NOW)
    assert loss is not None
    assert plain is not None
    assert (loss.loss, plain.loss) == (True, False)


@pytest.mark.parametrize("text", ["who owns this thing?", "what depends on it?"])
def test_words_for_nothing_in_particular_are_no_name(text: str) -> None:
    found = asked(text, NOW)
    assert found is not None
    assert found.a == ""


@given(st.text(max_size=300))
def test_any_text_is_taken(text: str) -> None:
    asked(text, NOW)
    assert cleaned(cleaned(text)) == cleaned(text)

"""What several sources together make of a relation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from agent.knowledge.truth import believe
from agent.model import Relation

NOW = datetime(2026, 11, 25, tzinfo=UTC)
ORIGINS = ("kubernetes", "datadog", "pagerduty", "slack", "inferred", "repository", "other")


def word(origin: str, confidence: float, days: float, holds: bool, confirmations: int) -> Relation:
    return Relation(
        source="a", target="b", kind="depends_on", origin=origin, confidence=confidence,
        holds=holds, confirmations=confirmations, first_seen=NOW - timedelta(days=days),
        last_confirmed=NOW - timedelta(days=days),
    )  # fmt: skip


WORDS = st.builds(
    word,
    st.sampled_from(ORIGINS),
    st.floats(0, 1),
    st.floats(0, 400),
    st.booleans(),
    st.integers(-9, 9),
)
MANY = st.lists(WORDS, min_size=1, max_size=6)
YES = st.builds(
    word, st.sampled_from(ORIGINS), st.floats(0, 1), st.floats(0, 400), st.just(True), st.just(0)
)


@given(MANY)
def test_it_is_a_probability(words: list[Relation]) -> None:
    assert 0 <= believe(words, NOW).confidence <= 1


@given(MANY, YES)
def test_a_source_that_agrees_never_lowers_it(words: list[Relation], another: Relation) -> None:
    before, after = believe(words, NOW), believe([*words, another], NOW)
    assert after.confidence >= before.confidence - 1e-9


@given(st.lists(YES, min_size=1, max_size=6), st.floats(0, 900))
def test_age_never_raises_it(words: list[Relation], days: float) -> None:
    later = believe(words, NOW + timedelta(days=days))
    assert later.confidence <= believe(words, NOW).confidence + 1e-9


@given(MANY, st.booleans())
def test_an_engineers_word_outranks_whatever_the_others_say(
    words: list[Relation], holds: bool
) -> None:
    said = believe([*words, word("engineer", 1.0, 0.0, holds, 0)], NOW)
    assert said.confidence >= 0.9 if holds else said.confidence <= 0.1
    assert said.said_by[0].origin == "engineer"


def test_of_two_engineers_the_later_counts() -> None:
    early, late = word("engineer", 1, 3, True, 0), word("engineer", 1, 1, False, 0)
    assert believe([early, late], NOW).confidence < 0.2


def test_two_weak_sources_that_agree_make_a_stronger_belief() -> None:
    one, two = word("slack", 0.6, 0, True, 0), word("repository", 0.6, 0, True, 0)
    assert believe([one], NOW).tentative
    assert believe([one, two], NOW).confidence > 0.8


def test_contradictions_are_kept_side_by_side() -> None:
    found = believe([word("slack", 0.6, 0, False, 0), word("inferred", 0.9, 0, True, 0)], NOW)
    assert found.contradicted
    assert found.tentative
    assert {(r.origin, r.holds) for r in found.said_by} == {("slack", False), ("inferred", True)}


def test_what_a_source_that_sees_everything_no_longer_shows_counts_little() -> None:
    seen = word("kubernetes", 1.0, 0, True, 0)
    gone = seen.model_copy(update={"missing_since": NOW})
    assert believe([gone], NOW).confidence < 0.2

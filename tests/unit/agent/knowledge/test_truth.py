"""What several sources together make of one relation: more with agreement, less with age, an engineer above all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.knowledge import truth
from agent.knowledge.truth import ENGINEER, believe
from agent.model import Relation

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
SOURCES = ("kubernetes", "datadog", "pagerduty", "repository", "slack", "inferred", "somebody")


def said(origin: str = "datadog", *, days_ago: float = 0.0, **changes: object) -> Relation:
    at = NOW - timedelta(days=days_ago)
    values = {
        "source": "production/service/cart",
        "target": "production/service/redis-reco",
        "kind": "depends_on",
        "origin": origin,
        "first_seen": at,
        "last_confirmed": at,
    }
    return Relation.model_validate(values | changes)


WORDS = st.builds(
    said,
    st.sampled_from(SOURCES),
    days_ago=st.floats(-1, 4000),
    confidence=st.floats(0, 1),
    holds=st.booleans(),
    confirmations=st.integers(-9, 9),
    missing_since=st.sampled_from([None, NOW]),
)
AGREEING = WORDS.map(lambda r: r.model_copy(update={"holds": True, "confirmations": 0}))


@given(st.lists(WORDS, min_size=1, max_size=7), st.floats(-10, 4000))
def test_confidence_is_a_share_whatever_is_said_and_whenever_it_is_asked(
    words: Sequence[Relation], days: float
) -> None:
    assert 0.0 <= believe(words, NOW + timedelta(days=days)).confidence <= 1.0


@given(st.lists(WORDS, min_size=1, max_size=6), AGREEING)
def test_a_source_that_agrees_never_lowers_it(words: list[Relation], more: Relation) -> None:
    before = believe(words, NOW).confidence
    assert believe([*words, more], NOW).confidence >= before - 1e-9


@given(st.lists(AGREEING, min_size=1, max_size=6), st.floats(0, 3000), st.floats(0, 3000))
def test_age_never_raises_what_nobody_denies(
    words: list[Relation], days: float, more_days: float
) -> None:
    earlier, later = (NOW + timedelta(days=d) for d in (days, days + more_days))
    assert believe(words, later).confidence <= believe(words, earlier).confidence + 1e-9


@given(st.lists(WORDS, max_size=5), AGREEING, st.floats(0, 3000))
def test_the_older_a_source_s_word_the_less_it_helps(
    others: list[Relation], word: Relation, days: float
) -> None:
    older = word.model_copy(
        update={"last_confirmed": word.last_confirmed - timedelta(days=days)},
    )
    believed = believe([*others, word], NOW).confidence
    assert believe([*others, older], NOW).confidence <= believed + 1e-9


@given(st.lists(WORDS, max_size=6), st.booleans(), st.floats(0, 3000))
def test_an_engineer_s_word_decides_whatever_the_others_say(
    others: list[Relation], holds: bool, days_ago: float
) -> None:
    belief = believe([*others, said(ENGINEER, holds=holds, days_ago=days_ago)], NOW)
    assert truth.stands(belief) is holds
    assert (belief.confidence >= 0.5) is holds
    assert belief.said_by[0].origin == ENGINEER


@given(st.permutations([said(o, confidence=0.6, holds=o != "slack") for o in SOURCES]))
def test_the_order_in_which_sources_are_asked_does_not_matter(words: list[Relation]) -> None:
    belief = believe(words, NOW)
    expected = believe(sorted(words, key=lambda r: r.origin), NOW)
    assert belief.confidence == pytest.approx(expected.confidence)
    assert belief.said_by == expected.said_by


def test_what_one_source_says_twice_is_not_said_by_two() -> None:
    once = said("datadog", confidence=0.6)
    again = said("datadog", confidence=0.5, evidence="elsewhere")
    assert believe([once, again], NOW).confidence == believe([once], NOW).confidence


def test_sources_together_are_never_certain() -> None:
    everybody = [said(origin, confidence=1.0) for origin in SOURCES]
    assert believe(everybody, NOW).confidence == truth.SUREST < 1.0


def test_independent_sources_add_up_by_noisy_or() -> None:
    both = [said("datadog", confidence=0.6), said("inferred", confidence=0.5)]
    assert believe(both, NOW).confidence == pytest.approx(1 - 0.4 * 0.5)


def test_one_weak_source_is_tentative_and_two_that_agree_are_not() -> None:
    weak = said("inferred", confidence=0.6)
    assert believe([weak], NOW).tentative
    assert not believe([weak, said("datadog", confidence=0.9)], NOW).tentative


def test_a_word_is_worth_half_after_its_source_s_half_life() -> None:
    for origin, days in truth.HALF_LIFE_DAYS.items():
        assert truth.weight(said(origin, days_ago=days), NOW) == pytest.approx(0.5)


def test_a_scan_every_few_minutes_grows_old_sooner_than_what_a_person_said() -> None:
    week = 7.0
    assert not truth.stands(believe([said("kubernetes", days_ago=week)], NOW))
    assert believe([said("slack", days_ago=week)], NOW).confidence > 0.9


def test_what_a_source_no_longer_shows_falls_at_once_and_others_keep_it_standing() -> None:
    gone = said("kubernetes", missing_since=NOW)
    assert not truth.stands(believe([gone], NOW))
    assert truth.stands(believe([gone, said("datadog", confidence=0.8)], NOW))


def test_those_who_say_and_those_who_deny_are_kept_side_by_side() -> None:
    belief = believe([said("datadog", confidence=0.9), said("slack", holds=False)], NOW)
    assert belief.contradicted
    assert belief.tentative
    assert {r.origin: r.holds for r in belief.said_by} == {"datadog": True, "slack": False}
    assert belief.confidence < believe([said("datadog", confidence=0.9)], NOW).confidence


def test_a_denial_so_old_that_it_counts_for_nothing_contradicts_nothing() -> None:
    belief = believe([said("datadog"), said("slack", holds=False, days_ago=900)], NOW)
    assert not belief.contradicted


def test_investigations_that_found_it_so_raise_it_and_those_that_did_not_lower_it() -> None:
    weak = said("inferred", confidence=0.5)
    found = weak.model_copy(update={"confirmations": 2})
    refuted = weak.model_copy(update={"confirmations": -2})
    ranked = [believe([r], NOW).confidence for r in (refuted, weak, found)]
    assert ranked == sorted(set(ranked))


def test_confirmations_do_not_bring_back_what_nobody_says_any_more() -> None:
    old = said("inferred", days_ago=60, confirmations=9)
    assert not truth.stands(believe([old], NOW))


def test_the_latest_engineer_is_heard_and_the_others_dispute_shows() -> None:
    words = [
        said(ENGINEER, holds=False, days_ago=3),
        said(ENGINEER, holds=True, days_ago=1),
        said("datadog"),
    ]
    assert truth.stands(believe(words, NOW))
    denied = believe([said(ENGINEER, holds=False), said("datadog")], NOW)
    assert denied.contradicted
    assert not truth.stands(denied)


def test_a_word_is_forgotten_when_it_is_worth_next_to_nothing_but_never_an_engineer_s() -> None:
    assert truth.forgotten(said("kubernetes", days_ago=30), NOW)
    assert not truth.forgotten(said("kubernetes", days_ago=1), NOW)
    assert not truth.forgotten(said(ENGINEER, days_ago=9000), NOW)

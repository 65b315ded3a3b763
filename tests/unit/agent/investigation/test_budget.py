"""Budgets: by impact and environment within what the settings allow, by what an engineer names, and what is left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.investigation.budget import (
    MOST_TIMES,
    budget_for,
    deepened,
    left_in_words,
    remaining,
    replenished,
    used_up,
)
from agent.model import Budget, Decision, Spent, Triage
from tests.unit.agent.investigation.house import case_of, signal_on

BOUNDS = Budget()
FIELDS = tuple(Budget.model_fields)
budgets = st.builds(
    Budget,
    seconds=st.floats(1, 10_000),
    tool_calls=st.integers(1, 1_000),
    tokens=st.integers(1, 10_000_000),
    usd=st.floats(0.01, 100),
)
spendings = st.builds(
    Spent,
    seconds=st.floats(0, 20_000),
    tool_calls=st.integers(0, 2_000),
    prompt_tokens=st.integers(0, 10_000_000),
    usd=st.floats(0, 200),
)


def triage(impact: float) -> Triage:
    return Triage(decision=Decision.INVESTIGATE, reason="it is tier 1", impact=impact)


def test_great_impact_gets_what_the_settings_allow_and_little_a_part_of_it() -> None:
    assert budget_for(triage(0.9), "production", BOUNDS) == BOUNDS
    quick = budget_for(triage(0.2), "production", BOUNDS)
    assert (quick.seconds, quick.tool_calls, quick.tokens, quick.usd) == (90, 40, 100_000, 0.2)


def test_in_development_it_is_quick_whatever_the_impact() -> None:
    assert budget_for(triage(0.9), "development", BOUNDS).seconds < BOUNDS.seconds


@pytest.mark.parametrize(
    ("asked", "field", "amount"),
    [
        ("5m", "seconds", 300),
        ("90s", "seconds", 90),
        ("2.5usd", "usd", 2.5),
        ("$2", "usd", 2.0),
        ("40calls", "tool_calls", 40),
        ("100ktokens", "tokens", 100_000),
        ("Deep", "seconds", 600),
        ("quick", "tool_calls", 40),
    ],
)
def test_an_engineers_word_goes_before_impact(asked: str, field: str, amount: float) -> None:
    assert getattr(budget_for(triage(0.1), "development", BOUNDS, asked), field) == amount


def test_more_of_one_thing_brings_more_of_the_others() -> None:
    assert budget_for(triage(0.5), "", BOUNDS, "10m").tool_calls == 2 * BOUNDS.tool_calls
    assert budget_for(triage(0.5), "", BOUNDS, "1m").tool_calls == BOUNDS.tool_calls


@pytest.mark.parametrize(
    "asked", ["lots", "5", "-5m", "0s", "5 parsecs", "m5", "1e9s", "deep deep"]
)
def test_what_is_no_budget_is_refused_with_a_sentence(asked: str) -> None:
    with pytest.raises(ValueError, match=r"^(The|A) budget .*\.$"):
        budget_for(triage(0.5), "", BOUNDS, asked)


@given(
    impact=st.floats(0, 1), environment=st.sampled_from(["", "production", "dev"]), bounds=budgets
)
def test_unasked_it_never_exceeds_the_bounds(
    impact: float, environment: str, bounds: Budget
) -> None:
    given_ = budget_for(triage(impact), environment, bounds)
    assert all(getattr(given_, n) <= getattr(bounds, n) for n in FIELDS)


@given(
    bounds=budgets,
    number=st.integers(1, 10**9),
    unit=st.sampled_from(["s", "m", "h", "calls", "tokens", "ktokens", "usd", "$"]),
)
def test_no_word_of_anyone_exceeds_a_multiple_of_the_bounds(
    bounds: Budget, number: int, unit: str
) -> None:
    given_ = budget_for(triage(0.5), "", bounds, f"{number}{unit}")
    assert all(getattr(given_, n) <= MOST_TIMES * getattr(bounds, n) + 1 for n in FIELDS)


@given(text=st.text(max_size=40))
def test_any_text_is_a_budget_or_a_clear_error(text: str) -> None:
    try:
        assert all(getattr(budget_for(triage(0.5), "", BOUNDS, text), n) > 0 for n in FIELDS)
    except ValueError as error:
        assert len(str(error)) < 200


@given(budget=budgets, spent=spendings)
def test_what_is_left_is_never_negative_and_nothing_left_is_used_up(
    budget: Budget, spent: Spent
) -> None:
    left = remaining(budget, spent)
    assert min(left) >= 0
    assert bool(used_up(budget, spent)) == (min(left) == 0)


@given(budget=budgets, spent=spendings)
def test_going_on_never_means_less_and_there_is_something_to_go_on_with(
    budget: Budget, spent: Spent
) -> None:
    again = replenished(budget, spent)
    more = deepened(budget, spent, triage(0.5), "deep", budget)
    assert not used_up(again, spent)
    for name in FIELDS:
        assert getattr(budget, name) <= getattr(again, name) <= getattr(more, name)


@given(budget=budgets, asked=st.sampled_from(["deep", "9h", "999usd", "99999calls"]))
def test_asking_for_more_again_and_again_does_not_multiply(budget: Budget, asked: str) -> None:
    more = budget
    for _ in range(20):
        more = deepened(more, Spent(), triage(0.5), asked, budget)
    assert all(getattr(more, n) <= MOST_TIMES * getattr(budget, n) + 1 for n in FIELDS)


def test_a_budget_that_is_hardly_touched_is_kept_when_going_on() -> None:
    assert replenished(BOUNDS, Spent(seconds=20, tool_calls=10)) == BOUNDS
    assert replenished(BOUNDS, Spent(seconds=299, tool_calls=10)).seconds == 599


def test_what_is_left_is_said_in_words() -> None:
    case = case_of(signal_on("auth", "Login failures"))
    spent = Spent(seconds=120, tool_calls=31)
    head = case.investigation.model_copy(update={"spent": spent})
    assert left_in_words(case.model_copy(update={"investigation": head})) == (
        "3 of 5 min, 29 of 60 calls"
    )
    head = head.model_copy(update={"spent": spent.plus(prompt_tokens=20_000, usd=0.02)})
    assert left_in_words(case.model_copy(update={"investigation": head})) == (
        "3 of 5 min, 29 of 60 calls, 180k of 200k tokens, $0.98 of $1.00"
    )

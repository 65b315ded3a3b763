"""Why srebot is at its level, in words with numbers, and what is missing to the next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.learning.levels import Standpoint, level_of, more_successes
from agent.learning.trust import Trial, record, wilson_lower
from agent.model import ChangeKind, TrackRecord
from agent.resolution.policy import ACKNOWLEDGED, AutoApply, Environment, Policy, Rule

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
NEEDED = AutoApply(min_successes=5, min_lower_bound=0.8)


def rule(**changes: object) -> Rule:
    values = {"name": "limits", "kinds": (ChangeKind.RESOURCES,), "approvers": ("sre",)}
    return Rule.model_validate(values | changes)


def policy(**rules: Rule) -> Policy:
    return Policy(environments={name: Environment(rules=(r,)) for name, r in rules.items()})


def known(signs: str, environment: str = "staging") -> TrackRecord:
    trials = [Trial(NOW + timedelta(hours=n), sign == "+") for n, sign in enumerate(signs)]
    return record("checkout", "resources", environment, trials)


def test_what_no_rule_lets_it_propose_it_does_not_propose() -> None:
    written = policy(staging=rule(propose=False))
    assert level_of(written, known("+++"), approved_before=True).standpoint is Standpoint.SILENT
    none = Policy(environments={"staging": Environment()})
    assert level_of(none, known(""), approved_before=True).standpoint is Standpoint.SILENT


def test_without_auto_apply_it_always_asks_whatever_the_record() -> None:
    level = level_of(policy(staging=rule()), known("+" * 50), approved_before=True)
    assert level.standpoint is Standpoint.ASKS
    assert "50 of 50 went well, which proves a rate of at least 93%" in level.why
    assert "No record changes that" in level.missing


def test_production_asks_unless_the_rule_says_in_words_that_it_need_not() -> None:
    bare = policy(production=rule(auto_apply=NEEDED))
    said = policy(production=rule(auto_apply=NEEDED, acknowledged=ACKNOWLEDGED))
    proven = known("+" * 50, "production")
    assert level_of(bare, proven, approved_before=True).standpoint is Standpoint.ASKS
    assert level_of(said, proven, approved_before=True).standpoint is Standpoint.UNASKED


def test_what_is_missing_to_the_next_level_is_counted() -> None:
    written = policy(staging=rule(auto_apply=NEEDED))
    level = level_of(written, known("+++"), approved_before=False)
    assert level.standpoint is Standpoint.EARNING
    assert level.missing == "13 more in a row have to go well."
    assert "once 5 went well and the record proves 80%" in level.why
    there = level_of(written, known("+" * 16), approved_before=False)
    assert (there.standpoint, there.missing) == (Standpoint.UNASKED, "")


def test_an_approval_that_has_to_come_first_is_named() -> None:
    written = policy(development=rule(auto_apply=AutoApply(approved_before=True)))
    first = level_of(written, known("", "development"), approved_before=False)
    assert first.missing == "Somebody has to approve one first."
    assert "None of my changes of this kind there" in first.why
    then = level_of(written, known("", "development"), approved_before=True)
    assert then.standpoint is Standpoint.UNASKED


def test_what_was_withdrawn_says_why_and_how_it_comes_back() -> None:
    written = policy(staging=rule(auto_apply=NEEDED))
    level = level_of(written, known("+" * 30 + "--"), approved_before=True)
    assert level.standpoint is Standpoint.WITHDRAWN
    assert "2 of the last 5 changes went wrong" in level.why
    assert "until an engineer restores it or 5 more in a row go well" in level.why


@given(st.integers(0, 40), st.integers(0, 10), st.integers(0, 20), st.floats(0, 0.95))
def test_so_many_more_successes_are_enough_and_one_less_is_not(
    successes: int, failures: int, wanted: int, bound: float
) -> None:
    have = TrackRecord(
        service="s", kind="resources", environment="e", successes=successes, failures=failures
    )

    def enough(more: int) -> bool:
        total = successes + failures + more
        return successes + more >= wanted and (
            bound <= 0 or wilson_lower(successes + more, total) >= bound
        )

    more = more_successes(have, wanted, bound)
    assert more is not None
    assert enough(more)
    assert more == 0 or not enough(more - 1)


def test_what_is_out_of_reach_is_not_promised() -> None:
    have = TrackRecord(service="s", kind="resources", environment="e", failures=500)
    assert more_successes(have, 0, 0.99) is None
    assert more_successes(have, 0, 0.0) == 0


@pytest.mark.parametrize("signs", ["", "+", "-+-", "--", "+" * 60])
def test_every_record_has_a_level_under_the_packaged_policy(signs: str) -> None:
    from agent.resolution.policy import default_policy

    for environment in ("development", "staging", "production", "somewhere"):
        level = level_of(default_policy(), known(signs, environment), approved_before=False)
        assert level.why.endswith(".")

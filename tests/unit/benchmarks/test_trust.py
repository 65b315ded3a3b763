"""The trust benchmark decides by the product's own rules, and its figures can fail."""

from __future__ import annotations

import random

import pytest

from benchmarks import trust


def test_a_record_that_always_succeeds_is_promoted_once_its_bound_allows() -> None:
    assert trust.promoted_after(random.Random(1), 1.0) == 16


def test_a_record_that_always_fails_never_is() -> None:
    assert trust.promoted_after(random.Random(1), 0.0) is None


def test_what_only_fails_is_demoted_by_the_second_failure() -> None:
    assert trust.failures_until_demoted(random.Random(1), 0.0) <= 2


def test_a_promise_that_is_not_kept_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust, "RECORDS", 50)
    monkeypatch.setattr(trust, "BOUND", 0.5)
    monkeypatch.setattr(
        trust,
        "may_go_unasked",
        lambda trials: sum(t.succeeded for t in trials) >= trust.SUCCESSES,
    )
    assert not all(figure.ok for figure in trust.promotions(random.Random(1)))

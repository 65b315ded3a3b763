"""Track records: bounds with known answers, what counts, and how trust is lost and comes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.learning import trust
from agent.learning.trust import AppliedChange, Trial, standing, trial_of, wilson_lower
from agent.model import Change, ChangeKind, Entity, OutcomeStatus, Verdict

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=1)


def trials(signs: str) -> list[Trial]:
    """``+`` a success, ``-`` a failure, ``!`` one that made things worse; an hour apart."""
    return [
        Trial(NOW + timedelta(hours=n), succeeded=sign == "+", worse=sign == "!")
        for n, sign in enumerate(signs)
    ]


@pytest.mark.parametrize(
    ("successes", "of", "bound"),
    [
        # Checked against scipy.stats.binomtest(...).proportion_ci(method="wilson").
        (0, 0, 0.0),
        (0, 10, 0.0),
        (1, 1, 0.2065),
        (9, 11, 0.5230),
        (16, 16, 0.8064),
        (15, 15, 0.7961),
        (81, 100, 0.7222),
    ],
)
def test_the_bound_is_wilsons(successes: int, of: int, bound: float) -> None:
    assert wilson_lower(successes, of) == pytest.approx(bound, abs=5e-5)


def test_impossible_counts_are_refused() -> None:
    for successes, of in ((2, 1), (-1, 3)):
        with pytest.raises(ValueError, match="impossible"):
            wilson_lower(successes, of)


@given(of=st.integers(1, 5000), data=st.data())
def test_the_bound_lies_below_the_share_and_moves_with_what_is_seen(
    of: int, data: st.DataObject
) -> None:
    successes = data.draw(st.integers(0, of))
    bound = wilson_lower(successes, of)
    assert 0.0 <= bound <= successes / of
    assert wilson_lower(successes + 1, of + 1) > bound, "a success lifts it"
    assert wilson_lower(successes, of + 1) <= bound, "a failure never does"


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ({"outcome": OutcomeStatus.RECOVERED}, True),
        ({"outcome": OutcomeStatus.UNCHANGED}, False),
        ({"outcome": OutcomeStatus.WORSE}, False),
        ({"outcome": OutcomeStatus.CANNOT_TELL}, None),
        ({"outcome": None}, None),
        ({"outcome": None, "applied": False}, False),
        ({"outcome": OutcomeStatus.RECOVERED, "taken_back": True}, False),
        ({"outcome": OutcomeStatus.RECOVERED, "relapsed": True}, False),
        ({"outcome": OutcomeStatus.RECOVERED, "unrelated": True}, None),
        ({"outcome": OutcomeStatus.RECOVERED, "at": NOW - timedelta(minutes=59)}, None),
    ],
)
def test_what_counts_as_a_success_is_a_recovery_that_held(
    change: dict[str, object], counts: bool | None
) -> None:
    known = {"service": "checkout", "applied": True, "at": LONG_AGO} | change
    found = trial_of(AppliedChange.model_validate(known), NOW)
    assert (found and found.succeeded) == counts


@pytest.mark.parametrize(
    ("signs", "stands"),
    [
        ("", True),
        ("++++++++++", True),
        ("+" * 40 + "-", True),
        ("+" * 40 + "--", False),
        ("+" * 40 + "-+++-", False),
        ("-++++-", True),
        ("!", False),
        ("--++++", False),
        ("--+++++", True),
        ("--+++++-", True),
        ("--++++-+++++", True),
        ("--++++-++++", False),
    ],
)
def test_two_failures_in_five_or_one_that_made_it_worse_withdraw_and_five_successes_return(
    signs: str, stands: bool
) -> None:
    assert (not standing(trials(signs), strict=True).reason) is stands


def test_where_one_may_experiment_a_change_that_made_it_worse_is_a_failure_like_others() -> None:
    assert not standing(trials("+++!")).reason
    assert standing(trials("+++!-")).reason == "2 of the last 5 changes went wrong"


def test_an_engineer_who_restores_it_wipes_what_was_before_not_what_comes_after() -> None:
    seen = trials("++--+--")
    assert not standing(seen[:5], [seen[4].at]).reason
    assert standing(seen, [seen[4].at]).reason


@given(st.text("+-!", max_size=60))
def test_it_is_never_standing_right_after_two_failures(signs: str) -> None:
    assert standing(trials(signs + "--"), strict=True).withdrawn_at is not None
    assert not standing(trials(signs + "+" * 5)).reason, "five in a row always bring it back"


def test_the_record_says_why_and_what_is_missing() -> None:
    found = trust.record("checkout", "resources", "production", trials("++++--+"))
    assert (found.successes, found.failures) == (5, 2)
    assert found.withdrawn == (
        "2 of the last 5 changes went wrong: nothing goes without asking until an engineer "
        "restores it or 4 more in a row go well."
    )
    assert not trust.record("checkout", "resources", "production", trials("+++")).withdrawn
    against = trust.record("checkout", "resources", "production", trials("+++"), (), "why not")
    assert against.withdrawn == "why not"


@pytest.mark.parametrize(
    ("kind", "target", "arguments", "service"),
    [
        (ChangeKind.RESOURCES, "checkout", {}, "checkout"),
        (ChangeKind.CONFIG_VALUE, "checkout-config", {"restart": "checkout"}, "checkout"),
        (ChangeKind.CONFIG_VALUE, "checkout-config", {}, "checkout-config"),
        (ChangeKind.DELETE_POD, "web-frontend-7d9c6bd8f5-x2x9p", {}, "web-frontend"),
        (ChangeKind.DELETE_POD, "redis-reco-0", {}, "redis-reco"),
        (ChangeKind.DELETE_POD, "odd", {}, "odd"),
    ],
)
def test_a_change_counts_for_the_service_that_it_changes(
    kind: ChangeKind, target: str, arguments: dict[str, object], service: str
) -> None:
    change = Change(kind=kind, target=Entity(name=target), arguments=arguments)
    assert trust.service_of(change) == service


@pytest.mark.parametrize(
    ("probability", "disputed", "counts"),
    [(0.9, False, True), (0.1, False, False), (0.5, False, None), (0.9, True, None)],
)
def test_a_verdict_counts_once_it_is_clear(
    probability: float, disputed: bool, counts: bool | None
) -> None:
    verdict = Verdict(
        investigation=1,
        mode="bad_rollout",
        entity="checkout",
        environment="production",
        confidence=0.8,
        probability=probability,
        disputed=disputed,
        method="",
        graded_at=NOW,
    )
    found = trust.trial_of_verdict(verdict, NOW)
    assert (found and found.succeeded) == counts

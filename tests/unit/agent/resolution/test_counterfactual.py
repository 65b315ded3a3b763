"""What would have been without a change: what everything shares, and what the hour brings, is no effect of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.resolution.counterfactual import Move, compare, level_of, scatter_of

levels = st.floats(0.0, 1e6)
shifts = st.floats(-1e6, 1e6)
few = st.lists(levels, min_size=3, max_size=9)


def moved(levels_before: list[float], by: float) -> list[Move]:
    return [Move(level, level + by) for level in levels_before]


@given(before=levels, by=shifts, siblings=few, jitter=st.floats(-1.0, 1.0), scatter=st.floats(0, 9))
def test_what_the_siblings_do_as_well_is_like_them(
    before: float, by: float, siblings: list[float], jitter: float, scatter: float
) -> None:
    """No effect of the change: the signal went with its siblings, give or take its own scatter."""
    own = Move(before, before + by + jitter * scatter)
    assert compare("q", own, scatter, siblings=moved(siblings, by)).alike == ("siblings",)


@given(before=levels, by=shifts, days=few, jitter=st.floats(-1.0, 1.0), scatter=st.floats(0, 9))
def test_what_the_hour_brings_is_like_earlier_days(
    before: float, by: float, days: list[float], jitter: float, scatter: float
) -> None:
    own = Move(before, before + by + jitter * scatter)
    assert compare("q", own, scatter, days=moved(days, by)).alike == ("earlier days",)


@given(
    before=st.integers(0, 10**6),
    change=st.integers(-(10**6), -1),
    siblings=st.lists(st.tuples(st.integers(0, 10**6), st.integers(-100, 100)), min_size=2),
    shift=st.integers(0, 10**6),
)
def test_a_shift_that_siblings_share_changes_nothing(
    before: int, change: int, siblings: list[tuple[int, int]], shift: int
) -> None:
    """Whole numbers, so that adding is exact; the shift leaves the direction of the signal's move as it is."""
    shift = -shift
    plain = compare(
        "q", Move(before, before + change), 1.0, siblings=[Move(b, b + c) for b, c in siblings]
    )
    shifted = compare(
        "q",
        Move(before, before + change + shift),
        1.0,
        siblings=[Move(b, b + c + shift) for b, c in siblings],
    )
    assert shifted.alike == plain.alike
    assert plain.low is not None
    assert plain.high is not None
    assert shifted.low == pytest.approx(plain.low + shift, abs=1e-3)
    assert shifted.high == pytest.approx(plain.high + shift, abs=1e-3)


def test_a_recovery_that_nothing_else_shows_is_like_none() -> None:
    still = [Move(300, 305), Move(280, 278), Move(310, 309)]
    found = compare("p95", Move(1200, 290), 10, days=[*still, *still], siblings=still, unit="ms")
    assert found.alike == ()
    assert found.low is not None
    assert found.high is not None
    assert found.low > 1100
    assert (found.days, found.siblings) == (6, 3)


def test_siblings_that_recover_further_do_not_make_it_the_change() -> None:
    falling = [Move(1000, 100), Move(900, 50), Move(1100, 80)]
    assert compare("p95", Move(1200, 600), 10, siblings=falling).alike == ("siblings",)


def test_what_siblings_share_in_part_is_named_and_is_no_likeness() -> None:
    falling = [Move(1000, 600), Move(900, 500), Move(1100, 700)]
    found = compare("p95", Move(1200, 300), 10, siblings=falling)
    assert (found.alike, found.partly) == ((), ("siblings",))


def test_too_few_to_compare_with_tell_nothing() -> None:
    found = compare("p95", Move(1200, 290), 10, days=[Move(1, 1)] * 2, siblings=[Move(1, 1)])
    assert (found.low, found.high, found.alike, found.days, found.siblings) == (
        None,
        None,
        (),
        0,
        0,
    )


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True)))
def test_scatter_is_never_negative_nor_unknown(values: list[float]) -> None:
    assert scatter_of(values) >= 0.0


def test_a_level_is_the_median_within_its_time() -> None:
    points = [(0.0, 5.0), (10.0, 1.0), (20.0, 2.0), (30.0, 9.0)]
    assert level_of(points, 10, 20) == 1.5
    assert level_of(points, 40, 50) is None

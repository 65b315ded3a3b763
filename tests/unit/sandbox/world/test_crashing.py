"""A crashing container's runs: the kubelet's back-off, and what ends it."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sandbox.world.faults.crashing import runs_until


def test_the_back_off_doubles_up_to_five_minutes() -> None:
    runs = runs_until(3600.0, first=0.0, begin=0.0, lasts=5.0, until=float("inf"))
    waits = [again - end for end, again in zip(runs.ends, runs.starts[1:], strict=False)]
    assert waits[:6] == [10.0, 20.0, 40.0, 80.0, 160.0, 300.0]
    assert set(waits[5:]) == {300.0}
    assert runs.restarts == len(runs.starts) - 1


def test_a_container_that_ran_for_ten_minutes_is_forgiven() -> None:
    runs = runs_until(9000.0, first=0.0, begin=0.0, lasts=700.0, until=float("inf"))
    assert {again - end for end, again in zip(runs.ends, runs.starts[1:], strict=False)} == {10.0}


def test_one_that_ran_for_long_first_ends_when_it_falls_ill() -> None:
    runs = runs_until(1000.0, first=-86_400.0, begin=900.0, lasts=5.0, until=float("inf"))
    assert runs.starts[0] == -86_400.0
    assert runs.ends[0] == 905.0


def test_once_it_is_well_it_starts_at_once_and_stays_up() -> None:
    runs = runs_until(5000.0, first=0.0, begin=0.0, lasts=5.0, until=1000.0)
    assert runs.is_running
    assert runs.starts[-1] == 1000.0
    assert max(runs.ends) < 1000.0


def test_it_ends_no_more_often_than_it_is_told_to() -> None:
    runs = runs_until(5000.0, first=0.0, begin=0.0, lasts=60.0, until=float("inf"), most=1)
    assert runs.ends == (60.0,)
    assert runs.is_running


@given(
    now=st.floats(0, 20_000),
    begin=st.floats(0, 10_000),
    lasts=st.floats(0.5, 1_000),
    until=st.floats(0, 30_000),
)
def test_runs_follow_one_another(now: float, begin: float, lasts: float, until: float) -> None:
    runs = runs_until(now, first=0.0, begin=begin, lasts=lasts, until=until)
    assert len(runs.starts) - len(runs.ends) in (0, 1)
    moments = sorted([*runs.starts, *runs.ends])
    assert all(a <= b for a, b in pairwise(moments))
    assert all(moment <= now for moment in moments)
    assert all(end >= start for start, end in zip(runs.starts, runs.ends, strict=False))

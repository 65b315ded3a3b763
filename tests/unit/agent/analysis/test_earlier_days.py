"""Known answers: the present hour against the same hour of earlier days."""

import numpy as np
import pytest

from agent.analysis.earlier_days import compare

random = np.random.default_rng(1)
WEEK = [(100 + 3 * random.standard_normal(60)).tolist() for _ in range(7)]


def test_a_usual_hour_is_no_news():
    found = compare((101 + 3 * random.standard_normal(60)).tolist(), WEEK)
    assert found is not None
    assert found.p_value > 0.05
    assert found.ratio == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("level", [150, 60])
def test_a_departure_either_way_is(level):
    found = compare([level] * 60, WEEK)
    assert found is not None
    assert found.p_value < 0.001
    assert found.lowest <= found.usual <= found.highest


def test_one_wild_day_does_not_make_the_next_usual():
    found = compare([150.0] * 60, [*WEEK[:6], [400.0] * 60])
    assert found is not None
    assert found.p_value < 0.01


def test_two_days_tell_nothing():
    found = compare([150.0] * 60, WEEK[:2])
    assert found is not None
    assert (found.days, found.p_value) == (2, 1.0)


def test_nothing_is_compared_with_nothing():
    assert compare([], WEEK) is None
    assert compare([1.0], [[], [float("nan")]]) is None

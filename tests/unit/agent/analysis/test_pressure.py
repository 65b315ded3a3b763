"""Known answers: a resource against its limit."""

import numpy as np
import pytest

from agent.analysis.pressure import pressure


def points(values):
    return [(60.0 * i, float(v)) for i, v in enumerate(values)]


def noisy(values):
    return values + np.random.default_rng(1).normal(0, 0.5, len(values))


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        (np.full(60, 99.0), "at limit"),
        (np.full(60, 90.0), "near limit"),
        (noisy(np.linspace(10, 60, 60)), "heading for limit"),
        (noisy(np.full(60, 30.0)), "ample"),
    ],
)
def test_verdicts(values, verdict):
    found = pressure(points(values), 100.0)
    assert found is not None
    assert found.verdict == verdict


def test_the_time_to_the_limit_is_given_with_it():
    found = pressure(points(noisy(np.linspace(10, 60, 60))), 100.0)
    assert found is not None
    assert found.saturation is not None
    assert found.saturation.at == pytest.approx(60 * 59 + 60 * 59 * 40 / 50, rel=0.1)
    assert found.share == pytest.approx(0.55, abs=0.05)


def test_one_peak_is_enough():
    values = np.full(60, 30.0)
    values[-4] = 100.0
    found = pressure(points(values), 100.0)
    assert found is not None
    assert found.verdict == "at limit"


def test_without_a_limit_or_points_nothing_is_judged():
    assert pressure([], 100.0) is None
    assert pressure(points([1.0]), 0.0) is None

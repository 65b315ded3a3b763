"""The tests of significance: known answers, calibrated under the null, and monotone in what they look for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.signal import lfilter

from agent.analysis.fits import Floats
from agent.analysis.significance import (
    SMALLEST,
    autocorrelation,
    cauchy,
    deviation,
    mann_kendall,
)

RUNS = 3_000


def ar1(random: np.random.Generator, count: int, lag: float) -> Floats:
    """Noise of deviation 1 whose neighbours correlate by ``lag``."""
    burn_in = 200
    noise = random.standard_normal(count + burn_in)
    return np.asarray(lfilter([np.sqrt(1 - lag**2)], [1, -lag], noise)[burn_in:])


def test_mann_kendall_agrees_with_the_published_statistic() -> None:
    # S = 10 - 0 for 1..5: Z = (10 - 1) / sqrt(5 * 4 * 15 / 18) = 2.2045
    assert mann_kendall(np.arange(5.0)) == pytest.approx(stats.norm.sf(9 / np.sqrt(300 / 18)))
    assert mann_kendall(-np.arange(5.0)) == pytest.approx(1 - mann_kendall(np.arange(5.0)))


def test_mann_kendall_counts_ties() -> None:
    values = np.array([1.0, 1.0, 2.0, 2.0, 3.0, 3.0])
    # S = 12; the three ties of two take 3 * 2 * 1 * 9 off 6 * 5 * 17.
    assert mann_kendall(values) == pytest.approx(stats.norm.sf(11 / np.sqrt((510 - 54) / 18)))


@pytest.mark.parametrize("lag", [0.0, 0.5, 0.8, 0.9])
def test_mann_kendall_is_calibrated_on_noise_without_a_trend(lag: float) -> None:
    random = np.random.default_rng(11)
    p = np.array([mann_kendall(ar1(random, 18, lag), lag) for _ in range(RUNS)])
    for level in (0.2, 0.1, 0.05):
        assert (p < level).mean() == pytest.approx(level, rel=0.4)
    assert (p < 0.01).mean() < 0.02
    uncorrected = np.array([mann_kendall(ar1(random, 18, 0.9)) for _ in range(500)])
    assert (uncorrected < 0.05).mean() > 0.15, "which is why it is corrected"


@given(
    seed=st.integers(0, 2**32 - 1),
    slope=st.floats(0.0, 2.0),
    more=st.floats(0.01, 2.0),
    lag=st.floats(0.0, 0.95),
)
def test_a_steeper_trend_never_looks_more_like_chance(
    seed: int, slope: float, more: float, lag: float
) -> None:
    noise, steps = ar1(np.random.default_rng(seed), 18, 0.3), np.arange(18.0)
    steeper = mann_kendall(noise + (slope + more) * steps, lag)
    assert steeper <= mann_kendall(noise + slope * steps, lag) + 1e-12


def test_deviation_is_the_prediction_t_test_when_the_spread_is_known() -> None:
    earlier = np.array([9.0, 10.0, 11.0] * 6)
    spread = 1 / stats.norm.ppf(0.875)  # three quarters of the deviations are 1 or less
    expected = stats.t.sf((14 - 10) / (spread * np.sqrt(1 + 1 / 6)), 5)
    assert deviation(14.0, earlier, 6, 0.0) == pytest.approx(expected, rel=1e-4)


def test_deviation_believes_no_spread_below_the_floor() -> None:
    earlier = np.full(18, 10.0)
    assert deviation(10.5, earlier, 6, 1.0) > 0.3
    assert deviation(10.5, earlier, 6, 0.01) < 1e-5


def test_one_wild_day_of_six_hides_nothing() -> None:
    calm = np.array([9.0, 10.0, 11.0] * 6)
    wild = np.where(np.arange(18) < 3, 500.0, calm)
    assert deviation(20.0, wild, 6, 0.0) < 3 * deviation(20.0, calm, 6, 0.0)


def test_deviation_says_nothing_of_two_days() -> None:
    assert deviation(100.0, np.array([1.0, 1.1]), 2, 0.0) == 0.5


def test_deviation_is_calibrated_although_points_of_a_day_hang_together() -> None:
    random = np.random.default_rng(3)

    def one() -> float:
        days = random.standard_normal(7)  # each day has its own level
        earlier = np.repeat(days[1:], 3) + 0.2 * random.standard_normal(18)
        return deviation(days[0], earlier, 6, 0.0)

    p = np.array([one() for _ in range(RUNS)])
    for level in (0.1, 0.01):
        assert (p < level).mean() == pytest.approx(level, rel=0.7)


@given(st.floats(0.0, 0.9), st.integers(0, 1000))
@settings(max_examples=30)
def test_autocorrelation_is_found_from_days(lag: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = np.stack([ar1(random, 144, lag) for _ in range(6)])
    assert autocorrelation(rows) == pytest.approx(lag, abs=0.2)


def test_autocorrelation_of_nothing_is_none() -> None:
    assert autocorrelation(np.full((3, 20), np.nan)) == 0.0
    assert autocorrelation(np.ones((3, 20))) == 0.0


def test_cauchy_of_one_is_itself_and_of_equals_is_theirs() -> None:
    assert cauchy([0.03], [1.0]) == pytest.approx(0.03)
    assert cauchy([0.02] * 5, [1, 2, 3, 4, 5]) == pytest.approx(0.02)
    # Liu & Xie 2020, equation 1: tan((0.5 - p) pi), averaged.
    statistic = np.mean([np.tan((0.5 - p) * np.pi) for p in (0.01, 0.2)])
    assert cauchy([0.01, 0.2], [1, 1]) == pytest.approx(0.5 - np.arctan(statistic) / np.pi)


def test_cauchy_is_valid_under_dependence() -> None:
    random = np.random.default_rng(5)
    shared = random.standard_normal((20_000, 1))
    scores = 0.9 * shared + np.sqrt(1 - 0.81) * random.standard_normal((20_000, 8))
    p = stats.norm.sf(scores)
    combined = np.array([cauchy(row, [1.0] * 8) for row in p])
    assert (combined < 0.01).mean() < 0.0125
    assert (combined < 0.001).mean() < 0.002


def test_cauchy_lets_nothing_hide_what_rises() -> None:
    assert cauchy([1e-6, 1.0, 1.0], [1, 1, 1]) == pytest.approx(3e-6, rel=0.01)


@given(st.lists(st.floats(0.0, 1.0), max_size=12))
def test_cauchy_gives_a_probability(p_values: list[float]) -> None:
    combined = cauchy(p_values, [1.0] * len(p_values))
    assert SMALLEST <= combined <= 0.5 + 1e-9

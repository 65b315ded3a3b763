"""Known answers for the description of series."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.analysis.series import describe, find_change, saturation

HOUR = 3600.0
TIMES = np.arange(0, 12 * HOUR, 60.0)


def series(values):
    return list(zip(TIMES.tolist(), np.asarray(values).tolist(), strict=True))


def noise(scale=1.0):
    return np.random.default_rng(7).normal(0, scale, TIMES.size)


def ramp(from_hour):
    return np.maximum(0.0, TIMES / HOUR - from_hour)


def test_a_flat_series_with_noise_has_no_change_and_its_level_as_baseline():
    d = describe(series(10 + noise(0.3)))
    assert d.change is None and d.pulse is None
    assert d.baseline == pytest.approx(10, abs=0.1)
    assert abs(d.slope_per_hour) < 0.02


def test_a_step_is_dated_and_sized():
    d = describe(series(10 + noise(0.3) + 20 * (TIMES >= 8 * HOUR)))
    assert d.change.at == pytest.approx(8 * HOUR, abs=300)
    assert d.change.ratio == pytest.approx(3.0, rel=0.02)
    assert not d.change.gradual
    assert d.baseline == pytest.approx(10, abs=0.1)


@pytest.mark.parametrize("shape", [np.cos, np.sin])
def test_a_daily_rhythm_is_no_change(shape):
    load = 1000 * (1.05 + shape(TIMES / 86400 * 2 * np.pi))
    assert find_change(series(load * (1 + noise(0.03)))) == (None, None)


def test_a_step_within_a_daily_rhythm_is_sized_beside_the_break():
    load = 1000 * (1.05 + np.cos(TIMES / 86400 * 2 * np.pi)) * (1 + noise(0.03))
    change, _ = find_change(series(load * np.where(TIMES >= 9 * HOUR, 3, 1)))
    assert change.at == pytest.approx(9 * HOUR, abs=600)
    assert 1.3 < change.ratio < 3.5


def test_growth_is_dated_at_its_onset_and_measured_from_there():
    d = describe(series(140 * 1.15 ** ramp(9) * (1 + noise(0.02))))
    assert d.change.gradual
    assert d.change.at == pytest.approx(9 * HOUR, abs=900)
    assert d.per_hour_ratio == pytest.approx(0.15, abs=0.02)
    assert d.slope_r2 > 0.9


def test_growth_that_begins_in_a_daily_rhythm_is_dated():
    load = 130 + 10 * np.cos(TIMES / 86400 * 2 * np.pi)
    d = describe(series(load * 1.15 ** ramp(9) * (1 + noise(0.005))))
    assert d.change.gradual
    assert d.change.at == pytest.approx(9 * HOUR, abs=900)


def test_a_peaked_rhythm_of_a_whole_day_is_no_change():
    day = np.arange(0, 24 * HOUR, 300.0)
    load = 100 + 900 * (0.5 + 0.5 * np.sin(day / 86400 * 2 * np.pi)) ** 3
    points = list(zip(day.tolist(), load.tolist(), strict=True))
    assert find_change(points) == (None, None)


def test_a_blip_that_is_over_is_a_pulse_and_no_change():
    d = describe(series(10 + noise(0.3) + 8 * ((TIMES > 8 * HOUR) & (TIMES < 8.5 * HOUR))))
    assert d.change is None
    assert d.pulse.start == pytest.approx(8 * HOUR, abs=300)
    assert d.pulse.end == pytest.approx(8.5 * HOUR, abs=300)


def test_a_lone_spike_is_neither():
    assert find_change(series(10 + noise(0.3) + 80 * (TIMES == 8 * HOUR))) == (None, None)


def test_a_trend_reaches_its_limit_when_a_line_says_so():
    found = saturation(series(10 + noise(0.1) + 2 * ramp(9)), limit=30)
    assert found.at == pytest.approx(19 * HOUR, abs=600)
    assert found.earliest < found.at < found.latest


def test_a_flat_or_falling_series_never_saturates():
    assert saturation(series(10 + noise(0.3)), limit=30) is None
    assert saturation(series(20 - 0.5 * ramp(0) + noise(0.1)), limit=30) is None


def test_a_series_at_its_limit_is_saturated_now():
    assert saturation(series(95 + noise(0.1)), limit=90).at == TIMES[-1]


def test_few_points_give_numbers_but_no_claims():
    d = describe([(0.0, 1.0), (60.0, 3.0)])
    assert (d.last, d.minimum, d.maximum, d.mean) == (3.0, 1.0, 3.0, 2.0)
    assert d.change is None and d.slope_per_hour is None
    assert describe([]).points_count == 0


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=60))
def test_any_values_are_described_without_an_error(values):
    with np.errstate(all="ignore"):
        described = describe([(60.0 * i, v) for i, v in enumerate(values)])
    assert described.points_count == sum(abs(v) < 1e100 for v in values)

"""A series against its own earlier days: what departs, where it leads, and how often chance looks like that."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.analysis.fits import Floats
from agent.analysis.seasonal import Course, _median, hourly_profile
from agent.analysis.series import Points
from tests.unit.agent.analysis.test_significance import ar1

STEP = 600.0
HOUR, DAY = 3_600.0, 86_400.0
STRETCH = 3 * HOUR
TIMES = np.arange(7 * 144) * STEP + 20_000 * DAY
END = float(TIMES[-1])


def points(values: Floats) -> Points:
    return list(zip(TIMES.tolist(), values.tolist(), strict=True))


def daily(mean: float = 100.0, swing: float = 0.6) -> Floats:
    """A rhythm with its minimum where the series ends."""
    return np.asarray(mean * (1 - swing * np.cos(2 * np.pi * (TIMES - END) / DAY)))


def rising(per_hour: float, hours: float) -> Floats:
    """Nothing, and then so much an hour for the last ``hours``."""
    return np.asarray(per_hour * np.maximum(TIMES - END + hours * HOUR, 0.0) / HOUR)


def noisy(seed: int, deviation: float = 1.0, lag: float = 0.3) -> Floats:
    return deviation * ar1(np.random.default_rng(seed), TIMES.size, lag)


def test_the_usual_morning_is_no_departure() -> None:
    course = Course(points(daily() + noisy(1)), STEP)
    assert course.p_value(STRETCH) > 0.05
    heading = course.heading(STRETCH)
    assert heading is not None
    assert heading.usual == pytest.approx(heading.level, abs=3)


def test_growth_that_no_earlier_day_had_is_surprising() -> None:
    course = Course(points(daily() + noisy(2) + rising(8, 2.5)), STEP)
    assert course.p_value(STRETCH) < 1e-4
    heading = course.heading(STRETCH)
    assert heading is not None
    assert heading.slope_per_hour == pytest.approx(8, rel=0.15)
    assert heading.growth_per_hour == pytest.approx(8 / heading.level, rel=0.15)


@pytest.mark.parametrize("lag", [0.0, 0.7, 0.95])
def test_chance_rarely_looks_like_it(lag: float) -> None:
    p = np.array(
        [Course(points(daily() + noisy(n, 3, lag)), STEP).p_value(STRETCH) for n in range(300)]
    )
    assert (p < 0.1).mean() <= 0.12
    assert (p < 0.01).mean() <= 0.02


@given(seed=st.integers(0, 10_000), slope=st.floats(0.5, 10), more=st.floats(0.5, 10))
@settings(max_examples=40, deadline=None)
def test_the_steeper_the_less_by_chance(seed: int, slope: float, more: float) -> None:
    base = daily() + noisy(seed)
    slow = Course(points(base + rising(slope, 3)), STEP).p_value(STRETCH)
    fast = Course(points(base + rising(slope + more, 3)), STEP).p_value(STRETCH)
    assert fast <= slow + 1e-9


def test_a_step_that_goes_nowhere_is_no_trend() -> None:
    step = np.where(END - TIMES < 2 * DAY / 24, 0.0, 0.0) + 40.0 * (END - TIMES < 10 * HOUR)
    course = Course(points(daily() + noisy(3) + step), STEP)
    assert course.p_value(STRETCH) > 0.01


def test_the_forecast_adds_the_growth_to_what_the_coming_hours_bring() -> None:
    # The usual course rises from 40 to 160 within twelve hours; the excess is 20 now and grows by 8 an hour.
    values = daily() + rising(8, 2.5)
    course = Course(points(values), STEP)
    heading = course.heading(STRETCH)
    assert heading is not None
    reached = course.saturation(heading, 150.0, DAY)
    assert reached is not None
    hours = np.arange(0, 24, 1 / 60)
    coming = 100 * (1 - 0.6 * np.cos(2 * np.pi * hours / 24)) + 20 + 8 * hours
    assert (reached.at - END) / HOUR == pytest.approx(hours[(coming >= 150).argmax()], abs=0.5)
    assert reached.earliest < reached.at
    assert reached.latest is None or reached.latest > reached.at
    flat = (150 - 60) / 8
    assert (reached.at - END) / HOUR < 0.7 * flat, "the coming load brings it nearer"


def test_what_has_slowed_down_is_not_carried_on_at_its_old_pace() -> None:
    slowed = rising(10, 3) - rising(9, 1)  # 10 an hour, and 1 an hour for the last one
    course = Course(points(100.0 + noisy(4, 0.05, 0.0) + slowed), STEP)
    heading = course.heading(STRETCH)
    assert heading is not None
    assert heading.slope_per_hour == pytest.approx(1.0, abs=0.5)


def test_no_growth_reaches_no_limit() -> None:
    course = Course(points(daily() + noisy(5)), STEP)
    heading = course.heading(STRETCH)
    assert heading is not None
    assert course.saturation(heading, 1_000.0, DAY) is None


def test_falling_is_worse_where_that_is_said() -> None:
    falling = daily() - rising(6, 3) + noisy(6, 0.3)
    assert Course(points(falling), STEP).p_value(STRETCH) > 0.5
    course = Course(points(falling), STEP, worse=-1)
    assert course.p_value(STRETCH) < 1e-3
    heading = course.heading(STRETCH)
    assert heading is not None
    assert heading.slope_per_hour < 0
    reached = course.saturation(heading, 0.0, DAY)
    assert reached is not None
    assert reached.at > END


def test_gaps_are_left_out_and_a_short_past_says_nothing() -> None:
    values = daily() + noisy(2) + rising(8, 2.5)
    holed = [p for n, p in enumerate(points(values)) if n % 7 != 3]
    assert Course(holed, STEP).p_value(STRETCH) < 1e-3
    short = Course(points(values)[-2 * 144 :], STEP)
    assert not short.usable
    assert short.p_value(STRETCH) == 0.5
    assert not Course([], STEP).usable


def test_a_profile_tells_how_busy_each_hour_is() -> None:
    profile = hourly_profile(points(daily()))
    assert set(profile) == set(range(24))
    assert np.mean(list(profile.values())) == pytest.approx(1.0)
    assert max(profile.values()) / min(profile.values()) == pytest.approx(4.0, rel=0.05)
    assert hourly_profile([]) == {}
    assert hourly_profile([(0.0, 0.0)]) == {}


@given(st.integers(0, 10_000))
def test_the_median_of_what_is_known_agrees_with_numpys(seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = random.standard_normal((7, 12))
    rows[random.uniform(size=rows.shape) < 0.4] = np.nan
    rows[0] = 1.0  # numpy warns where nothing is known
    assert np.allclose(_median(rows), np.nanmedian(rows, axis=0))
    assert np.isnan(_median(np.full((3, 2), np.nan))).all()

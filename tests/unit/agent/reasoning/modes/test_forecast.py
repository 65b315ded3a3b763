"""When a trend reaches its limit, and how sure that is."""

from __future__ import annotations

import math

import pytest

from agent.reasoning.modes.forecast import saturation_sign
from agent.reasoning.modes.view import Metric

START = 1_795_500_000.0
MINUTE = 60.0


def rising(noise: float) -> Metric:
    """From 60 on by 10 an hour for three hours, the limit being 100."""
    points = tuple(
        (START + n * MINUTE, 60.0 + n / 6.0 + noise * math.sin(n * 2.4) * (1 + math.cos(n * 0.7)))
        for n in range(180)
    )
    return Metric(
        1, "used", points[-1][1], 60.0, 60.0, 90.0, slope_per_hour=10.0, slope_r2=0.9, points=points
    )


def told(metric: Metric, limit: float = 100.0) -> list[str]:
    return [s.statement for s in saturation_sign("web", metric, limit, f"{limit:g}", 2)]


def test_a_straight_line_has_one_moment() -> None:
    assert len(told(rising(noise=0.0))) == 1


def test_a_noisy_line_has_an_interval() -> None:
    at, between = told(rising(noise=6.0))
    assert "reaches its limit of 100 at" in at
    assert between.startswith("nine times out of ten web gets there between")


@pytest.mark.parametrize("limit", [80.0, 1e6])
def test_nothing_is_foretold_of_what_is_over_or_far_away(limit: float) -> None:
    assert told(rising(noise=0.0), limit) == []

"""Evaluation of metric queries: aggregation in space and time, arithmetic, functions."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import pytest

from sandbox.datadog.metrics.evaluate import Evaluator
from sandbox.datadog.metrics.interval import default_interval_seconds, grid
from sandbox.datadog.metrics.parser import parse_query
from sandbox.datadog.metrics.series import Series
from tests.unit.sandbox.datadog.fake_world import NOW, FakeWorld

HOUR = timedelta(hours=1)


def evaluate(query: str, interval_seconds: int = 60) -> list[Series]:
    points = grid(NOW - HOUR, NOW, interval_seconds)
    return Evaluator(FakeWorld(), points).evaluate(parse_query(query))


def constants(query: str) -> dict[str, float]:
    """The constant value of each group."""
    found = {}
    for series in evaluate(query):
        (value,) = set(series.values)
        found[",".join(series.tag_set)] = float(value)
    return found


@pytest.mark.parametrize(
    ("query", "groups"),
    [
        ("avg:cpu{service:cart}", {"": 30.0}),
        ("max:cpu{service:cart}", {"": 50.0}),
        ("sum:cpu{*} by {service}", {"service:cart": 90.0, "service:auth": 90.0}),
        ("avg:cpu{service:cart,!env:staging}", {"": 20.0}),
        ("sum:cpu{env:staging OR service:auth} by {env}", {"env:staging": 50.0, "env:production": 90.0}),
        ("avg:cpu{host:web-1} + 5 * 2", {"": 20.0}),
        ("sum:cpu{*} by {host} / avg:cpu{host:web-1}", {"host:web-1": 1.0, "host:web-2": 3.0, "host:web-3": 5.0, "host:db-1": 9.0}),
        ("sum:trace.http.request.hits{service:cart}.as_count()", {"": 1200.0}),
        ("sum:trace.http.request.hits{service:cart}.as_rate()", {"": 20.0}),
        ("avg:cpu{host:web-1}.as_count()", {"": 10.0}),
        ("top(avg:cpu{*} by {host}, 2, 'max', 'desc')", {"host:db-1": 90.0, "host:web-3": 50.0}),
        ("abs(-avg:cpu{host:web-1})", {"": 10.0}),
        ("clamp_max(avg:cpu{host:web-1}, 4)", {"": 4.0}),
        ("ewma_5(avg:cpu{host:web-1})", {"": 10.0}),
    ],
)  # fmt: skip
def test_query_gives(query: str, groups: dict[str, float]) -> None:
    assert constants(query) == groups


def test_division_by_zero_gives_no_points() -> None:
    (series,) = evaluate("avg:cpu{service:auth} / sum:trace.http.request.hits{service:auth}")
    assert np.isnan(series.values).all()


def test_groups_without_the_tag_are_left_out() -> None:
    assert evaluate("avg:redis.mem.used{*} by {host}") == []


def test_an_unknown_metric_has_no_series() -> None:
    assert evaluate("avg:no.such.metric{*}") == []


def test_rollup_methods_differ_on_a_rising_series() -> None:
    # The clock rises by one a minute; in ten minutes five samples are taken, two minutes apart.
    lowest, mean, highest = (
        evaluate(f"avg:clock{{*}}.rollup({method}, 600)", 600)[0].values[0]
        for method in ("min", "avg", "max")
    )
    assert (lowest, mean, highest) == (120.0, 124.0, 128.0)


def test_diff_and_per_second_follow_the_slope() -> None:
    assert evaluate("diff(avg:clock{*})")[0].values[1] == pytest.approx(1.0)
    assert evaluate("per_second(avg:clock{*})")[0].values[1] == pytest.approx(1 / 60)
    assert math.isnan(evaluate("diff(avg:clock{*})")[0].values[0])


def test_timeshift_reads_the_past() -> None:
    (change,) = evaluate("avg:clock{*} - hour_before(avg:clock{*})")
    assert set(np.round(change.values, 6)) == {60.0}


def test_nothing_is_told_of_the_future() -> None:
    points = grid(NOW - HOUR, NOW + HOUR, 600)
    (series,) = Evaluator(FakeWorld(), points).evaluate(parse_query("avg:cpu{host:web-1}"))
    assert np.isnan(series.values[-5:]).all()
    assert not np.isnan(series.values[:6]).any()


@pytest.mark.parametrize(
    ("window", "interval"),
    [(HOUR, 20), (4 * HOUR, 60), (24 * HOUR, 300), (48 * HOUR, 600), (168 * HOUR, 3600)],
)
def test_the_interval_follows_the_window(window: timedelta, interval: int) -> None:
    assert default_interval_seconds(window.total_seconds()) == interval


def test_an_interval_too_fine_for_1500_points_is_widened() -> None:
    assert grid(NOW - 24 * HOUR, NOW, 1).interval_seconds == 300

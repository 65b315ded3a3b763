"""The functions of the metric query language, on series small enough to reckon by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sandbox.datadog.metrics.functions import applied, check_call
from sandbox.datadog.metrics.series import Series

GAP = math.nan
STEP_SECONDS = 10


def result(name: str, values: list[float], *arguments: str | float) -> list[float]:
    check_call(name, arguments)
    (series,) = applied(name, [Series(np.array(values))], arguments, STEP_SECONDS)
    return [float(value) for value in series.values]


@pytest.mark.parametrize(
    ("name", "arguments", "values", "expected"),
    [
        ("abs", (), [-1.0, GAP], [1.0, GAP]),
        ("default_zero", (), [1.0, GAP], [1.0, 0.0]),
        ("diff", (), [1.0, 4.0, 2.0], [GAP, 3.0, -2.0]),
        ("derivative", (), [0.0, 20.0], [GAP, 2.0]),
        ("monotonic_diff", (), [1.0, 4.0, 2.0], [GAP, 3.0, GAP]),
        ("per_second", (), [0.0, 20.0, 5.0], [GAP, 2.0, GAP]),
        ("per_minute", (), [0.0, 20.0], [GAP, 120.0]),
        ("cumsum", (), [1.0, GAP, 2.0], [1.0, 1.0, 3.0]),
        ("integral", (), [1.0, 2.0], [10.0, 30.0]),
        ("dt", (), [1.0, 2.0], [GAP, 10.0]),
        ("log10", (), [100.0, 0.0], [2.0, GAP]),
        ("clamp_min", (3.0,), [1.0, 5.0], [3.0, 5.0]),
        ("cutoff_max", (3.0,), [1.0, 5.0], [1.0, GAP]),
        ("median_3", (), [1.0, 9.0, 2.0, 3.0], [1.0, 5.0, 2.0, 3.0]),
        ("ewma_3", (), [0.0, 4.0, GAP, 4.0], [0.0, 2.0, GAP, 3.0]),
        ("moving_rollup", (20.0, "max"), [3.0, 1.0, 2.0], [3.0, 3.0, 2.0]),
    ],
)
def test_function(
    name: str, arguments: tuple[str | float, ...], values: list[float], expected: list[float]
) -> None:
    np.testing.assert_allclose(result(name, values, *arguments), expected)


@pytest.mark.parametrize(
    ("method", "direction", "expected"),
    [("mean", "desc", "b"), ("mean", "asc", "a"), ("last", "desc", "a"), ("max", "desc", "b")],
)
def test_top_orders_by_its_method(method: str, direction: str, expected: str) -> None:
    series = [
        Series(np.array([1.0, 5.0]), {"name": "a"}),
        Series(np.array([9.0, 2.0]), {"name": "b"}),
        Series(np.array([GAP, GAP]), {"name": "empty"}),
    ]
    (first,) = applied("top", series, [1.0, method, direction], STEP_SECONDS)
    assert first.tags["name"] == expected

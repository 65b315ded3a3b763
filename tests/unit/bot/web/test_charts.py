"""Charts: every drawable series becomes a path within the frame, and nothing in a name becomes markup."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model import Series
from bot.web.charts import HEIGHT, WIDTH, chart, short

numbers = st.floats(allow_nan=True, allow_infinity=True, width=64)
points = st.lists(st.tuples(st.floats(0, 4e9), numbers), max_size=40)


def series(*values: float, name: str = "redis.mem.used", **more: object) -> Series:
    given = {"metric": name, "points": [(60.0 * i, v) for i, v in enumerate(values)]}
    return Series.model_validate(given | more)


def paths(markup: str) -> list[str]:
    return re.findall(r'class="line[^"]*" d="([^"]*)"', markup)


def test_nothing_to_draw_is_nothing() -> None:
    assert chart([]) == ""
    assert chart([series(), series(math.nan)]) == ""


def test_a_gap_lifts_the_pen() -> None:
    (path,) = paths(chart([series(1, 2, math.nan, 3)]))
    assert path.count("M") == 2 and path.count("L") == 1


def test_a_rising_series_rises_in_the_picture() -> None:
    (path,) = paths(chart([series(1, 5)]))
    (_, first), (_, last) = re.findall(r"([\d.]+) ([\d.]+)", path)
    assert float(last) < float(first)


def test_at_most_six_series_are_drawn_and_the_rest_is_said() -> None:
    markup = chart([series(i, i + 1, name=f"m{i}") for i in range(9)])
    assert len(paths(markup)) == 6 and "3 more not drawn" in markup


def test_a_long_series_stays_a_small_picture() -> None:
    assert len(chart([series(*range(50_000))])) < 20_000


def test_names_are_escaped() -> None:
    markup = chart([series(1, 2, name="<script>", tags={"a": '"><b>'})])
    assert "<script>" not in markup and "<b>" not in markup


@given(st.lists(points, max_size=4))
def test_whatever_the_points_the_picture_is_well_formed_and_within_its_frame(
    drawn: list[list[tuple[float, float]]],
) -> None:
    markup = chart([Series(metric="m", points=tuple(p)) for p in drawn])
    if not markup:
        return
    ElementTree.fromstring(f"<div>{markup}</div>")
    for x, y in re.findall(r"[ML](\S+) ([^ML]+)", "".join(paths(markup))):
        assert 0 <= float(x) <= WIDTH and 0 <= float(y) <= HEIGHT


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0, "", "0"),
        (186, "", "186"),
        (0.0183, "", "0.0183"),
        (12.7e9, "bytes", "12.7GB"),
        (-2500, "", "-2.5k"),
    ],
)
def test_numbers_are_short(value: float, unit: str, text: str) -> None:
    assert short(value, unit) == text

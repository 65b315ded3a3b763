"""Before and after in a picture: the change is marked, and what was expected without it is drawn where it is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agent.investigation.chart_picture import render
from agent.model.changes import Comparison
from agent.resolution.comparing import Course
from agent.resolution.outcome_charts import drawn, pictures_of
from agent.resolution.watch import Watched

APPLIED = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
SIGNAL = Watched(
    name="p95 of checkout",
    tool="datadog_metrics",
    arguments={"query": "q"},
    baseline=0.2,
    good_below=0.3,
)


def course(**compared: object) -> Course:
    start = APPLIED - timedelta(minutes=15)
    points = tuple(
        ((start + timedelta(minutes=i)).timestamp(), 1.2 if i <= 15 else 0.25) for i in range(25)
    )
    found = Comparison(
        **{
            "signal": SIGNAL.name,
            "before": 1.2,
            "after": 0.25,
            "low": 1.1,
            "high": 1.3,
            **compared,
        }
    )
    return Course(signal=SIGNAL, points=points, unit="second", comparison=found)


def test_the_change_the_threshold_and_the_expected_range_are_in_it() -> None:
    chart, _, band = drawn(course(), APPLIED)
    assert [(m.at, m.label) for m in chart.changes] == [(APPLIED, "change applied")]
    assert chart.limit == 0.3
    assert band is not None
    assert (band.low, band.high, band.ordinary) == (1.1, 1.3, 0.2)
    assert band.window.start == APPLIED


def test_without_anything_to_compare_with_no_range_is_drawn() -> None:
    assert drawn(course(low=None, high=None), APPLIED)[2] is None


async def test_the_picture_is_another_with_the_range_and_says_it_in_words() -> None:
    (picture,) = await pictures_of([course()], APPLIED)
    chart, series, _ = drawn(course(), APPLIED)
    assert picture.png.startswith(b"\x89PNG")
    assert picture.png != render(chart, series)
    assert picture.alt.endswith("change applied at 03:00, expected without it 1.1 s to 1.3 s")

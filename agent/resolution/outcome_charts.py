"""Charts of watched signals before and after a change: the change marked, what is good, what was expected without it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from agent.investigation.chart_picture import Band, caption, readable, render
from agent.model import Chart, Mark, Series, Window
from agent.ports import Picture
from agent.resolution.comparing import Course

CHANGED = "change applied"


async def pictures_of(courses: Sequence[Course], applied_at: datetime) -> tuple[Picture, ...]:
    """One picture of each course, drawn beside the event loop."""
    return tuple([await asyncio.to_thread(_picture, course, applied_at) for course in courses])


def _picture(course: Course, applied_at: datetime) -> Picture:
    chart, series, band = drawn(course, applied_at)
    png = render(chart, series, band)
    return Picture(png=png, title=chart.title, alt=_alt(chart, series, band))


def drawn(course: Course, applied_at: datetime) -> tuple[Chart, Series, Band | None]:
    """What is drawn: the course, with the time before the change as ordinary's place, and the band expected without it."""
    signal, found = course.signal, course.comparison
    first = datetime.fromtimestamp(course.points[0][0], UTC)
    last = datetime.fromtimestamp(course.points[-1][0], UTC)
    chart = Chart(
        step=0,
        title=signal.name,
        limit=signal.good_below if signal.good_below is not None else signal.good_above,
        changes=(Mark(at=applied_at, label=CHANGED),),
    )
    series = Series(metric=signal.name, unit=course.unit, points=course.points)
    if found.low is None or found.high is None or not first <= applied_at < last:
        return chart, series, None
    usual = "    green: ordinarily" if signal.baseline is not None else ""
    band = Band(
        window=Window(start=applied_at, end=last),
        low=found.low,
        high=found.high,
        label=f"grey: expected without the change{usual}",
        ordinary=signal.baseline,
    )
    return chart, series, band


def _alt(chart: Chart, series: Series, band: Band | None) -> str:
    said = caption(chart, series)
    if band is None:
        return said
    low, high = readable(band.low, series.unit), readable(band.high, series.unit)
    return f"{said}, expected without it {low} to {high}"

"""Charts of a finding's decisive signals, shown in the thread."""

from __future__ import annotations

from functools import partial

from agent.house import House
from agent.investigation.chart_picture import caption, draw
from agent.model import Case, Chart, SignalKind
from agent.ports import Durable


async def illustrate_finding(house: House, case: Case, durable: Durable) -> None:
    """Draw the finding's charts and show them below its report, each once."""
    charts = case.finding.charts if case.finding is not None else ()
    if charts and case.signal.kind is not SignalKind.QUESTION:
        await durable.step("charts", partial(_show, house, case.investigation.id, charts))


async def _show(house: House, number: int, charts: tuple[Chart, ...]) -> None:
    # Read anew: the workflow's case carries no series of former runs.
    case = await house.store.cases.load(number)
    place = case.investigation.conversation or case.signal.conversation
    if place is None or not place.channel:
        return
    steps = {s.number: s for s in case.steps}
    for position, chart in enumerate(charts):
        step = steps.get(chart.step)
        series = step.reading.series if step is not None and step.reading is not None else ()
        if chart.series < len(series):
            png = await draw(chart, series[chart.series])
            key = f"chart-{number}-{case.round}-{position}"
            text = caption(chart, series[chart.series])
            await house.notifier.picture(place, key, png, chart.title, text)

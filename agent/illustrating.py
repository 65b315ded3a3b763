"""Charts of a finding's decisive signals, shown in the thread beside the report: nothing depends on them."""

from __future__ import annotations

from functools import partial

import structlog

from agent.house import House
from agent.investigation.chart_picture import caption, draw
from agent.model import Case, Chart, SignalKind
from agent.ports import Durable, Picture

_log = structlog.get_logger(__name__)


async def illustrate_finding(house: House, case: Case, durable: Durable) -> None:
    """Draw the finding's charts and show them below its report, each once; what cannot be shown is logged and let go."""
    charts = case.finding.charts if case.finding is not None else ()
    if charts and case.signal.kind is not SignalKind.QUESTION:
        try:
            await durable.step("charts", partial(_show, house, case.investigation.id, charts))
        except Exception:  # whatever it is, the investigation goes on without pictures
            _log.exception("no_charts", investigation=case.investigation.id)


async def _show(house: House, number: int, charts: tuple[Chart, ...]) -> None:
    # Read anew: the workflow's case carries no series of former runs.
    case = await house.store.cases.load(number)
    place = case.investigation.conversation or case.signal.conversation
    if place is None or not place.channel:
        return
    steps = {s.number: s for s in case.steps}
    drawn = []
    for chart in charts:
        step = steps.get(chart.step)
        series = step.reading.series if step is not None and step.reading is not None else ()
        if chart.series < len(series):
            of = series[chart.series]
            drawn.append(Picture(await draw(chart, of), chart.title, caption(chart, of)))
    if drawn:
        await house.notifier.pictures(place, f"charts-{number}-{case.round}", drawn)

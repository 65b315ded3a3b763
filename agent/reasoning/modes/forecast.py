"""Looking ahead: when a trend reaches its limit, and what load is coming."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from agent.analysis.series import Saturation, saturation
from agent.reasoning.modes.mode import FAIR, Role, Sign
from agent.reasoning.modes.target import Target
from agent.reasoning.modes.view import Metric, View
from agent.reasoning.modes.wording import clock, times

HORIZON = timedelta(hours=24)
_EXACT = timedelta(minutes=4)
"""An interval shorter than this is not worth a word."""
_LOAD_AHEAD = 2.0
"""Coming load that is worth a word, as a multiple of the present one."""


def saturation_sign(
    name: str, used: Metric, limit: float, limit_text: str, limit_step: int
) -> Iterator[Sign]:
    """When the present trend reaches the limit, if that is within a day and not reached yet; and how sure that is."""
    if len(used.points) == 0 or used.last >= limit or not used.grows:
        return
    found = saturation(used.points, limit)
    if found is None:
        return
    now = datetime.fromtimestamp(used.points[-1][0], UTC)
    at = datetime.fromtimestamp(found.at, UTC)
    if at - now > HORIZON:
        return
    text = f"at its present rate {name} reaches its limit of {limit_text} at {clock(at)}"
    yield Sign(used.step, text, FAIR, Role.FORECAST, (limit_step,))
    if (told := _interval(name, found)) is not None:
        yield Sign(used.step, told, 0.0, Role.FORECAST, (limit_step,))


def _interval(name: str, found: Saturation) -> str | None:
    """Between when and when, with 90 % confidence; None where both are the same minute or so."""
    earliest = datetime.fromtimestamp(found.earliest, UTC)
    if found.latest is None:
        return f"it may be later: {name} gets there at {clock(earliest)} at the earliest"
    latest = datetime.fromtimestamp(found.latest, UTC)
    if latest - earliest < _EXACT:
        return None
    days = "" if latest.date() == earliest.date() else " the day after"
    return f"nine times out of ten {name} gets there between {clock(earliest)} and {clock(latest)}{days}"


def load_ahead(target: Target, view: View) -> Iterator[Sign]:
    """The load that is coming, by the course of the day before: its peak as a multiple of now, and when."""
    for source in (target, *view.dependants(target.name)[:3]):
        load = view.load_of(source)
        if load is None or load.last <= 0 or not load.points:
            continue
        now = load.points[-1][0]
        earlier = [p for p in load.points if p[0] > now - 86_400.0]
        if now - earlier[0][0] < 20 * 3600:
            continue
        peak_at, peak = max(earlier, key=lambda p: p[1])
        coming = datetime.fromtimestamp(peak_at, UTC)
        if peak / load.last >= _LOAD_AHEAD:
            text = (
                f"traffic of {source.name} will rise {times(peak / load.last)} from now,"
                f" if today is like the last day; its peak was at {clock(coming)}"
            )
            yield Sign(load.step, text, 0.0, Role.FORECAST)
            return

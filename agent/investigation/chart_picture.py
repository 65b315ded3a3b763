"""Draws a decisive signal as a PNG that can be read on a phone: its course, what is ordinary, when it left that, and what
was changed around then.

Matplotlib is imported when the first picture is drawn, and used without pyplot's global state; one picture is drawn at a
time, since its font cache is shared. The same chart gives the same bytes.
"""

from __future__ import annotations

import asyncio
import io
import math
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from agent.model import Chart, Series, Window

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_PIXELS, HEIGHT_PIXELS = 1080, 560
_DPI = 100
_FONT = "DejaVu Sans"
"""Comes with matplotlib, so that every machine draws the same."""
_INK, _SOFT, _PAPER, _GRID = "#1f2933", "#52606d", "#ffffff", "#e4e7eb"
_LINE, _ORDINARY, _ONSET, _LIMIT, _CHANGE = "#2f80c2", "#e3f9e5", "#d64545", "#8719e0", "#b44d12"
_LIMIT_SHOWN_FROM = 0.5
"""A limit is drawn when the signal comes at least so near to it."""
_BYTES = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))
_COUNTS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
_BAND, _USUAL = "#9aa5b1", "#27ab83"
_lock = threading.Lock()


class Band(NamedTuple):
    """A range of values that was expected for a time, to be drawn behind the course."""

    window: Window
    low: float
    high: float
    label: str
    """What the subtitle calls it."""
    ordinary: float | None = None
    """The level that the signal ordinarily has, drawn as a line; None: not known."""


async def draw(chart: Chart, series: Series) -> bytes:
    """The picture as PNG, drawn beside the event loop.

    Raises:
        ValueError: the series has no finite points.
    """
    return await asyncio.to_thread(render, chart, series)


def render(chart: Chart, series: Series, band: Band | None = None) -> bytes:
    """The picture as PNG; takes a fraction of a second, and the first one longer."""
    with _lock:
        return _render(chart, series, band)


def caption(chart: Chart, series: Series) -> str:
    """What the picture shows, in a sentence, for those who cannot see it."""
    values = [v for _, v in series.points if math.isfinite(v)]
    if not values:
        return chart.title
    said = [f"{chart.title}: last {readable(values[-1], series.unit)}"]
    if chart.onset is not None:
        before = [v for t, v in series.points if t < chart.onset.timestamp() and math.isfinite(v)]
        if before:
            said.append(f"before {readable(sorted(before)[len(before) // 2], series.unit)}")
        said.append(f"changed at {chart.onset:%H:%M} UTC")
    said += [f"{m.label} at {m.at:%H:%M}" for m in chart.changes]
    return ", ".join(said)


def readable(value: float, unit: str = "") -> str:
    """A value with its unit in few characters: ``12.7 GiB``, ``240 ms``, ``3.1 k``."""
    if unit in ("byte", "bytes"):
        size, name = next(((s, n) for s, n in _BYTES if abs(value) >= s), (1, "B"))
        return f"{value / size:.3g} {name}"
    if unit in ("second", "seconds") and abs(value) < 1.0:
        return f"{value * 1000:.3g} ms"
    size_, letter = next(((s, n) for s, n in _COUNTS if abs(value) >= s), (1.0, ""))
    short = {"second": "s", "seconds": "s", "millisecond": "ms", "percent": "%"}.get(unit, "")
    return " ".join(part for part in (f"{value / size_:.3g}{letter}", short) if part)


def _render(chart: Chart, series: Series, band: Band | None) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    points = [(t, v) for t, v in series.points if math.isfinite(t) and math.isfinite(v)]
    if not points:
        raise ValueError(f"{chart.title} has no points to draw")
    figure = Figure(figsize=(WIDTH_PIXELS / _DPI, HEIGHT_PIXELS / _DPI), dpi=_DPI, facecolor=_PAPER)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.115, 0.11, 0.865, 0.71))
    _course(axes, points)
    _frame(axes, chart, series, points, band)
    _ordinary(axes, chart)
    _marks(axes, chart)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI, facecolor=_PAPER, metadata={"Software": None})
    return buffer.getvalue()


def _course(axes: Axes, points: list[tuple[float, float]]) -> None:
    times, values = [t for t, _ in points], [v for _, v in points]
    axes.plot(times, values, color=_LINE, linewidth=3.2, zorder=3, solid_capstyle="round")
    axes.fill_between(times, values, min(0.0, *values), color=_LINE, alpha=0.08, zorder=1)
    axes.plot(times[-1:], values[-1:], "o", color=_LINE, markersize=9, zorder=4)


def _frame(
    axes: Axes,
    chart: Chart,
    series: Series,
    points: list[tuple[float, float]],
    band: Band | None = None,
) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    first, last = points[0][0], points[-1][0]
    values = [v for _, v in points]
    top = max(values)
    if chart.limit is not None and top >= _LIMIT_SHOWN_FROM * chart.limit:
        axes.axhline(chart.limit, color=_LIMIT, linewidth=2.2, linestyle=(0, (6, 4)), zorder=2)
        text = f"limit {readable(chart.limit, series.unit)}"
        axes.text(first, chart.limit, f" {text}", color=_LIMIT, fontsize=15, va="bottom")
        top = max(top, chart.limit)
    low = min(0.0, *values)
    if band is not None:
        top = max(top, band.high, band.ordinary or 0.0)
        low = min(low, max(band.low, -top))
        _expected(axes, band)
    axes.set_xlim(first, last + (last - first) * 0.015 + 1.0)
    size = _scale(top - low, series.unit)
    axes.set_yticks([v * size for v in MaxNLocator(5).tick_values(low / size, top / size)])
    axes.set_ylim(low, low + (top - low) * 1.3 + 1e-9)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: readable(v, series.unit)))
    ticks = _moments(first, last)
    axes.set_xticks(ticks, [f"{datetime.fromtimestamp(t, UTC):%H:%M}" for t in ticks])
    axes.tick_params(labelsize=15, colors=_SOFT, length=0, pad=6)
    axes.grid(axis="y", color=_GRID, linewidth=1.2, zorder=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_GRID)
    title = chart.title if len(chart.title) <= 56 else f"{chart.title[:55]}…"
    place: dict[str, Any] = {"transform": axes.transAxes, "family": _FONT, "parse_math": False}
    axes.text(-0.1, 1.155, _clean(title), fontsize=22, fontweight="bold", color=_INK, **place)
    said = "    ".join(filter(None, (_subtitle(chart), band.label if band is not None else "")))
    axes.text(-0.1, 1.07, _clean(said), fontsize=15, color=_SOFT, **place)


def _expected(axes: Axes, band: Band) -> None:
    if band.ordinary is not None:
        axes.axhline(band.ordinary, color=_USUAL, linewidth=2, linestyle=(0, (1, 2)), zorder=2)
    axes.fill_between(
        [band.window.start.timestamp(), band.window.end.timestamp()],
        band.low,
        band.high,
        color=_BAND,
        alpha=0.35,
        linewidth=0,
        zorder=1,
    )


def _scale(span: float, unit: str) -> float:
    """What the ticks are round multiples of: bytes are counted in powers of two."""
    if unit not in ("byte", "bytes"):
        return 1.0
    return float(next((s for s, _ in _BYTES if span >= s), 1))


def _subtitle(chart: Chart) -> str:
    onset = f"red: it changed at {chart.onset:%H:%M}" if chart.onset is not None else ""
    ordinary = "green: taken as ordinary" if chart.baseline is not None else ""
    return "    ".join(part for part in ("times in UTC", ordinary, onset) if part)


def _moments(first: float, last: float) -> list[float]:
    """Round times, about six of them."""
    steps = (300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 604800)
    step = next((s for s in steps if (last - first) / s <= 7), steps[-1])
    begin = math.ceil(first / step) * step
    return [float(t) for t in range(begin, int(last) + 1, step)]


def _ordinary(axes: Axes, chart: Chart) -> None:
    if chart.baseline is not None:
        axes.axvspan(
            chart.baseline.start.timestamp(),
            chart.baseline.end.timestamp(),
            color=_ORDINARY,
            alpha=0.75,
            linewidth=0,
            zorder=0,
        )


def _marks(axes: Axes, chart: Chart) -> None:
    if chart.onset is not None:
        axes.axvline(chart.onset.timestamp(), color=_ONSET, linewidth=2.4, zorder=2)
    low, high = axes.get_ylim()
    left, right = axes.get_xlim()
    for position, mark in enumerate(chart.changes):
        at = mark.at.timestamp()
        axes.axvline(at, color=_CHANGE, linewidth=2, linestyle=(0, (2, 3)), zorder=2)
        beyond = at > left + (right - left) * 0.6
        axes.text(
            at,
            high - (high - low) * (0.02 + 0.075 * position),
            _clean(f"{mark.label} " if beyond else f" {mark.label}"),
            color=_CHANGE,
            fontsize=15,
            ha="right" if beyond else "left",
            va="top",
            parse_math=False,
        )


def _clean(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)

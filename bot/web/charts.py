"""Time series as a small SVG: styled by the page's sheet, without script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from markupsafe import Markup

from agent.model import Chart, Mark, Series

WIDTH, HEIGHT = 720, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 12, 12, 24
_MOST_SERIES = 6
_MOST_POINTS = 600
_PADDING = 0.08
"""Of the values' range, above and below."""
_LARGEST = 1e300
"""Larger values would overflow once room is added around them."""
_SUFFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))

_Points = Sequence[tuple[float, float]]


def chart(series: Sequence[Series]) -> Markup:
    """The series over one pair of axes, times in UTC; empty when there is nothing to draw.

    At most six series are drawn; points that are no finite numbers leave a gap.
    """
    drawn = [s for s in series if _finite(s.points)][:_MOST_SERIES]
    if not drawn:
        return Markup("")
    frame = _Frame([point for s in drawn for point in _finite(s.points)])
    unit = drawn[0].unit
    parts = [
        Markup('<svg class="chart" viewBox="0 0 {} {}" role="img"><title>{}</title>').format(
            WIDTH, HEIGHT, ", ".join(_name(s) for s in drawn)
        ),
        *(_level(frame, value, unit) for value in frame.levels()),
        *(_moment(frame, at) for at in frame.moments()),
        *(
            Markup('<path class="line s{}" d="{}"/>').format(i, frame.path(s.points))
            for i, s in enumerate(drawn)
        ),
        Markup("</svg>"),
        _legend(drawn, len(series) - len(drawn)),
    ]
    return Markup("").join(parts)


def marked(chart_of: Chart, series: Series) -> Markup:
    """One series with its ordinary span, its onset, its limit and the changes around marked; empty without points."""
    points = _finite(series.points)
    if not points:
        return Markup("")
    limit = _limit_drawn(chart_of, points)
    frame = _Frame([*points, (points[0][0], limit)] if limit is not None else points)
    parts = [
        Markup('<svg class="chart" viewBox="0 0 {} {}" role="img"><title>{}</title>').format(
            WIDTH, HEIGHT, chart_of.title
        ),
        _ordinary(frame, chart_of),
        *(_level(frame, value, series.unit) for value in frame.levels()),
        *(_moment(frame, at) for at in frame.moments()),
        Markup('<path class="line s0" d="{}"/>').format(frame.path(series.points)),
        _across(frame, limit, f"limit {short(limit, series.unit)}") if limit is not None else "",
        _upright(frame, chart_of.onset.timestamp(), "onset") if chart_of.onset else "",
        *(_mark(frame, position, mark) for position, mark in enumerate(chart_of.changes)),
        Markup("</svg>"),
    ]
    return Markup("").join(parts)


def _limit_drawn(chart_of: Chart, points: _Points) -> float | None:
    """The limit, when the series comes at least half as near to it."""
    top = max(value for _, value in points)
    near = chart_of.limit is not None and top >= chart_of.limit / 2
    return chart_of.limit if near else None


def _ordinary(frame: _Frame, chart_of: Chart) -> Markup:
    if chart_of.baseline is None:
        return Markup("")
    left = frame.x(max(frame.start, chart_of.baseline.start.timestamp()))
    right = frame.x(min(frame.end, chart_of.baseline.end.timestamp()))
    return Markup('<rect class="ordinary" x="{}" y="{}" width="{}" height="{}"/>').format(
        left, _TOP, max(0.0, round(right - left, 1)), HEIGHT - _TOP - _BOTTOM
    )


def _across(frame: _Frame, value: float, text: str) -> Markup:
    y = frame.y(value)
    return Markup(
        '<line class="limit" x1="{}" y1="{}" x2="{}" y2="{}"/><text x="{}" y="{}">{}</text>'
    ).format(_LEFT, y, WIDTH - _RIGHT, y, _LEFT + 4, y - 4, text)


def _upright(frame: _Frame, at: float, kind: str) -> Markup:
    x = frame.x(min(max(at, frame.start), frame.end))
    return Markup('<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(
        kind, x, _TOP, x, HEIGHT - _BOTTOM
    )


def _mark(frame: _Frame, position: int, mark: Mark) -> Markup:
    at = mark.at.timestamp()
    anchor = "end" if at > frame.start + (frame.end - frame.start) * 0.6 else "start"
    x = frame.x(min(max(at, frame.start), frame.end))
    return _upright(frame, at, "changed") + Markup(
        '<text class="changed" x="{}" y="{}" text-anchor="{}">{}</text>'
    ).format(x + (4 if anchor == "start" else -4), _TOP + 12 + 14 * position, anchor, mark.label)


class _Frame:
    """Maps times and values to places in the picture."""

    def __init__(self, points: _Points) -> None:
        times, values = [p[0] for p in points], [p[1] for p in points]
        self.start, self.end = min(times), max(times)
        low, high = min(values), max(values)
        room = (high - low) * _PADDING or abs(high) * _PADDING or 1.0
        self.low = 0.0 if low >= 0 and low - room < 0 else low - room
        self.high = high + room

    def x(self, at: float) -> float:
        span = self.end - self.start
        share = (at - self.start) / span if span else 0.5
        return round(_LEFT + share * (WIDTH - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM), 1)

    def levels(self) -> list[float]:
        return [self.low + (self.high - self.low) * i / 3 for i in range(4)]

    def moments(self) -> list[float]:
        if self.end == self.start:
            return [self.start]
        return [self.start + (self.end - self.start) * i / 4 for i in range(5)]

    def path(self, points: _Points) -> str:
        """An SVG path that lifts the pen over gaps."""
        commands, pen = [], "M"
        for at, value in points[:: math.ceil(len(points) / _MOST_POINTS)]:
            if not _is_drawable(value):
                pen = "M"
                continue
            commands.append(f"{pen}{self.x(at)} {self.y(value)}")
            pen = "L"
        return "".join(commands)


def _finite(points: _Points) -> _Points:
    return [(at, value) for at, value in points if math.isfinite(at) and _is_drawable(value)]


def _is_drawable(value: float) -> bool:
    return abs(value) < _LARGEST  # False for NaN too


def _level(frame: _Frame, value: float, unit: str) -> Markup:
    y = frame.y(value)
    return Markup(
        '<line class="grid" x1="{}" y1="{}" x2="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}</text>'
    ).format(_LEFT, y, WIDTH - _RIGHT, y, _LEFT - 6, y + 4, short(value, unit))


def _moment(frame: _Frame, at: float) -> Markup:
    time = datetime.fromtimestamp(at, UTC)
    anchor = "start" if at == frame.start else "end" if at == frame.end else "middle"
    return Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(
        frame.x(at), HEIGHT - 6, anchor, f"{time:%H:%M}"
    )


def _legend(drawn: Sequence[Series], left_out: int) -> Markup:
    names = [
        Markup('<li class="s{}">{}</li>').format(i, _name(s) + (f" ({s.unit})" if s.unit else ""))
        for i, s in enumerate(drawn)
    ]
    if left_out > 0:
        names.append(Markup("<li>{} more not drawn</li>").format(left_out))
    return Markup('<ul class="legend">{}</ul>').format(Markup("").join(names))


def _name(series: Series) -> str:
    tags = ", ".join(f"{key}:{value}" for key, value in series.tags.items())
    return f"{series.metric} {{{tags}}}" if tags else series.metric


def short(value: float, unit: str = "") -> str:
    """A number in three or four characters: 12.7G, 186, 0.02; bytes with their B."""
    ending = "B" if unit in ("byte", "bytes") else ""
    for size, suffix in _SUFFIXES:
        if abs(value) >= size:
            return f"{value / size:.3g}{suffix}{ending}"
    return f"{value:.3g}{ending}"

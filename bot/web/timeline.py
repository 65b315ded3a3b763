"""The steps of an investigation over time as a small SVG: one bar a call, from when it was asked to when it answered."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from agent.model import Step

WIDTH = 720
_LEFT, _RIGHT, _TOP, _ROW, _BOTTOM = 190, 56, 8, 17, 26
_MOST = 80
_NARROWEST = 2.5
_LONGEST_NAME = 27


def timeline(steps: Sequence[Step]) -> Markup:
    """The calls in the order in which they were asked, times in seconds since the first; empty when there are none.

    At most eighty are drawn.
    """
    drawn = sorted(steps, key=lambda s: (s.started_at, s.number))[:_MOST]
    if not drawn:
        return Markup("")
    begin = drawn[0].started_at
    starts = [(s.started_at - begin).total_seconds() for s in drawn]
    span = max(start + s.seconds for start, s in zip(starts, drawn, strict=True)) or 1.0
    height = _TOP + _ROW * len(drawn) + _BOTTOM
    parts = [
        Markup('<svg class="timeline" viewBox="0 0 {} {}" role="img"><title>{}</title>').format(
            WIDTH, height, f"{len(steps)} calls in {_seconds(span)}"
        ),
        *(_moment(span, share, height) for share in (0.0, 0.25, 0.5, 0.75, 1.0)),
        *(
            _bar(step, row, start / span, step.seconds / span)
            for row, (start, step) in enumerate(zip(starts, drawn, strict=True))
        ),
        Markup("</svg>"),
    ]
    if len(steps) > len(drawn):
        parts.append(
            Markup('<p class="quiet">{} more not drawn</p>').format(len(steps) - len(drawn))
        )
    return Markup("").join(parts)


def _x(share: float) -> float:
    return round(_LEFT + share * (WIDTH - _LEFT - _RIGHT), 1)


def _bar(step: Step, row: int, start: float, length: float) -> Markup:
    y = _TOP + row * _ROW
    left = _x(start)
    width = max(_NARROWEST, _x(start + length) - left)
    name = step.check.tool
    shown = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
    state = "ok" if step.status == "ok" else "failed"
    return Markup(
        '<a href="#step-{}"><title>{}</title><text x="{}" y="{}" text-anchor="end">{} {}</text>'
        '<rect class="r{} {}" x="{}" y="{}" width="{}" height="11" rx="2"/>'
        '<text x="{}" y="{}">{}</text></a>'
    ).format(
        step.number,
        f"step {step.number}, round {step.round}: {name}, {step.status}",
        _LEFT - 8,
        y + 10,
        step.number,
        shown,
        step.round % 4,
        state,
        left,
        y + 1,
        round(width, 1),
        round(left + width + 4, 1),
        y + 10,
        _seconds(step.seconds) if length > 0.05 else "",
    )


def _moment(span: float, share: float, height: int) -> Markup:
    x = _x(share)
    return Markup(
        '<line class="grid" x1="{}" y1="{}" x2="{}" y2="{}"/><text x="{}" y="{}" text-anchor="middle">{}</text>'
    ).format(x, _TOP, x, height - _BOTTOM + 4, x, height - 8, _seconds(span * share))


def _seconds(value: float) -> str:
    if value < 1.0:
        return f"{value * 1000:.0f} ms"
    return f"{value:.1f} s" if value < 90 else f"{value / 60:.1f} min"

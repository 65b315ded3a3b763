"""The reliability diagram as a small SVG: how often findings were right against how sure they said they were."""

from __future__ import annotations

from markupsafe import Markup

from agent.learning.calibration import Bin, Curve, Quality

SIZE = 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 24, 12, 40
_LEAST_RADIUS, _MOST_RADIUS = 3.0, 11.0
_POINTS = 40


def reliability(quality: Quality, curve: Curve) -> Markup:
    """Bins as dots (larger: more findings), the diagonal of perfect calibration, and the recalibration; empty without any."""
    if not quality.number:
        return Markup("")
    most = max(b.number for b in quality.bins)
    title = "Share that was right against the confidence that was said"
    parts = [
        Markup(
            '<svg class="chart reliability" viewBox="0 0 {} {}" role="img"><title>{}</title>'
        ).format(SIZE, SIZE, title),
        *(_level(share) for share in (0.0, 0.25, 0.5, 0.75, 1.0)),
        Markup('<path class="limit" d="M{} {} L{} {}"/>').format(_x(0), _y(0), _x(1), _y(1)),
        _line(curve),
        *(_dot(b, most) for b in quality.bins),
        Markup('<text x="{}" y="{}" text-anchor="middle">confidence that was said</text>').format(
            _x(0.5), SIZE - 6
        ),
        Markup("</svg>"),
    ]
    return Markup("").join(parts)


def _x(share: float) -> float:
    return round(_LEFT + share * (SIZE - _LEFT - _RIGHT), 1)


def _y(share: float) -> float:
    return round(SIZE - _BOTTOM - share * (SIZE - _TOP - _BOTTOM), 1)


def _level(share: float) -> Markup:
    said = f"{share * 100:.0f} %"
    across = Markup(
        '<line class="grid" x1="{}" y1="{}" x2="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}</text>'
    ).format(_x(0), _y(share), _x(1), _y(share), _LEFT - 6, _y(share) + 4, said)
    below = Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(
        _x(share), SIZE - _BOTTOM + 16, said
    )
    return across + below


def _line(curve: Curve) -> Markup:
    """What the verdicts make of each confidence."""
    shares = [n / _POINTS for n in range(_POINTS + 1)]
    path = "M" + " L".join(f"{_x(s)} {_y(curve.at(s))}" for s in shares)
    return Markup('<path class="line s1" d="{}"/>').format(path)


def _dot(found: Bin, most: int) -> Markup:
    radius = _LEAST_RADIUS + (_MOST_RADIUS - _LEAST_RADIUS) * (found.number / most) ** 0.5
    said = f"said {found.confidence:.0%}, right {found.right:.0%}, {found.number} findings"
    return Markup(
        '<circle class="dot s0" cx="{}" cy="{}" r="{}"><title>{}</title></circle>'
    ).format(_x(found.confidence), _y(found.right), round(radius, 1), said)

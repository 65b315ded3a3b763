"""The board of hypotheses over the rounds as a small SVG: one line a hypothesis, its confidence going up and down."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from agent.model import Hypothesis

WIDTH, HEIGHT = 720, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 16, 12, 26
_MOST = 6

Boards = Sequence[tuple[int, Sequence[Hypothesis]]]
"""Round and the board after it, in order."""


def board_over_time(boards: Boards) -> Markup:
    """The six hypotheses that were ever most likely; empty with fewer than two rounds."""
    if len(boards) < 2:  # one point makes no line
        return Markup("")
    lines = _lines(boards)
    rounds = [number for number, _ in boards]
    parts = [
        Markup('<svg class="chart" viewBox="0 0 {} {}" role="img"><title>{}</title>').format(
            WIDTH, HEIGHT, "Confidence of the hypotheses by round"
        ),
        *(_level(share) for share in (0.0, 0.25, 0.5, 0.75, 1.0)),
        *(_round(number, rounds) for number in rounds),
        *(_line(position, points, rounds) for position, (_, points) in enumerate(lines)),
        Markup("</svg>"),
        _legend([latest for latest, _ in lines]),
    ]
    return Markup("").join(parts)


def _lines(boards: Boards) -> list[tuple[Hypothesis, list[tuple[int, float]]]]:
    """Each hypothesis as it stands last, with its course."""
    latest: dict[str, Hypothesis] = {}
    courses: dict[str, list[tuple[int, float]]] = {}
    for number, board in boards:
        for hypothesis in board:
            latest[hypothesis.id] = hypothesis
            courses.setdefault(hypothesis.id, []).append((number, hypothesis.confidence))
    best = sorted(latest, key=lambda i: (-latest[i].confidence, -max(c for _, c in courses[i]), i))
    return [(latest[i], courses[i]) for i in best[:_MOST]]


def _x(number: int, rounds: Sequence[int]) -> float:
    span = (rounds[-1] - rounds[0]) or 1
    return round(_LEFT + (number - rounds[0]) / span * (WIDTH - _LEFT - _RIGHT), 1)


def _y(share: float) -> float:
    return round(HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM), 1)


def _level(share: float) -> Markup:
    y = _y(share)
    return Markup(
        '<line class="grid" x1="{}" y1="{}" x2="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}</text>'
    ).format(_LEFT, y, WIDTH - _RIGHT, y, _LEFT - 6, y + 4, f"{share:.0%}")


def _round(number: int, rounds: Sequence[int]) -> Markup:
    anchor = "start" if number == rounds[0] else "end" if number == rounds[-1] else "middle"
    return Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(
        _x(number, rounds), HEIGHT - 6, anchor, f"round {number}" if number else "opening"
    )


def _line(position: int, points: Sequence[tuple[int, float]], rounds: Sequence[int]) -> Markup:
    places = [(_x(n, rounds), _y(share)) for n, share in points]
    path = "M" + " L".join(f"{x} {y}" for x, y in places)
    dots = Markup("").join(
        Markup('<circle class="dot s{}" cx="{}" cy="{}" r="3"/>').format(position, x, y)
        for x, y in places
    )
    return Markup('<path class="line s{}" d="{}"/>').format(position, path) + dots


def _legend(hypotheses: Sequence[Hypothesis]) -> Markup:
    names = [
        Markup('<li class="s{}"><a href="#{}">{}</a> {}</li>').format(i, h.id, h.id, h.statement)
        for i, h in enumerate(hypotheses)
    ]
    return Markup('<ul class="legend">{}</ul>').format(Markup("").join(names))

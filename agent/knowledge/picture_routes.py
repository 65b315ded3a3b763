"""Which way the arrows of a picture go: out at the bottom, in at the top, around the boxes in between, none on another."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from agent.knowledge.picture_layout import BOX_HEIGHT, BOX_WIDTH, Box, Layout
from agent.knowledge.scenes import Edge

Point = tuple[float, float]

_CLEAR = 15.0
"""Pixels kept between an arrow and a box that it passes."""
_LANE, _LANES = 7.0, (0, 1, -1, 2, -2, 3, -3)
_PORT = 34.0
_EDGE = BOX_WIDTH * 0.76
"""The part of a box's side where arrows may begin and end."""
_ARC = 44.0


@dataclass(frozen=True)
class Route:
    """An arrow as a chain of cubic Bezier curves: the start, then three points for each curve."""

    edge: Edge
    points: tuple[Point, ...]

    @property
    def middle(self) -> Point:
        """Where a label stands."""
        start, end = self.points[0], self.points[-1]
        return (start[0] + end[0]) / 2, (start[1] + end[1]) / 2


def routes(edges: Iterable[Edge], layout: Layout) -> list[Route]:
    """The ways of all arrows whose ends are in the picture."""
    drawn = [e for e in edges if e.source in layout.boxes and e.target in layout.boxes]
    ports = _ports(drawn, layout.boxes)
    rows: dict[int, list[Box]] = defaultdict(list)
    for box in layout.boxes.values():
        rows[box.row].append(box)
    lanes: Counter[tuple[int, int]] = Counter()
    found = []
    for number, edge in enumerate(drawn):
        source, target = layout.boxes[edge.source], layout.boxes[edge.target]
        start, end = ports[number, "out"], ports[number, "in"]
        if source.row == target.row:
            found.append(Route(edge, _over(start, end)))
            continue
        stops = _stops(source, target, start, end, rows, lanes)
        found.append(Route(edge, _smooth([start, *stops, end])))
    return found


def _ports(edges: Sequence[Edge], boxes: dict[str, Box]) -> dict[tuple[int, str], Point]:
    """Where each arrow leaves and enters: side by side along the box, in the order of where it goes."""
    sides: dict[tuple[str, int], list[tuple[float, int, str]]] = defaultdict(list)
    for number, edge in enumerate(edges):
        source, target = boxes[edge.source], boxes[edge.target]
        leaves = -1 if target.row <= source.row else 1
        enters = 1 if target.row < source.row else -1
        sides[edge.source, leaves].append((target.x, number, "out"))
        sides[edge.target, enters].append((source.x, number, "in"))
    found = {}
    for (key, side), ends in sides.items():
        box = boxes[key]
        gap = min(_PORT, _EDGE / max(1, len(ends) - 1))
        for place, (_, number, end) in enumerate(sorted(ends)):
            x = box.x + (place - (len(ends) - 1) / 2) * gap
            found[number, end] = (x, box.y + side * BOX_HEIGHT / 2)
    return found


def _stops(
    source: Box,
    target: Box,
    start: Point,
    end: Point,
    rows: dict[int, list[Box]],
    lanes: Counter[tuple[int, int]],
) -> list[Point]:
    """Points at which an arrow passes the rows in between, clear of their boxes."""
    step = 1 if target.row > source.row else -1
    stops: list[Point] = []
    x = start[0]
    for row in range(source.row + step, target.row, step):
        y = rows[row][0].y
        share = (y - start[1]) / (end[1] - start[1])
        x = _free(start[0] + (end[0] - start[0]) * share, rows[row])
        lane = (row, round(x / (2 * _CLEAR)))
        shifted = x + _LANE * _LANES[lanes[lane] % len(_LANES)]
        lanes[lane] += 1
        half = step * (BOX_HEIGHT / 2 + 4)
        stops += [(shifted, y - half), (shifted, y + half)]
    return stops


def _free(x: float, boxes: Sequence[Box]) -> float:
    """The nearest place to ``x`` in a row where no box stands."""
    reach = BOX_WIDTH / 2 + _CLEAR - 1
    if all(abs(x - b.x) >= reach for b in boxes):
        return x
    beside = [b.x + side * (BOX_WIDTH / 2 + _CLEAR) for b in boxes for side in (-1, 1)]
    clear = [c for c in beside if all(abs(c - b.x) >= reach - _CLEAR / 2 for b in boxes)]
    return min(clear or [x], key=lambda c: (abs(c - x), c))


def _smooth(points: Sequence[Point]) -> tuple[Point, ...]:
    """Curves through the points, each leaving and arriving upright."""
    path = [points[0]]
    for (x0, y0), (x1, y1) in pairwise(points):
        bend = (y1 - y0) * 0.5
        path += [(x0, y0 + bend), (x1, y1 - bend), (x1, y1)]
    return tuple(path)


def _over(start: Point, end: Point) -> tuple[Point, ...]:
    """Between neighbours of a row: over their tops."""
    top = min(start[1], end[1]) - _ARC
    return start, (start[0], top), (end[0], top), end

"""Where the things of a scene stand: layers from top to bottom, few crossings, names that fit their boxes.

Layered drawing after Sugiyama, Tagawa and Toda (1981): layers are given, the order within a layer comes from the mean
place of the neighbours (barycentre), swept down and up a few times. Deterministic: ties are broken by name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.knowledge.scenes import Node, Scene

BOX_WIDTH, BOX_HEIGHT = 234.0, 98.0
"""Pixels."""
_PER_ROW = 4
_GAP_LAYERS, _GAP_ROWS = 96.0, 52.0
_SWEEPS = 6
_LINE_CHARACTERS = 15
_CAPTION_CHARACTERS = 25
_BREAK = re.compile(r"(?<=[-_./\s])")


@dataclass(frozen=True)
class Box:
    """A node with its place (centre, in pixels from the upper left) and its words."""

    node: Node
    x: float
    y: float
    row: int
    """From the top; a layer with many boxes has several rows."""
    lines: tuple[str, ...]
    caption: str

    @property
    def font_size(self) -> float:
        """Points; smaller for long names."""
        longest = max(map(len, self.lines))
        return 18.0 if longest <= 12 else 15.5 if longest <= _LINE_CHARACTERS else 13.5


@dataclass(frozen=True)
class Layout:
    """All boxes, row by row from the top, and the height that they need, in pixels."""

    boxes: dict[str, Box]
    height: float


def lay_out(scene: Scene, width: float) -> Layout:
    """Place the nodes of a scene in a picture of that width."""
    layers = _ordered(scene)
    boxes: dict[str, Box] = {}
    y, number = BOX_HEIGHT / 2 + 6, 0
    for layer in sorted(layers):
        for row in _rows(layers[layer]):
            for place, node in enumerate(row):
                x = _across(place, len(row), width)
                boxes[node.key] = Box(node, x, y, number, _wrapped(node.name), _caption(node))
            y += BOX_HEIGHT + _GAP_ROWS
            number += 1
        y += _GAP_LAYERS - _GAP_ROWS
    return Layout(boxes, y - BOX_HEIGHT / 2 - _GAP_LAYERS + 6)


def _across(place: int, count: int, width: float) -> float:
    """The middle of a box: few are centred, many fill the width."""
    if count < 3:
        return width * (place + 1) / (count + 1)
    return BOX_WIDTH / 2 + (width - BOX_WIDTH) * place / (count - 1)


def _rows(nodes: Sequence[Node]) -> list[Sequence[Node]]:
    """A layer in rows of nearly the same length."""
    count = -(-len(nodes) // _PER_ROW)
    size = -(-len(nodes) // count)
    return [nodes[n : n + size] for n in range(0, len(nodes), size)]


def _ordered(scene: Scene) -> dict[int, list[Node]]:
    layers: dict[int, list[Node]] = defaultdict(list)
    for node in sorted(scene.nodes, key=lambda n: (n.tier or "9", n.name, n.key)):
        layers[node.layer].append(node)
    near: dict[str, list[str]] = defaultdict(list)
    for edge in scene.edges:
        near[edge.source].append(edge.target)
        near[edge.target].append(edge.source)
    order = sorted(layers)
    for sweep in range(_SWEEPS):
        for layer in order if sweep % 2 else reversed(order):
            layers[layer].sort(key=_near_neighbours(near, _places(layers)))
    return dict(layers)


def _near_neighbours(
    near: dict[str, list[str]], places: dict[str, float]
) -> Callable[[Node], tuple[float, str]]:
    return lambda node: (_barycentre(near[node.key], places, places[node.key]), node.name)


def _places(layers: dict[int, list[Node]]) -> dict[str, float]:
    """Where each node stands across its layer, 0..1."""
    return {
        node.key: (place + 1) / (len(nodes) + 1)
        for nodes in layers.values()
        for place, node in enumerate(nodes)
    }


def _barycentre(neighbours: Sequence[str], places: dict[str, float], own: float) -> float:
    known = [places[n] for n in neighbours if n in places]
    return round(sum(known) / len(known), 6) if known else own


def _wrapped(name: str) -> tuple[str, ...]:
    """A name in one or two lines, broken after a hyphen; the rest of a very long one is left out."""
    if len(name) <= _LINE_CHARACTERS:
        return (name,)
    parts = [p for p in _BREAK.split(name) if p]
    first = ""
    while parts and len(first) + len(parts[0]) <= _LINE_CHARACTERS + 1:
        first += parts.pop(0)
    rest = "".join(parts)
    if not first:
        first, rest = name[:_LINE_CHARACTERS], name[_LINE_CHARACTERS:]
    most = _LINE_CHARACTERS + 3
    second = rest if len(rest) <= most else f"{rest[: most - 1]}…"
    return tuple(line.strip() for line in (first, second) if line.strip())


def _caption(node: Node) -> str:
    text = node.caption
    return text if len(text) <= _CAPTION_CHARACTERS else f"{text[: _CAPTION_CHARACTERS - 1]}…"

"""Draws a scene as a PNG that can be read on a phone: layers from top to bottom, arrows from what uses to what is used.

Matplotlib is imported when the first picture is drawn, and used without pyplot's global state; still only one picture is
drawn at a time, since its font cache is shared. The same scene gives the same bytes.
"""

from __future__ import annotations

import asyncio
import io
import threading
from typing import TYPE_CHECKING, Any

from agent.knowledge.picture_layout import BOX_HEIGHT, BOX_WIDTH, Box, Layout, lay_out
from agent.knowledge.picture_routes import Route, routes
from agent.knowledge.scenes import Scene

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_PIXELS = 1080
"""Phones show it at a third of this or more."""
_DPI = 100
_TITLE_PIXELS = 100
_FOOT_PIXELS = 58
_MARGIN = 28
_FONT = "DejaVu Sans"
"""Comes with matplotlib, so that every machine draws the same."""
_INK, _SOFT, _PAPER = "#1f2933", "#52606d", "#ffffff"
_LINE, _TENTATIVE, _CONTRADICTED, _CHANGED = "#7b8794", "#9aa5b1", "#d64545", "#de911d"
_KINDS = {
    "service": ("#e3f2fd", "#2f80c2"),
    "database": ("#e3f9e5", "#3f9142"),
    "datastore": ("#e3f9e5", "#3f9142"),
    "statefulset": ("#e3f9e5", "#3f9142"),
    "cache": ("#e0fcff", "#2cb1bc"),
    "queue": ("#eae2f8", "#8662c7"),
    "cronjob": ("#fff3c4", "#cb8a00"),
    "business_service": ("#ffe3ec", "#c9186b"),
    "team": ("#f0f4f8", "#486581"),
    "escalation_policy": ("#f0f4f8", "#486581"),
}
_OTHER = ("#f5f7fa", "#7b8794")
_LEGEND = {
    "service": "service",
    "database": "data store",
    "datastore": "data store",
    "statefulset": "data store",
    "cache": "cache",
    "queue": "queue",
    "cronjob": "job",
    "business_service": "customers see it",
    "team": "team",
}
_lock = threading.Lock()


async def draw(scene: Scene) -> bytes:
    """The picture of a scene as PNG, drawn beside the event loop."""
    return await asyncio.to_thread(render, scene)


def render(scene: Scene) -> bytes:
    """The picture of a scene as PNG; takes a fraction of a second, and the first one longer."""
    with _lock:
        return _render(scene)


def _render(scene: Scene) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    layout = lay_out(scene, WIDTH_PIXELS - 2 * _MARGIN)
    height = layout.height + _TITLE_PIXELS + _FOOT_PIXELS + _MARGIN
    figure = Figure(figsize=(WIDTH_PIXELS / _DPI, height / _DPI), dpi=_DPI, facecolor=_PAPER)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(-_MARGIN, WIDTH_PIXELS - _MARGIN)
    axes.set_ylim(layout.height + _FOOT_PIXELS + _MARGIN, -_TITLE_PIXELS)
    axes.axis("off")
    _title(axes, scene)
    for route in routes(scene.edges, layout):
        _arrow(axes, route)
    for box in layout.boxes.values():
        _box(axes, box)
    _foot(axes, scene, layout)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI, facecolor=_PAPER, metadata={"Software": None})
    return buffer.getvalue()


def _title(axes: Axes, scene: Scene) -> None:
    title = scene.title if len(scene.title) <= 52 else f"{scene.title[:51]}…"
    size = 25 if len(title) <= 40 else 20
    _write(axes, 0, -62, title, size, _INK, bold=True, centred=False)
    more = f"    +{scene.more} more" if scene.more else ""
    hint = f"an arrow goes from what uses to what is used{more}"
    _write(axes, 0, -20, hint, 14, _SOFT, centred=False)


def _write(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    points: float,
    colour: str,
    *,
    bold: bool = False,
    centred: bool = True,
    **more: Any,
) -> None:
    """Text as it stands: a name with ``$`` in it is no formula."""
    axes.text(
        x,
        y,
        "".join(c if c.isprintable() else " " for c in text),
        fontsize=points,
        fontweight="bold" if bold else "normal",
        color=colour,
        family=_FONT,
        ha="center" if centred else "left",
        va="center",
        parse_math=False,
        **{"zorder": 4, **more},
    )


def _box(axes: Axes, box: Box) -> None:
    from matplotlib.patches import FancyBboxPatch

    node = box.node
    fill, line = _KINDS.get(node.kind, _OTHER)
    if node.asked:
        fill, line = _INK, _INK
    if node.changed:
        line = _CHANGED
    vital = node.tier == "1"
    axes.add_patch(
        FancyBboxPatch(
            (box.x - BOX_WIDTH / 2, box.y - BOX_HEIGHT / 2),
            BOX_WIDTH,
            BOX_HEIGHT,
            boxstyle="round,pad=0,rounding_size=16",
            facecolor=fill,
            edgecolor=line,
            linewidth=5 if node.changed else 3.5 if vital else 1.8,
            zorder=3,
        )
    )
    lines = box.lines
    shift = -14 if box.caption else 0
    ink, bold = _PAPER if node.asked else _INK, vital or node.asked
    for number, text in enumerate(lines):
        y = box.y + shift + (number - (len(lines) - 1) / 2) * 29
        _write(axes, box.x, y, text, box.font_size, ink, bold=bold)
    if box.caption:
        colour = "#cbd2d9" if node.asked else "#b44d12" if node.changed else _SOFT
        _write(axes, box.x, box.y + BOX_HEIGHT / 2 - 21, box.caption, 12.5, colour)


def _arrow(axes: Axes, route: Route) -> None:
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    edge = route.edge
    colour = _CONTRADICTED if edge.contradicted else _TENTATIVE if edge.tentative else _LINE
    codes = [Path.MOVETO, *[Path.CURVE4] * (len(route.points) - 1)]
    axes.add_patch(
        FancyArrowPatch(
            path=Path(route.points, codes),
            arrowstyle="-|>,head_length=9,head_width=5",
            facecolor=colour,
            edgecolor=colour,
            linewidth=2.6 if edge.contradicted else 2.0,
            linestyle=(0, (4, 3)) if edge.tentative or edge.contradicted else "solid",
            zorder=2,
        )
    )
    if edge.label:
        _label(axes, route)


def _label(axes: Axes, route: Route) -> None:
    paper = {"facecolor": _PAPER, "edgecolor": "none", "pad": 2}
    _write(axes, *route.middle, route.edge.label, 12.5, _SOFT, zorder=2.5, bbox=paper)


def _foot(axes: Axes, scene: Scene, layout: Layout) -> None:
    """What the colours and lines mean, as far as they occur."""
    from matplotlib.patches import FancyBboxPatch

    y, x = layout.height + _FOOT_PIXELS / 2 + 6, 0.0
    kinds = dict.fromkeys(_LEGEND[n.kind] for n in scene.nodes if n.kind in _LEGEND and not n.asked)
    colours = {_LEGEND[k]: _KINDS[k] for k in _LEGEND}
    for name in kinds:
        fill, line = colours[name]
        axes.add_patch(
            FancyBboxPatch(
                (x, y - 9),
                26,
                18,
                boxstyle="round,pad=0,rounding_size=5",
                facecolor=fill,
                edgecolor=line,
                linewidth=1.8,
            )
        )
        x = _word(axes, x + 36, y, name)
    lines = (
        (any(e.tentative and not e.contradicted for e in scene.edges), _TENTATIVE, "tentative"),
        (any(e.contradicted for e in scene.edges), _CONTRADICTED, "contradicted"),
    )
    for occurs, colour, name in lines:
        if occurs:
            axes.plot([x, x + 40], [y, y], color=colour, linewidth=2.6, linestyle=(0, (4, 2)))
            x = _word(axes, x + 50, y, name)
    if any(n.tier == "1" for n in scene.nodes):
        _write(axes, x, y, "bold: tier 1", 13.5, _INK, bold=True, centred=False)


def _word(axes: Axes, x: float, y: float, text: str) -> float:
    _write(axes, x, y, text, 13.5, _SOFT, centred=False)
    return x + 11.2 * len(text) + 30

"""The graph in a terminal."""

from __future__ import annotations

import io
import stat
from pathlib import Path

from rich.console import Console

from agent.knowledge.scan import Scanned
from agent.knowledge.scenes import Edge, Node, Scene
from bot.terminal_graph import save_picture, scan_progress, scanned_line, tree_of


def console() -> tuple[Console, io.StringIO]:
    written = io.StringIO()
    return Console(file=written, width=120, force_terminal=False), written


def scene() -> Scene:
    nodes = (
        Node(key="r", name="redis-reco", kind="service", asked=True, tier="1"),
        Node(key="c", name="cart", kind="service", layer=-1),
        Node(key="k", name="check[out]", kind="service", layer=-2),
        Node(key="b", name="backup", kind="cronjob", layer=-1),
        Node(key="d", name="disk", kind="service", layer=1),
    )
    edges = (
        Edge(source="c", target="r"),
        Edge(source="k", target="c", contradicted=True),
        Edge(source="b", target="r", tentative=True),
        Edge(source="r", target="d"),
        Edge(source="k", target="r"),
    )
    return Scene(title="What depends on redis-reco", nodes=nodes, edges=edges, more=3)


def test_a_scene_is_a_tree_of_both_sides_in_which_each_thing_stands_once() -> None:
    teller, written = console()
    teller.print(tree_of(scene()))
    text = written.getvalue()
    assert text.splitlines()[0] == "redis-reco tier 1"
    assert [text.count(n) for n in ("cart", "check[out]", "backup", "disk")] == [1, 1, 1, 1]
    assert "backup cronjob tentative" in text
    assert "+3 more" in text
    assert text.index("is used by") < text.index("cart") < text.index("uses\n")


def test_a_circle_of_relations_ends() -> None:
    nodes = (
        Node(key="a", name="a", kind="service", asked=True),
        Node(key="b", name="b", kind="service"),
    )
    round_ = Scene(
        title="x", nodes=nodes, edges=(Edge(source="a", target="b"), Edge(source="b", target="a"))
    )
    teller, written = console()
    teller.print(tree_of(round_))
    assert "b" in written.getvalue()


def test_a_picture_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "pictures"
    file = save_picture(folder, "picture-7/../../x", b"png")
    assert file.parent == folder
    assert file.read_bytes() == b"png"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_source_that_failed_says_what_to_do() -> None:
    line = scanned_line(Scanned(origin="datadog", problem="Datadog refuses [red]the keys\x1b[2J"))
    assert "DD_API_KEY" in line
    assert "\\[red]the keys" in line
    assert "\x1b" not in line
    assert "srebot doctor" in scanned_line(Scanned(origin="else", problem="x"))


def test_each_source_is_told_as_it_is_done() -> None:
    teller, written = console()
    with scan_progress(teller, ["kubernetes", "datadog"]) as done:
        done(Scanned(origin="datadog", entities=3, relations=2, changes=1))
        first = written.getvalue()
        done(Scanned(origin="kubernetes", problem="no route"))
        done(Scanned(origin="unannounced"))
    assert "✓ datadog: 3 entities, 2 relations, 1 changes" in first
    assert "✗ kubernetes: no route" in written.getvalue()

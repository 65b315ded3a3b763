"""The graph in a terminal: pictures as files, a part of the graph as a tree, and the scan with its progress."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.tree import Tree

from agent.knowledge.scan import Scanned
from agent.knowledge.scenes import Edge, Node, Scene
from agent.store.embedded import default_data_folder
from bot.settings import BotSettings
from bot.terminal_text import escape

_MOST_BRANCHES = 40
_WHAT_TO_DO = {
    "kubernetes": "Check KUBERNETES_API_URL and KUBERNETES_READ_TOKEN or your kubeconfig, and the read-only role in deploy/.",
    "datadog": "Check DD_API_KEY, DD_APP_KEY and DD_SITE.",
    "pagerduty": "Check PAGERDUTY_TOKEN.",
    "repository": "Check SREBOT_REPOSITORIES and SREBOT_REPOSITORY_TOKEN.",
    "slack": "Check SLACK_BOT_TOKEN and that srebot is in the channels.",
}
"""Source -> what usually mends it."""


def picture_folder(settings: BotSettings) -> Path:
    """Where pictures are kept."""
    return (settings.data_folder or default_data_folder().parent) / "pictures"


def save_picture(folder: Path, key: str, png: bytes) -> Path:
    """Keep a picture as a file that only its owner may read; the same key takes the same file's place."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{re.sub(r'[^A-Za-z0-9.-]+', '-', key)}.png"
    file.write_bytes(png)
    file.chmod(0o600)
    return file


def tree_of(scene: Scene) -> Tree:
    """A scene as a tree below what was asked about: what depends on it, and what it depends on."""
    root = next((n for n in scene.nodes if n.asked), scene.nodes[0])
    tree = Tree(f"[bold]{_label(root)}[/bold]")
    nodes = {n.key: n for n in scene.nodes}
    users: dict[str, list[Edge]] = defaultdict(list)
    used: dict[str, list[Edge]] = defaultdict(list)
    for edge in scene.edges:
        users[edge.target].append(edge)
        used[edge.source].append(edge)
    sides = (("is used by", users, lambda e: e.source), ("uses", used, lambda e: e.target))
    for words, edges, far in sides:
        if edges[root.key]:
            branch = tree.add(f"[dim]{words}[/dim]")
            _grow(branch, root.key, edges, far, nodes, {root.key})
    if scene.more:
        tree.add(f"[dim]+{scene.more} more[/dim]")
    return tree


def _grow(
    branch: Tree,
    key: str,
    edges: dict[str, list[Edge]],
    far: Callable[[Edge], str],
    nodes: dict[str, Node],
    seen: set[str],
) -> None:
    """Add the things on one side of ``key``, each once in the whole tree."""
    new = [e for e in edges[key] if far(e) not in seen][:_MOST_BRANCHES]
    seen.update(far(e) for e in new)
    for edge in new:
        _grow(branch.add(_label(nodes[far(edge)], edge)), far(edge), edges, far, nodes, seen)


def _label(node: Node, edge: Edge | None = None) -> str:
    marks = [node.kind.replace("_", " ")] if node.kind != "service" else []
    marks += [f"tier {node.tier}"] if node.tier else []
    marks += [node.caption] if node.caption else []
    text = escape(node.name) + (f" [dim]{escape(', '.join(marks))}[/dim]" if marks else "")
    if edge is not None and edge.contradicted:
        return f"{text} [red]contradicted[/red]"
    return f"{text} [yellow]tentative[/yellow]" if edge is not None and edge.tentative else text


@contextmanager
def scan_progress(console: Console, origins: Sequence[str]) -> Iterator[Callable[[Scanned], None]]:
    """One bar for each source while it is scanned; gives what is to be called as each is done."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        waiting = defaultdict(list)
        for origin in origins:
            waiting[origin].append(progress.add_task(f"Scanning {origin}", total=None))

        def done(source: Scanned) -> None:
            if waiting[source.origin]:
                task = waiting[source.origin].pop()
                progress.update(task, total=1, completed=1, description=f"Scanned {source.origin}")
            progress.console.print(scanned_line(source))

        yield done


def scanned_line(source: Scanned) -> str:
    """What a source gave, or why it gave nothing and what to do about it."""
    if source.problem:
        advice = _WHAT_TO_DO.get(source.origin, "`srebot doctor` says what is missing.")
        return f"[red]✗[/red] {source.origin}: {escape(source.problem)} [dim]{escape(advice)}[/dim]"
    return (
        f"[green]✓[/green] {source.origin}: {source.entities} entities, {source.relations} relations,"
        f" {source.changes} changes"
    )

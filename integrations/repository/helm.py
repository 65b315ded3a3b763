"""Helm charts: rendered where there is a ``helm``, read as values and templates otherwise."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from agent.errors import ToolError
from agent.model import Json
from integrations.repository.documents import NotYaml, documents
from integrations.repository.manifests import (
    UNKNOWN,
    Manifest,
    manifests_in,
    manifests_of,
    placed,
)
from integrations.repository.snapshot import Snapshot

SURE_OF_RENDERED = 0.8
SURE_OF_UNRENDERED = 0.6
_MOST_CHARTS = 200
_EXPRESSION = re.compile(r"\{\{([^{}]{1,2000})\}\}")
_EDGES = "- \t\r\n"
"""Blanks, and the dashes by which a template trims them."""
_ALONE = re.compile(r"^\s*(?:-\s+)?\{\{-?[^{}]*-?\}\}\s*$")
_CONTROL = re.compile(r"^(?:if|else|end|range|with|define|block|template|/\*|\$\w+\s*:?=)")
_VALUE = re.compile(r"^\.Values((?:\.[A-Za-z_][\w-]*)+)$")
_FULL_NAME = re.compile(r'^include\s+"[^"]*\.(?:fullname|name)"')
_DEFAULT = re.compile(r'^default\s+("[^"]*"|\d+)$')
_LABELS = re.compile(r'^include\s+"[^"]*[lL]abels"')


class Chart(NamedTuple):
    """A chart of the repository."""

    folder: str
    name: str
    data: Json
    """Chart.yaml."""
    values: Json

    @property
    def path(self) -> str:
        """Of its Chart.yaml."""
        return posixpath.join(self.folder, "Chart.yaml")


class Renderer(Protocol):
    """Something that renders charts, as ``helm template`` does."""

    def render(self, name: str, files: Mapping[str, str]) -> str:
        """The objects of a chart as YAML.

        Args:
            name: of the release.
            files: the chart's files by path within it.

        Raises:
            ToolError: it can't.
        """


class Helm:
    """The charts of a snapshot.

    Args:
        renderer: None where there is no ``helm``.
    """

    def __init__(self, snapshot: Snapshot, renderer: Renderer | None = None) -> None:
        self._snapshot = snapshot
        self._renderer = renderer
        self.charts = list(self._charts())[:_MOST_CHARTS]
        self._templates: dict[str, list[tuple[str, str]]] = {}
        """Folder of a chart -> path and text of its templates."""
        yaml = list(snapshot.named(".yaml", ".yml"))
        for chart in self.charts:
            start = posixpath.join(chart.folder, "templates/")
            self._templates[chart.folder] = [(p, t) for p, t in yaml if p.startswith(start)]

    def holds(self, path: str) -> bool:
        """Whether a file belongs to a chart, and so is no fact by itself."""
        return any(path.startswith(f"{c.folder}/" if c.folder else "") for c in self.charts)

    def manifests(self) -> list[Manifest]:
        """The objects of all charts."""
        return [m for chart in self.charts for m in self._of(chart)]

    def _charts(self) -> Iterator[Chart]:
        folders: list[str] = []
        for path, text in self._snapshot.named("chart.yaml"):
            folder = posixpath.dirname(path)
            within = any(folder.startswith(f"{f}/charts/" if f else "charts/") for f in folders)
            data = _mapping(path, text)
            if posixpath.basename(path) == "Chart.yaml" and not within and "name" in data:
                folders.append(folder)
                values = posixpath.join(folder, "values.yaml")
                given = _mapping(values, self._snapshot.files.get(values, ""))
                yield Chart(folder, str(data["name"]), data, given)

    def _of(self, chart: Chart) -> list[Manifest]:
        if self._renderer is not None:
            try:
                rendered = self._renderer.render(chart.name, self._files(chart))
                return [
                    self._source(m, chart, SURE_OF_RENDERED)
                    for m in manifests_in(chart.path, rendered)
                ]
            except ToolError:
                pass  # a chart that needs what is not in the repository is still worth reading
        return list(self._read(chart))

    def _files(self, chart: Chart) -> dict[str, str]:
        start = f"{chart.folder}/" if chart.folder else ""
        return {
            path[len(start) :]: text
            for path, text in self._snapshot.files.items()
            if path.startswith(start)
        }

    def _source(self, manifest: Manifest, chart: Chart, confidence: float) -> Manifest:
        """A rendered object, pointed to the template that names its kind, or to the chart."""
        kind = re.compile(rf"^kind:\s*{manifest.kind}\s*$", re.M)
        path = next((p for p, t in self._templates[chart.folder] if kind.search(t)), chart.path)
        placed_there = placed(manifest._replace(overlay=chart.path))
        return placed_there._replace(path=path, line=1, confidence=confidence)

    def _read(self, chart: Chart) -> Iterator[Manifest]:
        for path, text in self._templates[chart.folder]:
            try:
                found = documents(path, unrendered(text, chart.name, chart.values))
            except NotYaml:
                continue
            for manifest in manifests_of(found):
                if UNKNOWN not in manifest.name:
                    made = manifest._replace(overlay=chart.path, confidence=SURE_OF_UNRENDERED)
                    yield placed(_without_unknown_namespace(made))


def _without_unknown_namespace(manifest: Manifest) -> Manifest:
    """A namespace that only the installation tells (``.Release.Namespace``) is none."""
    if UNKNOWN not in manifest.namespace:
        return manifest
    metadata = {k: v for k, v in manifest.item["metadata"].items() if k != "namespace"}
    return manifest._replace(item={**manifest.item, "metadata": metadata})


def unrendered(template: str, name: str, values: Json) -> str:
    """A template as YAML as far as it can be told without Helm, with as many lines as it has.

    Values are filled in from values.yaml, the chart's name stands for the release's; lines that only steer are emptied, so
    that both branches of an ``if`` are taken; all else becomes ``UNKNOWN``.
    """

    def fill(match: re.Match[str]) -> str:
        found = _evaluated(match[1].strip(_EDGES), name, values)
        return UNKNOWN if found is None else found

    lines = []
    for line in _EXPRESSION.sub(_flattened, template).split("\n"):
        if _ALONE.match(line):
            lines.append(_label_lines(line, name))
        else:
            lines.append(_EXPRESSION.sub(fill, line))
    return "\n".join(lines)


def _flattened(match: re.Match[str]) -> str:
    """An expression on several lines, on the first of them."""
    return "{{ " + " ".join(match[1].strip(_EDGES).split()) + " }}" + "\n" * match[0].count("\n")


def _label_lines(line: str, name: str) -> str:
    """A line that is one expression: labels by a helper become the usual ones, all else goes."""
    expression = _EXPRESSION.search(line)
    if expression is None or not _LABELS.match(expression[1].strip(_EDGES)):
        return ""
    indent = re.search(r"n?indent\s+(\d+)", expression[1])
    return " " * int(indent[1] if indent else 0) + f"app.kubernetes.io/name: {name}"


def _evaluated(expression: str, name: str, values: Json) -> str | None:
    head, *pipes = [p.strip() for p in expression.split("|")]
    if _CONTROL.match(head):
        return ""
    default = next((m[1] for p in pipes if (m := _DEFAULT.match(p))), None)
    quoted = any(p in ("quote", "squote") for p in pipes) or head.startswith("quote ")
    found = _known(head.removeprefix("quote ").strip("() "), name, values)
    if found is None:
        found = default.strip('"') if default is not None else None
    if found is None:
        return None
    text = str(found).lower() if isinstance(found, bool) else str(found)
    return f'"{text}"' if quoted and '"' not in text else text


def _known(head: str, name: str, values: Json) -> Any:
    if head in (".Release.Name", ".Chart.Name", "$.Release.Name") or _FULL_NAME.match(head):
        return name
    match = _VALUE.match(head.removeprefix("$"))
    if match is None:
        return head[1:-1] if len(head) > 1 and head[0] == head[-1] == '"' else None
    place: Any = values
    for part in match[1][1:].split("."):
        place = place.get(part) if isinstance(place, dict) else None
    return place if isinstance(place, str | int | float | bool) else None


def _mapping(path: str, text: str) -> Json:
    try:
        found = documents(path, text)
    except NotYaml:
        return {}
    return found[0].data if found and isinstance(found[0].data, dict) else {}

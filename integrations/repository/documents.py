"""YAML documents, read within bounds: no tags that build objects, no aliases that grow, no bottomless nesting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

MOST_DOCUMENTS = 1_000
_MOST_NODES = 100_000
"""Of one file, aliases counted as what they stand for."""
_DEEPEST = 60
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Document(NamedTuple):
    """One document of a file."""

    data: Any
    path: str
    line: int
    """Where it begins, from 1."""


class NotYaml(Exception):
    """It is no YAML, or more than will be read."""


def documents(path: str, text: str) -> list[Document]:
    """The documents of a file, empty ones left out.

    Raises:
        NotYaml: it cannot be read.
    """
    try:
        lines = _measured(text)
        loaded = list(yaml.load_all(text, Loader=_Loader))
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise NotYaml(str(error).splitlines()[0] if str(error) else "no YAML") from error
    pairs = zip(loaded, lines, strict=True)
    return [Document(data, path, line) for data, line in pairs if data is not None]


def line_of(text: str, words: str, start: int = 1) -> int:
    """The line, from ``start`` on, on which ``words`` stand first; ``start`` when nowhere."""
    lines = text.splitlines()
    found = (n for n in range(max(0, start - 1), len(lines)) if words in lines[n])
    return next(found, start - 1) + 1


class _Meter:
    """Counts nodes on the parser's events, before anything is built: an alias counts as much as what it repeats."""

    def __init__(self) -> None:
        self._anchors: dict[str, int] = {}
        self._open: list[tuple[str | None, int]] = []
        self._nodes = 0

    def see(self, event: yaml.Event) -> None:
        """Count one event.

        Raises:
            ValueError: it is too much.
        """
        if isinstance(event, yaml.DocumentStartEvent):
            self._anchors.clear()
        elif isinstance(event, yaml.ScalarEvent):
            self._count(1)
            if event.anchor:
                self._anchors[event.anchor] = 1
        elif isinstance(event, yaml.AliasEvent):
            # An alias to a node that is still open would hold itself.
            if event.anchor not in self._anchors:
                raise ValueError("an alias that stands for nothing, or for itself")
            self._count(self._anchors[event.anchor])
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._open.append((event.anchor, self._nodes))
            self._count(1)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            anchor, before = self._open.pop()
            if anchor:
                self._anchors[anchor] = self._nodes - before

    def _count(self, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > _MOST_NODES or len(self._open) > _DEEPEST:
            raise ValueError("too large or nested too deeply")


def _measured(text: str) -> list[int]:
    """The line of each document, once the whole is known to be small."""
    lines: list[int] = []
    meter = _Meter()
    for event in yaml.parse(text, Loader=_Loader):
        meter.see(event)
        if isinstance(event, yaml.DocumentStartEvent):
            lines.append(_first_line(event))
            if len(lines) > MOST_DOCUMENTS:
                raise ValueError("too many documents")
    return lines


def _first_line(event: yaml.Event) -> int:
    mark = event.start_mark
    line = mark.line + 1 if mark is not None else 1
    return line + 1 if getattr(event, "explicit", False) else line


def mappings(found: Iterator[Document] | list[Document]) -> Iterator[Document]:
    """The documents that are mappings; of a ``List`` its items."""
    for document in found:
        if not isinstance(document.data, dict):
            continue
        items = document.data.get("items")
        if str(document.data.get("kind", "")).endswith("List") and isinstance(items, list):
            for item in items:
                if isinstance(item, dict):
                    yield document._replace(data=item)
        else:
            yield document

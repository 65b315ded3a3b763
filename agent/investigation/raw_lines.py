"""A stored raw answer as lines that can be searched: each says by itself where it stands in the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

_ONE_LINE_CHARACTERS = 600
"""An object up to this length stays on one line."""
_CUT_OBJECTS = re.compile(r'(?<=[}"\]]), (?=[{"\[])')
_MILLISECONDS_FROM = 1e11
"""Unix times above it are milliseconds."""
_OLDEST, _LATEST = 9e8, 4.2e9
"""Unix seconds between which a number may be a time (1998 to 2103)."""


def lines_of(raw: str) -> list[str]:
    """The lines of an answer.

    JSON is written out: an element of a list, a small object or a value to a line, with its path before it, and points of
    series with their times. Text, and JSON that was cut off, is split where it can be.
    """
    try:
        data = json.loads(raw)
    except ValueError:
        parts = raw.splitlines() if "\n" in raw.strip() else _CUT_OBJECTS.split(raw)
        return [p for p in parts if p.strip()]
    return list(_lines("", data))


def _lines(path: str, node: Any) -> Iterator[str]:
    if isinstance(node, dict) and not _fits(node):
        for key, value in node.items():
            yield from _lines(f"{path}.{key}" if path else str(key), value)
    elif isinstance(node, list) and _is_point(node):
        yield f"{_labelled(path)}{_time(node[0])} {node[1]}"
    elif isinstance(node, list) and (not _fits(node) or _holds_lines(node)):
        for place, value in enumerate(node):
            yield from _lines(_element(path, place, value), value)
    else:
        text = node if isinstance(node, str) else json.dumps(node, ensure_ascii=False, default=str)
        yield from (f"{_labelled(path)}{line}" for line in text.splitlines() or [""])


def _element(path: str, place: int, value: Any) -> str:
    """The path of a list's element, by its name where it has one; a list of text or points needs none at the top."""
    if isinstance(value, dict):
        metadata = value.get("metadata")
        name = value.get("name") or (metadata.get("name") if isinstance(metadata, dict) else None)
        return f"{path}[{name or place}]"
    return path


def _labelled(path: str) -> str:
    return f"{path}: " if path else ""


def _fits(node: Any) -> bool:
    return len(json.dumps(node, ensure_ascii=False, default=str)) <= _ONE_LINE_CHARACTERS


def _holds_lines(node: list[Any]) -> bool:
    return any(isinstance(n, dict | list) or (isinstance(n, str) and " " in n) for n in node)


def _is_point(node: list[Any]) -> bool:
    return len(node) == 2 and _seconds(node[0]) is not None and not isinstance(node[1], list | dict)


def _seconds(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    seconds = value / 1000.0 if value > _MILLISECONDS_FROM else float(value)
    return seconds if _OLDEST < seconds < _LATEST else None


def _time(value: Any) -> str:
    moment = datetime.fromtimestamp(_seconds(value) or 0.0, UTC).replace(microsecond=0)
    return moment.isoformat().replace("+00:00", "Z")

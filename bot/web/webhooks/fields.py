"""Reading of payloads: whatever is not as documented is empty, never an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

Payload = Mapping[str, Any]
_MOST_LABELS = 100


def text(node: object, *path: str) -> str:
    """The text at a path; empty when there is none. Numbers count as text."""
    for name in path:
        node = node.get(name) if isinstance(node, Mapping) else None
    if isinstance(node, str):
        return node
    is_number = isinstance(node, int | float) and not isinstance(node, bool)
    return str(node) if is_number else ""


def mapping(node: object, *path: str) -> Payload:
    """The object at a path; empty when there is none."""
    for name in path:
        node = node.get(name) if isinstance(node, Mapping) else None
    return node if isinstance(node, Mapping) else {}


def objects(node: object) -> Sequence[Payload]:
    """The objects of a list."""
    return [n for n in node if isinstance(n, Mapping)] if isinstance(node, list) else []


def labels(node: object) -> dict[str, str]:
    """Labels as tags: names in lower case, values as text."""
    found = node if isinstance(node, Mapping) else {}
    some = islice(found.items(), _MOST_LABELS)
    return {str(name).lower()[:60]: text(value)[:200] for name, value in some}


def moment(said: str, default: datetime) -> datetime:
    """An ISO 8601 time, or seconds or milliseconds since the epoch; ``default`` when it is neither, or the zero time."""
    try:
        if said.replace(".", "", 1).isdecimal():
            seconds = float(said)
            found = datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
        else:
            found = datetime.fromisoformat(said)
    except (ValueError, OverflowError, OSError):
        return default
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    return found.astimezone(UTC) if 1971 < found.year < 9000 else default

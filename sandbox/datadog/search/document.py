"""What the search language looks at: a log, span or event reduced to searchable fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Document:
    """One record of the event platform.

    ``reserved`` are the fields with names of their own (service, status, host ...), ``tags`` are
    ``key:value`` strings, and ``attributes`` are nested and reached by ``@path.to.it``.
    """

    id: str
    at: datetime
    message: str
    reserved: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def values(self, facet: str) -> list[str | float]:
        """The values of ``facet``; empty where the document does not have it."""
        if facet.startswith("@"):
            return list(_leaves(_at_path(self.attributes, facet[1:])))
        if facet in self.reserved:
            return [self.reserved[facet]]
        prefix = f"{facet}:"
        return [tag[len(prefix) :] for tag in self.tags if tag.startswith(prefix)]


def _at_path(attributes: Any, path: str) -> Any:
    """The value at a dotted path, whose keys may hold dots themselves."""
    if not isinstance(attributes, Mapping):
        return None
    if path in attributes:
        return attributes[path]
    for position, character in enumerate(path):
        if character == "." and path[:position] in attributes:
            found = _at_path(attributes[path[:position]], path[position + 1 :])
            if found is not None:
                return found
    return None


def _leaves(value: Any) -> Iterator[str | float]:
    if isinstance(value, bool):
        yield str(value).lower()
    elif isinstance(value, str | int | float):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)

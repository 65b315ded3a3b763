"""Copies of JSON-like values."""

from __future__ import annotations

from typing import TypeVar, cast

T = TypeVar("T")


def clone(value: T) -> T:
    """A copy of nested dicts and lists.

    Unlike ``copy.deepcopy``, a dict that occurs in two places (a YAML anchor, say) becomes two
    dicts, so that a patch of one place leaves the other alone; it is several times faster, too.
    """
    if isinstance(value, dict):
        return cast(T, {key: clone(inner) for key, inner in value.items()})
    if isinstance(value, list):
        return cast(T, [clone(inner) for inner in value])
    return value

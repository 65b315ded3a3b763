"""What changed, in a clause."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from agent.model import Json
from agent.store.graph.rows import VOLATILE

_LONGEST = 120


def named(key: str) -> str:
    """An entity for people: ``service cart in production``."""
    namespace, kind, name = key.split("/", 2)
    where = f" in {namespace}" if namespace != "-" else ""
    return f"{kind.replace('_', ' ')} {name}{where}"


def differences(before: Json, after: Json) -> Iterator[tuple[str, str, str]]:
    """Name, old and new value of each property that is another now; those that change by themselves are left out."""
    for name in sorted({*before, *after} - VOLATILE):
        old, new = before.get(name), after.get(name)
        if old != new:
            yield from _within(name, old, new)


def became(key: str, name: str, before: str, after: str) -> str:
    """``replicas of cart: 3 -> 5``."""
    return f"{name.replace('_', ' ')} of {key.split('/', 2)[2]}: {before or 'none'} -> {after or 'none'}"


def _within(name: str, old: Any, new: Any) -> Iterator[tuple[str, str, str]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for part in sorted({*old, *new}):
            if old.get(part) != new.get(part):
                yield from _within(f"{name}.{part}", old.get(part), new.get(part))
    else:
        yield name, _said(old), _said(new)


def _said(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"

"""Whether a told failure mode is the true one: aliases of the catalogue, and words where there is no catalogue."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from evals.told import Told, dashed
from sandbox.world.scenario import Truth

_FILE = Path(__file__).with_name("kinds.yaml")


@cache
def _kinds() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return found


def right_modes(truth: Truth) -> frozenset[str]:
    """All ids under which the truth's kind may be told, dashed."""
    alias = _kinds().get(truth.kind) or {}
    return frozenset(map(dashed, (truth.kind, *truth.modes, *alias.get("modes", ()))))


def is_right_kind(told: Told, truth: Truth) -> bool:
    """Whether the mode is right; a reasoner that names none of the catalogue's is judged by its words."""
    if told.mode in right_modes(truth):
        return True
    if told.mode not in ("", "other"):
        return False
    words = truth.words or tuple((_kinds().get(truth.kind) or {}).get("words", ()))
    return bool(words) and says(told.explanation, words)


def says(text: str, words: Iterable[str]) -> bool:
    """Whether a text meets every group of ``words``; ``a|b`` is met by either."""
    lowered = text.lower()
    return all(any(way.strip().lower() in lowered for way in group.split("|")) for group in words)

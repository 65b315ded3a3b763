"""The word lists of ``words.yaml``."""

from __future__ import annotations

from importlib.resources import files

import yaml

_LISTS: dict[str, str] = yaml.safe_load(
    files(__package__).joinpath("words.yaml").read_text(encoding="utf-8")
)


def words(name: str) -> frozenset[str]:
    """The list of that name, such as ``stop_words``."""
    return frozenset(_LISTS[name].split())

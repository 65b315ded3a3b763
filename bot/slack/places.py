"""Environments and namespaces, as people and alerts name them in their words."""

from __future__ import annotations

import re

_PLACES = {
    "production": "production",
    "prod": "production",
    "staging": "staging",
    "stage": "staging",
    "development": "development",
    "dev": "development",
}
_WORD = re.compile(rf"(?<![\w-])({'|'.join(_PLACES)})(?![\w-])", re.IGNORECASE)


def environment_of(word: str) -> str:
    """The environment's whole name for a tag's value, such as production for prod; other values stay as they are."""
    return _PLACES.get(word.lower(), word)


def place_in(text: str) -> str:
    """The environment that a text names; empty when it names none, or several."""
    named = {_PLACES[word.lower()] for word in _WORD.findall(text)}
    return named.pop() if len(named) == 1 else ""

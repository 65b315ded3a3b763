"""What a number is called: in a sentence by the word beside it, in an answer by the key of its data."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.investigation.quantities import Quantity
from agent.investigation.words import words

BEFORE = re.compile(r"([a-z]{3,})(?:\s+(?:is|was|of|at|to|about|only|now|out))*:?\s+$")
_AFTER = re.compile(r"\s?([a-z]{3,})\b")
_KEY_WORDS = dict(pair.split("/") for pair in words("key_words"))
_TIMES = "times"
_COMPARED = re.compile(r"\s(?:its|the|as|more|higher|over|above|that|what|baseline|usual|normal)\b")
_STATISTICS = {
    key: re.compile(rf"\b(?:{'|'.join(sorted(words(f'{key}_words')))})")
    for key in ("mean", "minimum", "maximum")
}
"""What a series is summed up by besides its level, and how the words begin that tell that it is meant."""


def is_told(key: str, sentence: str) -> bool:
    """Whether a sentence (lower case) may mean a value of that key: a mean, a minimum or a maximum is called one, while
    any other value may go by no name at all."""
    wanted = _STATISTICS.get(key)
    return wanted is None or wanted.search(sentence) is not None


def statistic_beside(quantity: Quantity) -> str:
    """The mean, minimum or maximum that a line of an answer calls a number; empty if none of these."""
    return next((k for k in keys_beside(quantity) if k in _STATISTICS), "")


def keys_beside(quantity: Quantity) -> Iterator[str]:
    """What a sentence calls a number: by the word before it, or after."""
    if (before := BEFORE.search(quantity.before)) is not None:
        yield key_of(before[1])
    if quantity.text.lower().endswith(_TIMES):
        if _COMPARED.match(quantity.after) is None:
            yield key_of(_TIMES)
    elif (after := _AFTER.match(quantity.after)) is not None:
        yield key_of(after[1])


def key_of(word: str) -> str:
    """What a value is called, whichever of its words is used: ``max``, ``peaked`` and ``maximum`` are the same."""
    return _KEY_WORDS.get(word, word.removesuffix("s"))


def is_common_key(key: str) -> bool:
    """Whether values of that key are known by several words, and are the only ones that may be called so."""
    return key in _KEY_WORDS.values()

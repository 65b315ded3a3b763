"""Known names found in prose: whole words only, the longest name first."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_TOKEN = re.compile(r"[A-Za-z0-9](?:[\w./-]*[A-Za-z0-9_])?")
_SEPARATORS = re.compile(r"[\s_./-]+")
_MOST_WORDS = 6
_SHORTEST = 2


class Mention(NamedTuple):
    """A known name where a text speaks of it."""

    name: str
    """As it is known."""
    start: int
    end: int
    exact: bool
    """False: the text has its plural (``sessions`` for ``session``)."""


class Known:
    """A set of names to look for. ``redis-reco-backup`` is found as "Redis-Reco backup" too.

    Args:
        names: the names as they are known; where two differ only in case or separators, the first stays.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names: dict[str, str] = {}
        self._longest = 1
        for name in names:
            folded = _folded(name)
            if len(folded) >= _SHORTEST:
                self._names.setdefault(folded, name)
                self._longest = max(self._longest, folded.count("-") + 1)
        self._longest = min(self._longest, _MOST_WORDS)

    def __contains__(self, name: str) -> bool:
        return _folded(name) in self._names

    def called(self, text: str) -> str | None:
        """The name as it is known that ``text`` writes, or None."""
        return self._names.get(_folded(text))

    def mentions(self, text: str) -> list[Mention]:
        """The names in a text, in order, not overlapping."""
        tokens = list(_TOKEN.finditer(text))
        found: list[Mention] = []
        position = 0
        while position < len(tokens):
            mention, taken = self._at(text, tokens, position)
            if mention is not None:
                found.append(mention)
            position += taken
        return found

    def _at(
        self, text: str, tokens: list[re.Match[str]], position: int
    ) -> tuple[Mention | None, int]:
        start = tokens[position].start()
        for last in range(min(len(tokens), position + self._longest) - 1, position - 1, -1):
            end = tokens[last].end()
            if not _one_phrase(text, tokens[position : last + 1]):
                continue
            for folded, exact in _spellings(text[start:end]):
                if (name := self._names.get(folded)) is not None:
                    return Mention(name, start, end, exact), last - position + 1
        return None, 1


def _one_phrase(text: str, tokens: list[re.Match[str]]) -> bool:
    """Whether only blanks lie between the tokens: a name does not run across a comma."""
    return all(text[a.end() : b.start()].isspace() for a, b in itertools.pairwise(tokens))


def _spellings(text: str) -> Iterator[tuple[str, bool]]:
    folded = _folded(text)
    yield folded, True
    if folded.endswith("s") and len(folded) > 4:
        yield folded[:-1], False


def _folded(name: str) -> str:
    return _SEPARATORS.sub("-", name.strip().lower()).strip("-")

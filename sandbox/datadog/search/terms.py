"""The leaves of a search query: words in the text, and conditions on facets."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from sandbox.datadog.search.document import Document
from sandbox.datadog.wildcard import wildcard_pattern

_CASELESS_FACETS = {"status"}
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">": lambda held, bound: held > bound,
    ">=": lambda held, bound: held >= bound,
    "<": lambda held, bound: held < bound,
    "<=": lambda held, bound: held <= bound,
}


@dataclass(frozen=True)
class TextContains:
    """The message holds this word or phrase as whole words, whatever the case; ``*`` is any text."""

    text: str
    is_phrase: bool = False

    def matches(self, document: Document, /) -> bool:
        """Whether the message of ``document`` holds it."""
        return _words_pattern(self.text, self.is_phrase).search(document.message) is not None


@dataclass(frozen=True)
class FacetIs:
    """A facet has this value, which may hold wildcards unless it was quoted."""

    facet: str
    value: str
    is_phrase: bool = False

    @property
    def is_literal(self) -> bool:
        """Whether only this very value matches."""
        return self.is_phrase or not set("*?") & set(self.value)

    def matches(self, document: Document, /) -> bool:
        """Whether one of the facet's values is this one."""
        caseless = self.facet in _CASELESS_FACETS
        if self.is_phrase:
            wanted = self.value.lower() if caseless else self.value
            return any(
                (_as_text(held).lower() if caseless else _as_text(held)) == wanted
                for held in document.values(self.facet)
            )
        pattern = wildcard_pattern(self.value, ignore_case=caseless)
        return any(pattern.fullmatch(_as_text(held)) for held in document.values(self.facet))


@dataclass(frozen=True)
class FacetCompares:
    """A numeric facet stands in an order to a bound."""

    facet: str
    operator: str
    bound: float

    def matches(self, document: Document, /) -> bool:
        """Whether one of the facet's values is a number that compares so."""
        compare = _COMPARISONS[self.operator]
        numbers = [_as_number(held) for held in document.values(self.facet)]
        return any(number is not None and compare(number, self.bound) for number in numbers)


@lru_cache(maxsize=512)
def _words_pattern(text: str, is_phrase: bool) -> re.Pattern[str]:
    escaped = re.escape(text) if is_phrase else wildcard_pattern(text).pattern
    starts = r"(?<!\w)" if text[:1].isalnum() else ""
    ends = r"(?!\w)" if text[-1:].isalnum() else ""
    return re.compile(f"{starts}{escaped}{ends}", re.IGNORECASE | re.DOTALL)


def _as_text(value: str | float) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _as_number(value: str | float) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None

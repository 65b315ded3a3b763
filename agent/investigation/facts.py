"""Whether the numbers and times of one sentence are among the facts that may carry it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import permutations
from typing import NamedTuple

from agent.investigation.quantities import Quantity
from agent.investigation.records import Time
from agent.investigation.tokens import Day, Moment, Tokens
from agent.investigation.units import SECONDS, Meaning
from agent.investigation.values import Number, Values, is_quotient
from agent.investigation.words import words

_BEFORE = re.compile(r"([a-z]{3,})(?:\s+(?:is|was|of|at|to|about|only|now))*:?\s+$")
_AFTER = re.compile(r"\s?([a-z]{3,})\b")
_KEY_WORDS = dict(pair.split("/") for pair in words("key_words"))
_COUNTED_THING = re.compile(r"\s?(?:of\s+(?:the\s+)?\d+\s+)?([a-z]{3,})\b")
_STEM = 4
"""So many letters of a word are enough to know it in another form."""
_TIMES = "times"
_OVER_BASELINE = re.compile(r"(?:\s[a-z]+){0,3}\s(?:baseline|usual|normal)\b")
_COMPARED = re.compile(r"\s(?:its|the|as|more|higher|over|above|that|what|baseline|usual|normal)\b")
_DAY_MINUTES = 1440


class Part(NamedTuple):
    """What one source gives to a sentence."""

    values: Values
    ratios: Sequence[Number]
    """Quotients of values that belong together."""
    spans: Values
    """Spans between moments that belong together."""
    times: Sequence[Time]
    out: frozenset[int] = frozenset()
    """The records that the sentence is not about: their facts do not count."""
    only: Collection[int] | None = None
    """If given, facts count in these records alone."""
    unnamed: frozenset[int] = frozenset()
    """Records that bear names which the sentence does not have, though it has others': it tells of no span in them."""
    words: str | None = None
    """If given, the text in which a number without a unit has to stand with a word that is beside it in the sentence."""

    def counts(self, fact: Number | Time) -> bool:
        """Whether a fact may carry the sentence, by the records that it lies in."""
        if self.only is not None and not any(p in self.only for p in fact.path):
            return False
        return not self.out or self.out.isdisjoint(fact.path)

    def lasts(self, span: Number) -> bool:
        """The same of a span."""
        return self.unnamed.isdisjoint(span.path) and self.counts(span)


class Facts:
    """The numbers and times that a sentence may state.

    Args:
        parts: what its sources give.
        called: the numbers that it may state by what they are called, see ``key_of``.
    """

    def __init__(self, parts: Sequence[Part], called: Mapping[str, Values]) -> None:
        self._parts = parts
        self._called = called

    def lacking(self, tokens: Tokens) -> list[str]:
        """The numbers, times and days of the sentence that are not there and do not follow from those that are."""
        times = [t for p in self._parts for t in p.times if p.counts(t)]
        moments = [m for m in tokens.moments if any(_is_time(m, t) for t in times)]
        missing = [m.text for m in tokens.moments if m not in moments]
        missing += [d.text for d in tokens.days if not any(_is_day(d, t) for t in times)]
        known = [q for q in tokens.quantities if self._has(q)]
        lost = [q for q in tokens.quantities if q not in known]
        return missing + [q.text for q in lost if not _follows(q, known, moments)]

    def _has(self, quantity: Quantity) -> bool:
        meant = self._meant(quantity)
        parts = [Part(meant, (), Values(()), ())] if meant is not None else self._parts
        parts = [p for p in parts if p.words is None or _stands_in(p.words, quantity)]
        if any(p.counts(n) for p in parts for n in p.values.of_its_unit(quantity)):
            return True
        if meant is None and self._is_derived(quantity):
            return True
        # A number of no known unit is not free to be taken in this one where the same number is told in another.
        return any(
            p.counts(n) for p in parts for n in p.values.of_unclear_unit(quantity)
        ) and not any(True for p in self._parts for _ in p.values.of_other_unit(quantity))

    def _is_derived(self, quantity: Quantity) -> bool:
        if quantity.per_seconds is None and is_quotient(quantity, self._ratios(quantity)):
            return True
        spans = (n for p in self._parts for n in p.spans.of_its_unit(quantity) if p.lasts(n))
        return quantity.is_duration and any(True for _ in spans)

    def _ratios(self, quantity: Quantity) -> Iterator[float]:
        below = "baseline" if _OVER_BASELINE.match(quantity.after) else ""
        ratios = (r for p in self._parts for r in p.ratios if p.counts(r))
        return (r.value for r in ratios if not below or r.key == below)

    def _meant(self, quantity: Quantity) -> Values | None:
        """What a quantity can only be: where the sentence calls it something (``baseline 6``, ``3 restarts``), one of the
        values that are called so; None where it does not, or where no such value is known."""
        for key in keys_beside(quantity):
            values = self._called.get(key)
            if values is not None and values.may_be(quantity):
                return values
        return None


def _stands_in(text: str, quantity: Quantity) -> bool:
    """Whether a text may speak of what is counted: it has a word that is beside the number."""
    beside = (_BEFORE.search(quantity.before), _COUNTED_THING.match(quantity.after))
    stems = [w[1][:_STEM] for w in beside if w is not None]
    return bool(quantity.meanings) or not stems or any(s in text for s in stems)


def keys_beside(quantity: Quantity) -> Iterator[str]:
    """What a sentence calls a number: by the word before it, or after."""
    if (before := _BEFORE.search(quantity.before)) is not None:
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


def _follows(quantity: Quantity, known: Sequence[Quantity], moments: Sequence[Moment]) -> bool:
    """Whether a number follows from what the sentence itself says: a share, a multiple, a growth, a span."""
    if quantity.is_relative:
        units = [q.meanings[0].factor if q.meanings else 1.0 for q in known]
        values = [q.value * u for q, u in zip(known, units, strict=True) if not q.is_relative]
        ratios = [a / b for a, b in permutations(values, 2) if b and a != b]
        if is_quotient(quantity, ratios):
            return True
    if not quantity.is_duration:
        return False
    minutes = [m.hour * 60 + m.minute for m in moments]
    spans = [(b - a) % _DAY_MINUTES * 60.0 for a, b in permutations(minutes, 2)]
    stored = Values(Number(s, (), Meaning(SECONDS, 1.0)) for s in spans)
    return any(True for _ in stored.of_its_unit(quantity))


def _is_time(moment: Moment, stored: Time) -> bool:
    if moment.date and stored.date and not _same_day(moment.date, stored.date):
        return False
    said, known = moment.hour * 60 + moment.minute, stored.hour * 60 + stored.minute
    if moment.second is not None and stored.second is not None:
        return (said, moment.second) == (known, stored.second)
    rounds_up = stored.second is not None and stored.second >= 30
    return said == known or (rounds_up and said == (known + 1) % _DAY_MINUTES)


def _same_day(one: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    return one[1:] == other[1:] and (not one[0] or not other[0] or one[0] == other[0])


def _is_day(day: Day, stored: Time) -> bool:
    return stored.date is not None and stored.date[1:] == (day.month, day.day)

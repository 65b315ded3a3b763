"""Whether the numbers and times of one sentence are among the facts that may carry it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import permutations
from typing import NamedTuple

from agent.investigation.keys import BEFORE, is_told, keys_beside
from agent.investigation.quantities import Quantity
from agent.investigation.records import Time
from agent.investigation.tokens import Day, Moment, Tokens
from agent.investigation.units import BYTES, COUNT, SECONDS, Meaning
from agent.investigation.values import Number, Values, is_quotient
from agent.investigation.words import words

_COUNTED_THING = re.compile(r"\s?(?:of\s+(?:the\s+)?\d+\s+)?([a-z]{3,})\b")
_STEM = 4
"""So many letters of a word are enough to know it in another form."""
_OVER_BASELINE = re.compile(r"(?:\s[a-z]+){0,3}\s(?:baseline|usual|normal)\b")
_DAY_MINUTES = 1440
_COUNTABLE = words("countable")
_READINGS = 2
"""A GB is 1000 or 1024 MB: in one sentence it is one of them."""


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

    lesser: frozenset[int] = frozenset()
    """Records in whose place one that the sentence names more closely speaks."""
    closer: frozenset[str] = frozenset()
    """What the values of that one are called."""

    def counts(self, fact: Number | Time) -> bool:
        """Whether a fact may carry the sentence, by the records that it lies in."""
        if self.only is not None and not any(p in self.only for p in fact.path):
            return False
        return not self.out or self.out.isdisjoint(fact.path)

    def is_lesser(self, number: Number) -> bool:
        """Whether a closer record has its own value of what this number is."""
        return number.key in self.closer and not self.lesser.isdisjoint(number.path)

    def lasts(self, span: Number) -> bool:
        """The same of a span."""
        return self.unnamed.isdisjoint(span.path) and self.counts(span)


class Facts:
    """The numbers and times that a sentence may state.

    Args:
        sentence: lower case.
        parts: what its sources give.
        called: the numbers that it may state by what they are called, see ``key_of``.
    """

    def __init__(self, sentence: str, parts: Sequence[Part], called: Mapping[str, Values]) -> None:
        self._sentence = sentence
        self._parts = parts
        self._called = called

    def lacking(self, tokens: Tokens) -> list[str]:
        """The numbers, times and days of the sentence that are not there and do not follow from those that are."""
        times = [t for p in self._parts for t in p.times if p.counts(t)]
        moments = [m for m in tokens.moments if _is_among(m, times)]
        missing = [m.text for m in tokens.moments if m not in moments]
        missing += [d.text for d in tokens.days if not any(_is_day(d, t) for t in times)]
        readings = [self._lost(some, moments) for some in _readings(tokens.quantities)]
        return missing + min(readings, key=len)

    def _lost(self, quantities: Sequence[Quantity], moments: Sequence[Moment]) -> list[str]:
        """Those that are not there and do not follow."""
        measures = Counter(_measure(q) for q in quantities)
        known = [q for q in quantities if self._has(q, measures)]
        lost = [q for q in quantities if q not in known]
        return [q.text for q in lost if not _follows(q, known, moments)]

    def _has(self, quantity: Quantity, measures: Mapping[str, int]) -> bool:
        meant = self._meant(quantity)
        parts = [Part(meant, (), Values(()), ())] if meant is not None else self._parts
        parts = [p for p in parts if p.words is None or _stands_in(p.words, quantity)]

        def states(part: Part, number: Number) -> bool:
            return (
                part.counts(number)
                and is_told(number.key, self._sentence)
                and not _is_measured(number, quantity, measures)
                and not (measures[_measure(quantity)] == 1 and part.is_lesser(number))
            )

        if any(states(p, n) for p in parts for n in p.values.of_its_unit(quantity)):
            return True
        if meant is None and self._is_derived(quantity):
            return True
        # A number of no known unit is not free to be taken in this one where the same number is told in another.
        return (
            not quantity.is_multiple
            and any(states(p, n) for p in parts for n in p.values.of_unclear_unit(quantity))
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
    beside = (BEFORE.search(quantity.before), _COUNTED_THING.match(quantity.after))
    stems = [w[1][:_STEM] for w in beside if w is not None]
    return bool(quantity.meanings) or not stems or any(s in text for s in stems)


def _follows(quantity: Quantity, known: Sequence[Quantity], moments: Sequence[Moment]) -> bool:
    """Whether a number follows from what the sentence itself says: a share, a multiple, a growth, a span."""
    if quantity.is_relative:
        values = [
            (_measure(q), q.value * (q.meanings[0].factor if q.meanings else 1.0))
            for q in known
            if not q.is_relative
        ]
        ratios = [
            a / b
            for (one, a), (other, b) in permutations(values, 2)
            if one == other and a and b and a != b
        ]
        if is_quotient(quantity, ratios):
            return True
    if not quantity.is_duration:
        return False
    minutes = [m.hour * 60 + m.minute for m in moments]
    spans = [(b - a) % _DAY_MINUTES * 60.0 for a, b in permutations(minutes, 2)]
    stored = Values(Number(s, (), Meaning(SECONDS, 1.0)) for s in spans)
    return any(True for _ in stored.of_its_unit(quantity))


def _measure(quantity: Quantity) -> str:
    """What a number measures, as far as its unit tells."""
    return quantity.meanings[0].dimension if quantity.meanings else ""


def _is_measured(number: Number, quantity: Quantity, measures: Mapping[str, int]) -> bool:
    """Whether a number is of a unit that what is written cannot do without: what is counted is no size or time, and a whole
    number without a unit is none that is measured in fractions, unless the unit stands elsewhere in the sentence."""
    if not quantity.is_whole or number.unit is None:
        return False
    thing = _COUNTED_THING.match(quantity.after)
    if thing is not None and thing[1] in _COUNTABLE:
        return number.unit.dimension != COUNT
    return number.value != quantity.value and number.unit.dimension not in measures


def _readings(quantities: Sequence[Quantity]) -> list[Sequence[Quantity]]:
    """The quantities with a unit that may be two sizes taken as the one and as the other throughout; a round number of
    them (a limit of 24 GB) is often written loosely, and free."""
    twofold = [_is_twofold(q) for q in quantities]
    if sum(twofold) < _READINGS:
        return [quantities]
    return [
        [
            q._replace(meanings=q.meanings[i : i + 1]) if two else q
            for q, two in zip(quantities, twofold, strict=True)
        ]
        for i in range(_READINGS)
    ]


def _is_twofold(quantity: Quantity) -> bool:
    dimensions = [m.dimension for m in quantity.meanings]
    return dimensions == [BYTES] * _READINGS and not quantity.is_round


def _is_among(moment: Moment, times: Sequence[Time]) -> bool:
    """Whether a time is one of these, as exactly as any of that minute is known."""
    same = [t for t in times if _is_time(moment, t)]
    if moment.second is None or any(t.second is not None for t in same):
        return bool(same)
    minute = (moment.hour, moment.minute)
    return bool(same) and not any(
        t.second is not None and (t.hour, t.minute) == minute for t in times
    )


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

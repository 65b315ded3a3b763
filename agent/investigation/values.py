"""Stored numbers, found by value: whatever the unit and the rounding in which a sentence writes them."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from agent.investigation.quantities import Quantity
from agent.investigation.units import COUNT, COUNTED, RATIO, Meaning

Path = tuple[int, ...]
"""The records that a fact lies in, the outermost first."""
_SLACK = 1e-12
_CHANGE = re.compile(
    r"\s(?:(?P<up>above|more|higher|greater|over\s(?:the\s|its\s)?(?:baseline|usual|normal))"
    r"|(?P<down>below|less|lower|fewer)|of\s|as\s(?:much|many|high|large))"
)


class Number(NamedTuple):
    """A value as it is stored."""

    value: float
    path: Path
    unit: Meaning | None = None
    """None: not known."""
    per_seconds: float | None = None
    """What it is a rate over, where that is known."""
    key: str = ""
    """What the answer's data call it; empty in text."""


class Values:
    """Numbers in order."""

    def __init__(self, numbers: Iterable[Number]) -> None:
        self._numbers = tuple(numbers)

    def __iter__(self) -> Iterator[Number]:
        return iter(self._numbers)

    @cached_property
    def _written(self) -> _Sorted:
        return _Sorted((n.value, n) for n in self._numbers)

    @cached_property
    def _unclear(self) -> _Sorted:
        return _Sorted((n.value, n) for n in self._numbers if n.unit is None)

    @cached_property
    def _by_dimension(self) -> dict[str, _Sorted]:
        found: dict[str, list[tuple[float, Number]]] = defaultdict(list)
        for number in self._numbers:
            if number.unit is not None:
                base = number.value * number.unit.factor
                found[number.unit.dimension].append((base, number))
        return {dimension: _Sorted(some) for dimension, some in found.items()}

    def of_its_unit(self, quantity: Quantity) -> Iterator[Number]:
        """The numbers that a written one states; those whose unit is known must be of its unit."""
        if not quantity.meanings:
            yield from self._of(quantity, self._written, 1.0)
        for meaning in quantity.meanings:
            if meaning.dimension in self._by_dimension:
                yield from self._of(quantity, self._by_dimension[meaning.dimension], meaning.factor)

    def may_be(self, quantity: Quantity) -> bool:
        """Whether there is one that could be of the unit of what is written."""
        dimensions = {m.dimension for m in quantity.meanings}
        if not dimensions or dimensions == {COUNT}:
            return bool(self._numbers)
        return any(
            n.unit.dimension in dimensions if n.unit else RATIO not in dimensions
            for n in self._numbers
        )

    def of_unclear_unit(self, quantity: Quantity) -> Iterator[Number]:
        """The numbers of no known unit that a written one with a unit may state."""
        for meaning in quantity.meanings:
            for factor in meaning.raw_factors:
                yield from self._of(quantity, self._unclear, factor)

    def of_other_unit(self, quantity: Quantity) -> Iterator[Number]:
        """The numbers that are written the same, but in a unit that is known to be another."""
        for number in self._of(quantity, self._written, 1.0):
            if number.unit is not None and number.unit not in quantity.meanings:
                yield number

    def _of(self, quantity: Quantity, some: _Sorted, factor: float) -> Iterator[Number]:
        for number in some.between(*bounds(quantity, factor)):
            if _is_as_fast(quantity, number):
                yield number


def _is_as_fast(quantity: Quantity, number: Number) -> bool:
    """Whether what a number is a rate over is not told otherwise; a growth by a share is always told with it."""
    if quantity.per_seconds is None:
        is_growth = number.unit is not None and number.unit.dimension == RATIO
        return number.per_seconds is None or not is_growth
    return number.per_seconds in (None, quantity.per_seconds)


class _Sorted:
    def __init__(self, pairs: Iterable[tuple[float, Number]]) -> None:
        self._pairs = sorted(pairs, key=lambda pair: pair[0])
        self._places = [place for place, _ in self._pairs]

    def between(self, low: float, high: float) -> Iterator[Number]:
        start, end = bisect_left(self._places, low), bisect_right(self._places, high)
        return (number for _, number in self._pairs[start:end])


def numbers_of(quantity: Quantity, path: Path, unit: Meaning | None = None) -> list[Number]:
    """What a written number may be, one for each way to take its unit; ``unit``: the one it is in if it has none."""
    value, per_seconds = abs(quantity.value), quantity.per_seconds
    return [
        Number(value * m.factor, path, COUNTED, per_seconds)
        if m is not None and m.dimension == COUNT
        else Number(value, path, m, per_seconds)
        for m in quantity.meanings or (unit,)
    ]


def is_quotient(quantity: Quantity, ratios: Iterable[float]) -> bool:
    """Whether a percentage or a multiple is one of the ratios, or a percentage the change that one of them is; which of
    these is meant counts where the words after it tell."""
    way = _change(quantity.after)
    for meaning in quantity.meanings:
        if meaning.dimension != RATIO:
            continue
        low, high = bounds(quantity, meaning.factor)
        for ratio in ratios:
            said = _percentages(ratio, way) if meaning.factor < 1.0 else (ratio,)
            if any(low <= value <= high for value in said):
                return True
    return False


def _percentages(ratio: float, way: int | None) -> tuple[float, ...]:
    """The percentages, as shares of 1, that tell of a ratio: itself, or the change that it is."""
    if way is None:
        return ratio, abs(ratio - 1.0)
    return (way * (ratio - 1.0),) if way else (ratio,)


def _change(after: str) -> int | None:
    """Which way a percentage tells of a change, by what stands after it: up (1), down (-1), of none (0), not told (None)."""
    found = _CHANGE.match(after)
    return None if found is None else 1 if found["up"] else -1 if found["down"] else 0


def bounds(quantity: Quantity, factor: float) -> tuple[float, float]:
    """Between what the true value lies, by the digits that are shown; ``factor``: what one of its unit is."""
    low = (quantity.value - quantity.half_step) * factor
    high = (quantity.value + quantity.half_step) * factor
    slack = _SLACK * max(abs(low), abs(high))
    return low - slack, high + slack

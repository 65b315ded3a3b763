"""An answer taken apart for grounding: its numbers and times, each with the named things that it is said of.

A number that stands in the record of one pod carries no sentence on another pod: so each fact knows the records it lies in,
and each record the names that tell it from its siblings. A number whose unit the answer tells is of that unit.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import combinations
from typing import Any, NamedTuple

from agent.investigation.keys import statistic_beside
from agent.investigation.names import is_named, names_of, tags_of
from agent.investigation.tokens import Moment, Tokens, tokens_of
from agent.investigation.units import COUNTED, SECONDS, Meaning, unit_of, unit_of_key
from agent.investigation.values import Number, Path, Values, numbers_of
from agent.investigation.words import words
from agent.model import Step

_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?")
_PAIRS = tuple(tuple(pair.split("/")) for pair in sorted(words("ratio_pairs")))
_COUNT_KEYS = words("count_keys")
_PERCENTILE = re.compile(r"p(\d\d)(?:_|$)")
_NO_FACT = re.compile(r"\(?r2 [\d.]+|(?:[\d*,/-]+ ){4}[\d*,/-]+")
"""The fit of a trend and the fields of a schedule: no numbers that people tell."""
_LINE_UNIT = re.compile(r"\[([a-z]+)\]")
_DIGIT = re.compile(r"\d")
_SPECIFIC = re.compile(r"[-._/:\d]")
_SECOND = Meaning(SECONDS, 1.0)
_LONGEST_TEXT = 400
_MOST_TIMES = 6
"""Of so many times in one object, the spans between them are known."""


class Time(NamedTuple):
    """A moment; seconds and date where they are known."""

    hour: int
    minute: int
    second: int | None
    date: tuple[int, int, int] | None
    path: Path


class Record(NamedTuple):
    """One of several of its kind."""

    group: int
    names: frozenset[str]
    """What tells it from the others of its group, lower case."""
    tags: frozenset[str] = frozenset()
    """Those of them that only tag it: many things may bear one."""

    def is_told_by(self, name: str) -> bool:
        """Whether a name says by itself that a sentence is about this record; a tag of a plain word may not mean it."""
        return name not in self.tags or _SPECIFIC.search(name) is not None


class Answer:
    """What one step's answer holds."""

    def __init__(self, step: Step) -> None:
        self.numbers: list[Number] = []
        self.ratios: list[Number] = []
        """Quotients of values that are set against each other."""
        self.spans: list[Number] = []
        """Between moments that belong together, and from them until they were read; seconds."""
        self.called: list[Number] = []
        """The numbers that the data call something."""
        self.times: list[Time] = [_time(step.started_at.astimezone(UTC), ())]
        self.records: list[Record] = []
        self._read_at = step.started_at.astimezone(UTC)
        self._groups = 0
        self._plain: set[str] = set()
        self._walk(step.check.arguments, (), "", None)
        if (reading := step.reading) is not None:
            self._walk(reading.data, (), "", None)
            self._lines(reading.observation.splitlines())

    @cached_property
    def values(self) -> Values:
        """The numbers, to be found."""
        return Values(self.numbers)

    @cached_property
    def lapses(self) -> Values:
        """The spans, to be found."""
        return Values(self.spans)

    def named(self, sentence: str) -> dict[int, int]:
        """The records whose names a sentence (lower case) has, with how many of them: of a group those with the most, as it
        is about the call from cart to redis and not about all calls of cart."""
        known = {name for r in self.records for name in r.names}
        said = {name for name in known if name in sentence and is_named(name, sentence)}
        told = {
            p: said & r.names for p, r in enumerate(self.records) if not said.isdisjoint(r.names)
        }
        return {
            place: len(names)
            for place, names in told.items()
            if not any(
                names < others and self.records[place].group == self.records[other].group
                for other, others in told.items()
            )
        }

    def overruled(
        self, clauses: Sequence[str], named: Mapping[int, int]
    ) -> tuple[frozenset[int], frozenset[str]]:
        """The named records in whose place another speaks, and what its values are called.

        A clause with both names of a call is about the call, not about what either of them does by itself.
        """
        said = {p: [_said(c, self.records[p]) for c in clauses] for p in named}
        whole = {p: frozenset().union(*parts) for p, parts in said.items()}
        close = {p for p, parts in said.items() if len(whole[p]) > 1 and whole[p] in parts}
        lesser = frozenset(p for p in named if any(whole[p] < whole[other] for other in close))
        if not lesser:
            return lesser, frozenset()
        keys = frozenset(n.key for n in self.numbers if not close.isdisjoint(n.path))
        return lesser, keys | {""}

    def out_of_place(self, sentence: str, named: Collection[int]) -> frozenset[int]:
        """The records that a sentence (lower case) is not about: it names others of their group, and not them."""
        speaks_of = {
            self.records[place].group
            for place in named
            if any(
                self.records[place].is_told_by(n) and is_named(n, sentence)
                for n in self.records[place].names
            )
        }
        return frozenset(
            place
            for place, r in enumerate(self.records)
            if r.group in speaks_of and r.names and place not in named
        )

    def _walk(self, node: Any, path: Path, key: str, unit: Meaning | None) -> None:
        if isinstance(node, bool) or node is None:
            return
        if isinstance(node, int | float):
            own, per_seconds = unit_of_key(key)
            if (percentile := _PERCENTILE.match(key)) is not None:
                self.numbers.append(Number(float(percentile[1]), path, COUNTED, key="percentile"))
                self.called.append(self.numbers[-1])
            meant = own or (COUNTED if key in _COUNT_KEYS else unit)
            number = Number(abs(float(node)), path, meant, per_seconds, key)
            self.numbers.append(number)
            self.called += [number] if key else []
        elif isinstance(node, dict):
            self._object(node, path, unit)
        elif isinstance(node, list | tuple):
            self.numbers.append(Number(float(len(node)), path, COUNTED))
            self._list(node, path, key, unit)
        else:
            self._text(str(node), path)

    def _object(self, node: dict[str, Any], path: Path, unit: Meaning | None) -> None:
        for above, below in _PAIRS:
            one, other = node.get(above), node.get(below)
            if _is_number(one) and _is_number(other) and other:
                self.ratios.append(Number(abs(one / other), path, key=below))
        unit = unit_of(str(node.get("unit") or "")) or unit
        self._add_times([v for v in map(_moment, node.values()) if v is not None], path)
        for name, value in node.items():
            self._walk(value, path, str(name), unit)

    def _list(self, node: Sequence[Any], path: Path, key: str, unit: Meaning | None) -> None:
        named = [names_of(n) if isinstance(n, dict) else frozenset[str]() for n in node]
        tags = [
            tags_of(n) - names if isinstance(n, dict) else names
            for n, names in zip(node, named, strict=True)
        ]
        self._plain |= {n for names in named for n in names}
        places = self._open(named, tags)
        for value, place in zip(node, places, strict=True):
            self._walk(value, (*path, place), key, unit)

    def _open(self, named: Sequence[frozenset[str]], tags: Sequence[frozenset[str]] = ()) -> range:
        """A record for each, with the names that not all of them have."""
        self._groups += 1
        tagged = tags or [frozenset[str]() for _ in named]
        whole = [names | more for names, more in zip(named, tagged, strict=True)]
        counts = Counter(name for names in whole for name in names)
        first = len(self.records)
        self.records += [
            Record(self._groups, frozenset(n for n in names if counts[n] < len(whole)), more)
            for names, more in zip(whole, tagged, strict=True)
        ]
        return range(first, len(self.records))

    def _lines(self, lines: Sequence[str]) -> None:
        """Lines of the same kind are records, such as those that each tell of a pod."""
        kinds: dict[str, list[str]] = {}
        for line in lines:
            kinds.setdefault(self._kind_of(line), []).append(line)
        for some in kinds.values():
            tokens = [_tokens(line) for line in some]
            named = [self._names(*pair) for pair in zip(some, tokens, strict=True)]
            for line, found, place in zip(some, tokens, self._open(named), strict=True):
                self._line(line, found, (place,))

    def _kind_of(self, line: str) -> str:
        """By what a line begins with: a time, a name, or a word such as ``pod``."""
        if "{" in line[:80]:
            return "series"
        first = line.partition(" ")[0].rstrip(":").lower()
        if first[:1].isdigit():
            return "time"
        return "name" if first in self._plain else first

    def _names(self, line: str, tokens: Tokens) -> frozenset[str]:
        low = line.lower()
        plain = {n for n in self._plain if n in low and is_named(n, low)}
        return frozenset(plain | {n.lower() for n in tokens.names})

    def _text(self, text: str, path: Path) -> None:
        if len(text) < _LONGEST_TEXT and _DIGIT.search(text) and _moment(text) is None:
            self._line(text, _tokens(text), path)

    def _line(self, line: str, tokens: Tokens, path: Path) -> None:
        moments = (_moment(m) for m in _ISO.findall(line))
        self._add_times([m for m in moments if m is not None], path)
        match = _LINE_UNIT.search(line)
        unit = unit_of(match[1]) if match else None
        for quantity in tokens.quantities:
            key = statistic_beside(quantity)
            self.numbers += [n._replace(key=key) for n in numbers_of(quantity, path, unit)]
        self.times += times_of(tokens.moments, path)

    def _add_times(self, moments: Sequence[datetime], path: Path) -> None:
        self.times += [_time(at, path) for at in moments]
        pairs = combinations((self._read_at, *moments[:_MOST_TIMES]), 2)
        self.spans += [
            Number(s, path, _SECOND) for one, other in pairs for s in _spans(other - one)
        ]


def _time(at: datetime, path: Path) -> Time:
    return Time(at.hour, at.minute, at.second, (at.year, at.month, at.day), path)


def _said(clause: str, record: Record) -> frozenset[str]:
    return frozenset(n for n in record.names if n in clause and is_named(n, clause))


def times_of(moments: Sequence[Moment], path: Path) -> list[Time]:
    """The times that were written."""
    return [Time(m.hour, m.minute, m.second, m.date, path) for m in moments]


def _tokens(text: str) -> Tokens:
    return tokens_of(_NO_FACT.sub(" ", _ISO.sub(" ", text)), in_quotes=True)


def _spans(between: timedelta) -> tuple[float, ...]:
    """A span, and the same as people cut it off: to whole minutes, to whole days."""
    seconds = abs(between.total_seconds())
    return (seconds, *(seconds // unit * unit for unit in (60, 86400) if seconds >= unit))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _moment(text: Any) -> datetime | None:
    if not isinstance(text, str) or not _ISO.fullmatch(text):
        return None
    try:
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)

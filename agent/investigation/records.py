"""An answer taken apart for grounding: its numbers and times, each with the named things that it is said of.

A number that stands in the record of one pod carries no sentence on another pod: so each fact knows the records it lies in,
and each record the names that tell it from its siblings.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from agent.investigation.tokens import Moment, moments_in, tokens_of
from agent.investigation.words import words
from agent.model import Step

_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?")
_IDENTITY_KEYS = words("identity_keys")
_PAIRS = tuple(tuple(pair.split("/")) for pair in sorted(words("ratio_pairs")))
_SPECIFIC = re.compile(r"[-._/:\d]")
_LINE_KIND = re.compile(r"[a-z]+|[\d<]|\S", re.IGNORECASE)
_LONGEST_TEXT, _LONGEST_NAME = 400, 120
Path = tuple[int, ...]
"""The records that a fact lies in, the outermost first."""


class Number(NamedTuple):
    """A value, or the quotient of two that are set against each other."""

    value: float
    path: Path
    key: str = ""
    """What the answer's data call it; empty in text."""


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


class Answer:
    """What one step's answer holds."""

    def __init__(self, step: Step) -> None:
        self.numbers: list[Number] = []
        self.ratios: list[Number] = []
        self.times: list[Time] = []
        self.records: list[Record] = []
        self._groups = 0
        self._plain: set[str] = set()
        self._add_time(step.started_at, ())
        self._walk(step.check.arguments, (), "")
        if (reading := step.reading) is not None:
            self._walk(reading.data, (), "")
            self._lines(reading.observation.splitlines())

    def named(self, sentence: str) -> frozenset[int]:
        """The records whose names a sentence has."""
        said = sentence.lower()
        known = {name: is_named(name, said) for r in self.records for name in r.names}
        return frozenset(
            place for place, r in enumerate(self.records) if any(known[n] for n in r.names)
        )

    def out_of_place(self, sentence: str) -> frozenset[int]:
        """The records that a sentence is not about: it names others of their group, and not them."""
        said, named = sentence.lower(), self.named(sentence)
        speaks_of = {
            self.records[place].group
            for place in named
            if any(
                _tells(n, self.records[place]) and is_named(n, said)
                for n in self.records[place].names
            )
        }
        return frozenset(
            place
            for place, r in enumerate(self.records)
            if r.group in speaks_of and r.names and place not in named
        )

    def _walk(self, node: Any, path: Path, key: str) -> None:
        if isinstance(node, bool) or node is None:
            return
        if isinstance(node, int | float):
            self.numbers.append(Number(abs(float(node)), path, key))
        elif isinstance(node, dict):
            self._ratios_of(node, path)
            for name, value in node.items():
                self._walk(value, path, str(name))
        elif isinstance(node, list | tuple):
            self.numbers.append(Number(float(len(node)), path))
            self._list(node, path, key)
        else:
            self._text(str(node), path)

    def _list(self, node: Sequence[Any], path: Path, key: str) -> None:
        named = [_identities(n) if isinstance(n, dict) else frozenset[str]() for n in node]
        tags = [
            _tags(n) - names if isinstance(n, dict) else names
            for n, names in zip(node, named, strict=True)
        ]
        self._plain |= {n for names in named for n in names}
        places = self._open(named, tags)
        for value, place in zip(node, places, strict=True):
            self._walk(value, (*path, place), key)

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

    def _ratios_of(self, node: dict[str, Any], path: Path) -> None:
        for above, below in _PAIRS:
            one, other = node.get(above), node.get(below)
            if _is_number(one) and _is_number(other) and other:
                self.ratios.append(Number(abs(one / other), path))

    def _text(self, text: str, path: Path) -> None:
        for match in _ISO.findall(text[:_LONGEST_TEXT]):
            if (at := _moment(match)) is not None:
                self._add_time(at, path)
        if len(text) < _LONGEST_TEXT:
            self._tokens(_ISO.sub(" ", text), path)

    def _lines(self, lines: Sequence[str]) -> None:
        kinds: dict[str, list[str]] = {}
        for line in lines:
            start = _LINE_KIND.match(line)
            kind = "time" if start and start[0].isdigit() else start[0] if start else ""
            kinds.setdefault("series" if "{" in line[:80] else kind, []).append(line)
        for some in kinds.values():
            for line, place in zip(some, self._open([self._names(x) for x in some]), strict=True):
                self._long_text(line, (place,))

    def _names(self, line: str) -> frozenset[str]:
        low = line.lower()
        found = {n.lower() for n in tokens_of(line, in_quotes=True).names}
        return frozenset(found | {n for n in self._plain if is_named(n, low)})

    def _long_text(self, line: str, path: Path) -> None:
        for match in _ISO.findall(line):
            if (at := _moment(match)) is not None:
                self._add_time(at, path)
        self._tokens(_ISO.sub(" ", line), path)

    def _tokens(self, text: str, path: Path) -> None:
        tokens = tokens_of(text, in_quotes=True)
        for quantity in tokens.quantities:
            scales = dict.fromkeys((1.0, *quantity.scales))
            self.numbers += [Number(abs(quantity.value) * scale, path) for scale in scales]
        self.times += [Time(m.hour, m.minute, m.second, m.date, path) for m in tokens.moments]

    def _add_time(self, at: datetime, path: Path) -> None:
        at = at.astimezone(UTC)
        date = (at.year, at.month, at.day)
        self.times.append(Time(at.hour, at.minute, at.second, date, path))


def facts_of(text: str) -> tuple[list[float], list[Moment]]:
    """The values, in all units that they may be in, and the times of a sentence that counts as evidence itself."""
    clean = _ISO.sub(" ", text)
    values = [
        abs(q.value) * scale
        for q in tokens_of(clean, in_quotes=True).quantities
        for scale in dict.fromkeys((1.0, *q.scales))
    ]
    return values, list(moments_in(text))


def is_named(name: str, text: str) -> bool:
    """Whether a text has this very name, not a longer one that holds it."""
    start = text.find(name)
    while start >= 0:
        before, after = text[start - 1 : start], text[start + len(name) : start + len(name) + 2]
        glued = after[:1].isalnum() or after[:1] in ("-", "_")
        dotted = after[:1] == "." and after[1:2].isalnum()
        if not (before.isalnum() or (before in ("-", "_", ".") and before)) and not (
            glued or dotted
        ):
            return True
        start = text.find(name, start + 1)
    return False


def _tells(name: str, record: Record) -> bool:
    """Whether a name says by itself that a sentence is about this record: a tag of one plain word may be meant otherwise."""
    return name not in record.tags or _SPECIFIC.search(name) is not None


def _identities(node: dict[str, Any]) -> frozenset[str]:
    return _as_names(v for k, v in node.items() if k in _IDENTITY_KEYS)


def _tags(node: dict[str, Any]) -> frozenset[str]:
    tags = node.get("tags")
    return _as_names(tags.values()) if isinstance(tags, dict) else frozenset()


def _as_names(values: Iterable[Any]) -> frozenset[str]:
    texts = (str(v).rpartition("/")[2].lower() for v in values if isinstance(v, str))
    return frozenset(t for t in texts if 2 < len(t) <= _LONGEST_NAME and " " not in t)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _moment(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def available(facts: Iterable[Number], out: frozenset[int]) -> Iterator[float]:
    """The values of the facts that lie in no record of ``out``."""
    return (f.value for f in facts if not out or out.isdisjoint(f.path))

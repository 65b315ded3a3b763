"""Log lines to templates: what kinds of line there are, how many, since when, and the rare ones whole.

Lines are masked (times, numbers, ids, addresses, quoted strings) and then grouped as in Drain (He et al., "Drain: An
Online Log Parsing Approach with Fixed Depth Tree", ICWS 2017): by word count and first word, then by the share of equal words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

_SIMILARITY = 0.6
_WORDS_COMPARED = 48
_LONGEST_LINE = 2_000
WILDCARD = "<*>"

_MASKS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), mask)
    for pattern, mask in (
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?", "<time>"),
        (r"\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b", "<time>"),
        (r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b", "<id>"),
        (r"\b[\w.+-]+@[\w-]+\.[\w.]+\b", "<mail>"),
        (r"\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b", "<address>"),
        (r"\b0x[0-9a-fA-F]+\b", "<id>"),
        (r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b", "<id>"),
        (r"\"[^\"]{24,}\"", "<text>"),
        (r"(?<![A-Za-z_])[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", "<n>"),
        (r"(?<=[A-Za-z_])-?\d{3,}\b", "<n>"),
    )
)
_LEVELS = {
    "fatal": "error",
    "critical": "error",
    "crit": "error",
    "emergency": "error",
    "alert": "error",
    "panic": "error",
    "error": "error",
    "err": "error",
    "severe": "error",
    "warning": "warning",
    "warn": "warning",
    "notice": "info",
    "info": "info",
    "ok": "info",
    "debug": "debug",
    "trace": "debug",
}
_LEVEL_WORD = re.compile(r"\b(" + "|".join(_LEVELS) + r")\b", re.I)
_SEVERITY = {"error": 0, "warning": 1, "info": 2, "debug": 3}


@dataclass(frozen=True)
class LogLine:
    """One line, with what its source says on it."""

    at: datetime
    text: str
    level: str = ""
    """As the source names it; found in the text where empty."""
    service: str = ""


@dataclass(frozen=True)
class Template:
    """Lines that differ only in their values."""

    template: str
    count: int
    level: str
    """error, warning, info, debug."""
    service: str
    first_at: datetime
    last_at: datetime
    example: str
    is_new: bool
    """First seen only after a quarter of the covered time."""


@dataclass(frozen=True)
class Mined:
    """Templates, the serious and frequent ones first, and the rare lines whole."""

    templates: tuple[Template, ...]
    rare: tuple[LogLine, ...]


class _Group:
    def __init__(self, words: list[str], line: LogLine, level: str) -> None:
        self.words = words
        self.level = level
        self.lines = [line]

    def similarity(self, words: Sequence[str]) -> float:
        return sum(a == b for a, b in zip(self.words, words, strict=True)) / len(words)

    def add(self, words: Sequence[str], line: LogLine) -> None:
        self.words = [a if a == b else WILDCARD for a, b in zip(self.words, words, strict=True)]
        self.lines.append(line)


def level_of(line: LogLine) -> str:
    """error, warning, info or debug: by the source's word for it, else by the first such word in the text."""
    if line.level and line.level.lower() in _LEVELS:
        return _LEVELS[line.level.lower()]
    found = _LEVEL_WORD.search(line.text[:120])
    return _LEVELS[found.group(1).lower()] if found else "info"


def mask(text: str) -> str:
    """The text with its values replaced by what sort of value they are."""
    text = " ".join(text[:_LONGEST_LINE].split())
    for pattern, replacement in _MASKS:
        text = pattern.sub(replacement, text)
    return text


def mine(lines: Iterable[LogLine], *, rare_at_most: int = 2, rare_lines: int = 12) -> Mined:
    """Group lines into templates.

    A template seen at most ``rare_at_most`` times among at least ten times as many lines is rare: its lines are given
    whole, the serious and the latest first, up to ``rare_lines``.
    """
    ordered = sorted(lines, key=lambda line: line.at)
    groups = _group(ordered)
    if not ordered:
        return Mined((), ())
    start, end = ordered[0].at, ordered[-1].at
    novel_after = start + (end - start) / 4
    templates = sorted(
        (_template(g, novel_after) for g in groups),
        key=lambda t: (_SEVERITY[t.level], -t.count, t.first_at),
    )
    rare = [
        line
        for group in groups
        if len(group.lines) <= rare_at_most and len(ordered) >= 10 * len(group.lines)
        for line in group.lines
    ]
    rare.sort(key=lambda line: (_SEVERITY[level_of(line)], -line.at.timestamp()))
    return Mined(tuple(templates), tuple(sorted(rare[:rare_lines], key=lambda line: line.at)))


def _group(ordered: Iterable[LogLine]) -> list[_Group]:
    buckets: dict[tuple[str, str, int, str], list[_Group]] = {}
    groups: list[_Group] = []
    for line in ordered:
        words = mask(line.text).split()[:_WORDS_COMPARED] or [WILDCARD]
        level = level_of(line)
        bucket = buckets.setdefault((line.service, level, len(words), words[0]), [])
        best = max(bucket, key=lambda g: g.similarity(words), default=None)
        if best is not None and best.similarity(words) >= _SIMILARITY:
            best.add(words, line)
        else:
            group = _Group(words, line, level)
            bucket.append(group)
            groups.append(group)
    return groups


def _template(group: _Group, novel_after: datetime) -> Template:
    first, last = group.lines[0], group.lines[-1]
    return Template(
        template=" ".join(group.words),
        count=len(group.lines),
        level=group.level,
        service=first.service,
        first_at=first.at,
        last_at=last.at,
        example=last.text[:400],
        is_new=first.at > novel_after,
    )

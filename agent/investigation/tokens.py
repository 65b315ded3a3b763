"""What in a sentence claims a fact: its numbers with units, times, names of resources and quotations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from agent.investigation.words import words

_SECONDS = {
    ("us", "µs"): (1.0, 1e-3, 1e-6),
    ("ms", "millisecond", "milliseconds"): (1.0, 1e-3),
    ("s", "sec", "secs", "second", "seconds"): (1.0, 1e3),
    ("min", "mins", "minute", "minutes"): (60.0, 6e4, 1.0),
    ("h", "hr", "hrs", "hour", "hours"): (3600.0, 36e5, 1.0),
    ("d", "day", "days"): (86400.0, 24.0, 1.0),
    ("week", "weeks"): (604800.0, 168.0, 7.0, 1.0),
}
_SCALES: dict[str, tuple[float, ...]] = {
    "": (1.0,),
    "b": (1.0,),
    "byte": (1.0,),
    "bytes": (1.0,),
    "kb": (1e3, 2.0**10),
    "mb": (1e6, 2.0**20),
    "gb": (1e9, 2.0**30),
    "tb": (1e12, 2.0**40),
    "kib": (2.0**10,),
    "mib": (2.0**20,),
    "gib": (2.0**30,),
    "tib": (2.0**40,),
    "ki": (2.0**10,),
    "mi": (2.0**20,),
    "gi": (2.0**30,),
    "ti": (2.0**40,),
    **{unit: scales for units, scales in _SECONDS.items() for unit in units},
    "%": (1.0, 0.01),
    "percent": (1.0, 0.01),
    "k": (1e3,),
    "m": (1e-3, 1e6, 60.0),
    "million": (1e6,),
    "core": (1.0, 1e9),
    "cores": (1.0, 1e9),
    "millicores": (1e-3, 1e6),
}
"""Unit as written (lower case) -> what one of it may be in a stored value's unit."""
_RATIO_WORDS = frozenset({"x", "×", "times", "fold", "-fold"})
_UNITS = sorted((u for u in _SCALES if u), key=len, reverse=True)
_ZONES = {
    "cet": 60, "cest": 120, "bst": 60, "eet": 120, "ist": 330, "jst": 540,
    "est": -300, "edt": -240, "cst": -360, "cdt": -300, "pst": -480, "pdt": -420,
}  # fmt: skip
"""Zone -> minutes ahead of UTC."""

_TIME = re.compile(
    r"(?<![\d:.])(?:(\d{4})-(\d\d)-(\d\d)[T ])?([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:[.,]\d+)?)?(?![\d:])"
    r"(?:\s?(am|pm)\b)?(?:\s?(Z\b|UTC\b|GMT\b|[+-]\d\d:?\d\d\b|" + "|".join(_ZONES) + r"\b))?",
    re.IGNORECASE,
)
_DATE = re.compile(r"(?<![\d-])(\d{4})-(\d\d)-(\d\d)(?![\d-])")
_DURATION = re.compile(
    r"(?<![\w.,:/@-])(?:(\d+)\s?d(?:ays?)?\s?)?(?:(\d+)\s?h(?:ours?|rs?)?\s?)?"
    r"(?:(\d+)\s?m(?:in(?:ute)?s?)?\s?)?(?:(\d+)\s?s(?:ec(?:ond)?s?)?)?(?![\w%])",
    re.IGNORECASE,
)
_PARTS_SECONDS = (86400, 3600, 60, 1)
_NUMBER = re.compile(
    r"(?<![\w.,:/@-])[-+−±~≈<>≤≥]{0,2}(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"\s?(" + "|".join(map(re.escape, _UNITS)) + r"|x|×|times|-?fold)?(?![\w%])"
    r"|(?<=\d[/–-])(\d+(?:\.\d+)?)(?![\w.])",
    re.IGNORECASE,
)
_BARE_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_QUOTES = re.compile(
    r"`([^`\n]{1,400})`|\"([^\"\n]{1,400})\"|“([^”\n]{1,400})”|(?<!\w)'([^'\n]{4,400})'(?!\w)"
)
_GAP = re.compile(r"…|\.\.\.|\[\.\.\.\]")
_NAME = re.compile(
    r"(?<![\w./-])[a-z0-9]+(?:[-._][a-z0-9]+)+(?![\w-])"
    r"|(?<![\w.-])(?:v\d+|v?\d+(?:\.\d+){2,})(?![\w-])"
    r"|(?<![\w./-])(?:[A-Z]+[a-z]+(?:[A-Z]+[a-z]*)+|[A-Z]{2,}[a-z]{2,}[A-Za-z]*)(?![\w-])"
)
"""Words with inner separators, versions, and identifiers in camel case."""
_NEVER_NAMES = words("never_names")
_PLAIN_PARTS = words("plain_parts")


class Quantity(NamedTuple):
    """A number as written; ``half_step`` is half of the last digit shown: how far the true value may be off."""

    text: str
    value: float
    half_step: float
    scales: tuple[float, ...]
    is_ratio: bool = False
    is_percent: bool = False


class Moment(NamedTuple):
    """A time of day, UTC, with seconds and date if given."""

    text: str
    hour: int
    minute: int
    second: int | None
    date: tuple[int, int, int] | None


class Tokens(NamedTuple):
    """The checkable parts of a sentence."""

    quantities: tuple[Quantity, ...]
    moments: tuple[Moment, ...]
    names: tuple[str, ...]
    quotes: tuple[str, ...]


def tokens_of(sentence: str, *, in_quotes: bool = False) -> Tokens:
    """Take a sentence apart; numbers inside quotations, times and names are not numbers of their own.

    ``in_quotes``: what is quoted counts as plain text, as in an answer that is searched.
    """
    quotes: list[str] = []
    rest = sentence
    if not in_quotes:
        quoted = (next(filter(None, m.groups())) for m in _QUOTES.finditer(sentence))
        quotes = [p.strip(" .,;:") for q in quoted for p in _GAP.split(q)]
        rest = _QUOTES.sub(" ", sentence)
    moments = tuple(moments_in(rest))
    rest = _TIME.sub(" ", rest)
    dates = [f"{'-'.join(m.groups())}" for m in _DATE.finditer(rest)]
    rest = _DATE.sub(" ", rest)
    names = [n for n in _NAME.findall(rest) if _is_name(n)]
    for name in sorted(names, key=len, reverse=True):
        rest = rest.replace(name, " ")
    quantities = (*_durations(rest), *_quantities(_DURATION.sub(_without_durations, rest)))
    return Tokens(quantities, moments, tuple(names + dates), tuple(q for q in quotes if len(q) > 1))


def moments_in(text: str) -> Iterator[Moment]:
    """The times of day in a text."""
    for match in _TIME.finditer(text):
        year, month, day, hour, minute, second, half, zone = match.groups()
        ahead = _ahead_minutes(zone)
        hours = int(hour) % 12 + (12 if half.lower() == "pm" else 0) if half else int(hour)
        total = hours * 60 + int(minute) - ahead
        date = (int(year), int(month), int(day)) if year else None
        if date is not None and not 0 <= total < 1440:
            try:
                shifted = datetime(*date, tzinfo=UTC).timestamp() + total * 60
            except ValueError:
                continue
            moved = datetime.fromtimestamp(shifted, UTC)
            date = (moved.year, moved.month, moved.day)
        total %= 1440
        seconds = int(second) if second else None
        yield Moment(match.group().strip(), total // 60, total % 60, seconds, date)


def _ahead_minutes(zone: str | None) -> int:
    name = (zone or "").lower()
    if name[:1] in ("+", "-"):
        digits = name[1:].replace(":", "")
        minutes = int(digits[:2]) * 60 + int(digits[2:4])
        return minutes if name[0] == "+" else -minutes
    return _ZONES.get(name, 0)


def _durations(text: str) -> Iterator[Quantity]:
    """Durations of several parts, such as 2h15m; they are in seconds, rounded to their smallest part."""
    for match in _DURATION.finditer(text):
        given = [(int(p), s) for p, s in zip(match.groups(), _PARTS_SECONDS, strict=True) if p]
        if len(given) > 1:
            seconds = float(sum(p * s for p, s in given))
            yield Quantity(match.group().strip(), seconds, given[-1][1] / 2, (1.0, 1e3))


def _without_durations(match: re.Match[str]) -> str:
    return " " if sum(p is not None for p in match.groups()) > 1 else match.group()


def _quantities(text: str) -> Iterator[Quantity]:
    for match in _NUMBER.finditer(text):
        written = (match.group(1) or match.group(3)).replace(",", "")
        unit = (match.group(2) or "").lower()
        _, _, decimals = written.partition(".")
        yield Quantity(
            text=match.group().strip(),
            value=float(written),
            half_step=0.5 * 10.0 ** -len(decimals),
            scales=_SCALES.get(unit, (1.0,)),
            is_ratio=unit in _RATIO_WORDS,
            is_percent=unit in ("%", "percent"),
        )


def _is_name(word: str) -> bool:
    if word.lower() in _NEVER_NAMES or word.lower() in _SCALES or _BARE_NUMBER.fullmatch(word):
        return False
    parts = re.split(r"[-._]", word)
    if len(parts) > 1 and all(p.isdigit() for p in parts):
        return len(parts) > 2
    return not any(p in _PLAIN_PARTS for p in parts)

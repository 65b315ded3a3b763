"""What in a sentence claims a fact: its numbers with units, times, dates, names of resources and quotations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from agent.investigation.quantities import Quantity, quantities_in
from agent.investigation.units import UNITS
from agent.investigation.words import words

_ZONES = {
    "cet": 60, "cest": 120, "bst": 60, "eet": 120, "ist": 330, "jst": 540,
    "est": -300, "edt": -240, "cst": -360, "cdt": -300, "pst": -480, "pdt": -420,
}  # fmt: skip
"""Zone -> minutes ahead of UTC."""
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
_MONTH = "(" + "|".join(f"{m[:3]}(?:{m[3:]})?" for m in _MONTHS) + ")"

_TIME = re.compile(
    r"(?<![\d:.-])(?:(?:(\d{4})-)?(\d\d)-(\d\d)[T ])?([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:[.,]\d+)?)?(?!\d|:\d)"
    r"(?:\s?(am|pm)\b)?(?:\s?(Z\b|UTC\b|GMT\b|[+-]\d\d:?\d\d\b|" + "|".join(_ZONES) + r"\b))?",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?<![\d-])\d{4}-(?P<month>\d\d)-(?P<day>\d\d)(?![\d-])"
    rf"|\b(?P<before>\d{{1,2}})(?:st|nd|rd|th)?\s{_MONTH}\b|\b{_MONTH}\s(?P<after>\d{{1,2}})(?:st|nd|rd|th)?\b"
)
_QUOTES = re.compile(
    r"`([^`\n]{1,400})`|\"([^\"\n]{1,400})\"|“([^”\n]{1,400})”|(?<!\w)'([^'\n]{4,400})'(?!\w)"
)
_GAP = re.compile(r"…|\.\.\.|\[\.\.\.\]")
_NAME = re.compile(
    r"(?<![\w./-])[a-z0-9]+(?:[-._][a-z0-9]+)+(?![\w-])"
    r"|(?<![\w.-])(?:v\d+|v?\d+(?:\.\d+){2,})(?![\w-])"
    r"|(?<![\w./-])(?:[A-Z]+[a-z]+(?:[A-Z]+[a-z]*)+|[A-Z]{2,}[a-z]{2,}[A-Za-z]*)(?![\w-])"
    r"|(?<![\w./-])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![\w-])"
)
"""Words with inner separators, versions, identifiers in camel case or in capitals."""
_MONTH_NUMBERS = {name[:3]: number for number, name in enumerate(_MONTHS, 1)}
_LEAP_YEAR = 2000
_COUNTED = re.compile(r"\d+(?:\.\d+)?(?:e[-+]?\d+)?-?([a-z]*)")
"""``24-hour``, ``2.9x``: a number with its unit, not a name."""
_NEVER_NAMES = words("never_names")
_PLAIN_PARTS = words("plain_parts")


class Moment(NamedTuple):
    """A time of day, UTC, with seconds and date if given."""

    text: str
    hour: int
    minute: int
    second: int | None
    date: tuple[int, int, int] | None
    """Year (0: not said), month, day."""


class Day(NamedTuple):
    """A day of a year that is not said."""

    text: str
    month: int
    day: int


class Tokens(NamedTuple):
    """The checkable parts of a sentence."""

    quantities: tuple[Quantity, ...]
    moments: tuple[Moment, ...]
    days: tuple[Day, ...]
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
    days = tuple(_days(rest))
    rest = _DATE.sub(" ", rest)
    names = tuple(n for n in _NAME.findall(rest) if _is_name(n))
    for name in sorted(names, key=len, reverse=True):
        rest = rest.replace(name, " ")
    quoted_parts = tuple(q for q in quotes if len(q) > 1)
    return Tokens(tuple(quantities_in(rest)), moments, days, names, quoted_parts)


def moments_in(text: str) -> Iterator[Moment]:
    """The times of day in a text."""
    for match in _TIME.finditer(text) if ":" in text else ():
        if (moment := _moment(match)) is not None:
            yield moment


def _moment(match: re.Match[str]) -> Moment | None:
    year, month, day, hour, minute, second, half, zone = match.groups()
    hours = int(hour) % 12 + (12 if half.lower() == "pm" else 0) if half else int(hour)
    total = hours * 60 + int(minute) - _ahead_minutes(zone)
    date = (int(year or 0), int(month), int(day)) if month else None
    if date is not None:
        try:
            midnight = datetime(date[0] or _LEAP_YEAR, date[1], date[2], tzinfo=UTC)
            shifted = midnight + timedelta(minutes=total)
        except (ValueError, OverflowError):
            return None
        date = (shifted.year if year else 0, shifted.month, shifted.day)
    total %= 1440
    seconds = int(second) if second else None
    return Moment(match.group().strip(), total // 60, total % 60, seconds, date)


def _ahead_minutes(zone: str | None) -> int:
    name = (zone or "").lower()
    if name[:1] in ("+", "-"):
        digits = name[1:].replace(":", "")
        minutes = int(digits[:2]) * 60 + int(digits[2:4])
        return minutes if name[0] == "+" else -minutes
    return _ZONES.get(name, 0)


def _days(text: str) -> Iterator[Day]:
    for match in _DATE.finditer(text):
        named = match[4] or match[5]
        month = _MONTH_NUMBERS[named[:3]] if named else int(match["month"])
        yield Day(match[0], month, int(match["day"] or match["before"] or match["after"]))


def _is_name(word: str) -> bool:
    low = word.lower()
    if low in _NEVER_NAMES or low in UNITS:
        return False
    counted = _COUNTED.fullmatch(low)
    if counted is not None and (not counted[1] or counted[1] in UNITS):
        return False
    parts = re.split(r"[-._]", low)
    if len(parts) > 1 and all(p.isdigit() for p in parts):
        return len(parts) > 2
    return not any(p in _PLAIN_PARTS for p in parts)

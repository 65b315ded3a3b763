"""Moments as people say them: "since 02:00", "since yesterday", "in the last 3 hours", "since Monday 14:30".

All times are UTC unless an offset or a zone is said; a clock time without a day is the latest one that has passed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from agent.knowledge.wording import moment


class Since(NamedTuple):
    """A span of time that somebody named."""

    start: datetime
    words: str
    """How it is said in an answer: ``since today 02:00 UTC``, ``in the last 3 hours``."""
    span: tuple[int, int]
    """Where it stands in the text."""
    until: datetime | None = None


_NUMBERS = {
    "a": 1.0,
    "an": 1.0,
    "one": 1.0,
    "two": 2.0,
    "couple of": 2.0,
    "couple": 2.0,
    "three": 3.0,
    "few": 3.0,
    "four": 4.0,
    "five": 5.0,
    "six": 6.0,
    "eight": 8.0,
    "ten": 10.0,
    "twelve": 12.0,
}
_UNITS = {"m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_UNIT_WORDS = {"m": "minute", "h": "hour", "d": "day", "w": "week"}
_UNIT = r"(?P<unit>minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|wks?|w)\b"
_AMOUNT = r"(?P<amount>\d{1,4}(?:\.\d+)?|an?|one|two|(?:a\s+)?couple(?:\s+of)?|three|(?:a\s+)?few|four|five|six|eight|ten|twelve)"
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ZONES = {"cet": "Europe/Berlin", "cest": "Europe/Berlin", "bst": "Europe/London"}
_LONGEST = timedelta(days=3650)

_FROM = r"\b(?:since|from|after)\s+(?:about\s+|around\s+)?"
_ZONE = r"(?:\s*(?P<zone>utc|gmt|z|cet|cest|bst|[+-]\d{2}:?\d{2})\b)?"
_CLOCK = (
    r"(?:at\s+)?(?:(?P<hour>[01]?\d|2[0-3])(?::(?P<minute>[0-5]\d))(?::[0-5]\d)?\s*(?P<half>am|pm)?"
    r"|(?P<hour12>1[0-2]|0?[1-9])\s*(?P<half12>am|pm)|(?P<noon>noon|midday)|(?P<midnight>midnight))"
)
_DAY = (
    r"(?P<day>(?:on\s+|last\s+)?(?:mon|tues|wednes|thurs|fri|satur|sun)day|yesterday|today|last\s+night"
    r"|tonight|this\s+morning|this\s+afternoon|this\s+week|last\s+week|the\s+weekend)"
)
_DATE = (
    r"(?:(?P<year>20\d\d)-(?P<month>\d\d)-(?P<date>\d\d)"
    r"|(?P<date2>\d{1,2})(?:st|nd|rd|th)?\s+(?P<month2>(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)"
    r"(?:\s+(?P<year2>20\d\d))?"
    r"|(?P<month3>(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)\s+(?P<date3>\d{1,2})(?:st|nd|rd|th)?"
    r"(?:,?\s+(?P<year3>20\d\d))?)"
)


def _p(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.IGNORECASE)


def since(text: str, now: datetime) -> Since | None:
    """The span of time that a text names; None when it names none, or one that makes no sense."""
    for pattern, read in _READERS:
        for match in pattern.finditer(text):
            found = read(match, now)
            if found is not None and now - _LONGEST <= found.start <= now:
                return found
    return None


def _lasting(match: re.Match[str], now: datetime) -> Since | None:
    """``in the last 3 hours``, ``2 hours ago``."""
    said = " ".join((match["amount"] or "1").lower().split()).removeprefix("a ") or "a"
    amount = _NUMBERS.get(said)
    if amount is None:
        amount = float(said) if said[0].isdigit() else 1.0
    unit = match["unit"][0].lower()
    if unit == "w" and not match["amount"] and "the" not in match[0].lower():
        return None  # "last week" is the one of the calendar
    if amount <= 0 or amount * _UNITS[unit] > _LONGEST.total_seconds():
        return None
    whole = f"{amount:g}"
    many = "" if whole == "1" else "s"
    counted = f"{whole} {_UNIT_WORDS[unit]}{many}" if whole != "1" else _UNIT_WORDS[unit]
    return Since(
        now - timedelta(seconds=amount * _UNITS[unit]), f"in the last {counted}", match.span()
    )


def _dated(match: re.Match[str], now: datetime) -> Since | None:
    """``since 2026-11-24 02:00``, ``since 24 Nov``."""
    named = match.groupdict()
    month = named["month"] or named["month2"] or named["month3"]
    number = int(month) if month.isdigit() else _MONTHS.index(month[:3].lower()) + 1
    day = int(named["date"] or named["date2"] or named["date3"])
    year = named["year"] or named["year2"] or named["year3"]
    try:
        at = datetime.combine(
            datetime(int(year or now.year), number, day, tzinfo=UTC).date(),
            _clock(match) or time(),
            _zone(match["zone"]),
        ).astimezone(UTC)
        if year is None and at > now:
            at = at.replace(year=at.year - 1)
    except ValueError:
        return None
    return Since(at, f"since {moment(at, now)}", match.span())


def _on_day(match: re.Match[str], now: datetime) -> Since | None:
    """``since yesterday``, ``yesterday 22:00``, ``since Monday``, ``since last night``."""
    zone = _zone(match["zone"])
    here = now.astimezone(zone)
    start = _day(" ".join(match["day"].lower().split()), here)
    clock = _clock(match)
    if clock is not None:
        start = datetime.combine(start.date(), clock, zone)
    start = start.astimezone(UTC)
    until = None
    if match["day"].lower() == "yesterday" and clock is None and not match["from"]:
        until = start + timedelta(days=1)
    words = moment(start, now)
    return Since(start, "yesterday" if until else f"since {words}", match.span(), until)


def _at_clock(match: re.Match[str], now: datetime) -> Since | None:
    """``since 02:00``: the latest such moment."""
    clock = _clock(match)
    if clock is None:
        return None
    zone = _zone(match["zone"])
    here = now.astimezone(zone)
    at = datetime.combine(here.date(), clock, zone)
    if at > here:
        at -= timedelta(days=1)
    at = at.astimezone(UTC)
    return Since(at, f"since {moment(at, now)}", match.span())


def _clock(match: re.Match[str]) -> time | None:
    named = match.groupdict()
    if named.get("noon"):
        return time(12)
    if named.get("midnight"):
        return time()
    text = named.get("hour") or named.get("hour12")
    if not text:
        return None
    hour, half = int(text), (named.get("half") or named.get("half12") or "").lower()
    if half and hour <= 12:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return time(hour, int(named.get("minute") or 0))


def _zone(text: str | None) -> tzinfo:
    name = (text or "utc").lower()
    if name in ("utc", "gmt", "z"):
        return UTC
    if name in _ZONES:
        return ZoneInfo(_ZONES[name])
    hours, minutes = int(name[1:3]), int(name[-2:])
    offset = timedelta(hours=min(hours, 23), minutes=min(minutes, 59))
    return timezone(offset if name[0] == "+" else -offset)


def _day(word: str, here: datetime) -> datetime:
    """The beginning of a day or of a part of it."""
    today = here.replace(hour=0, minute=0, second=0, microsecond=0)
    weekday = next((n for n, d in enumerate(_DAYS) if word.endswith(d)), None)
    if weekday is not None:
        back = (here.weekday() - weekday) % 7
        return today - timedelta(days=back or (7 if word.startswith("last") else 0))
    this_week = today - timedelta(days=here.weekday())
    return {
        "yesterday": today - timedelta(days=1),
        "last night": today - timedelta(hours=6),
        "tonight": today + timedelta(hours=18 if here.hour >= 18 else -6),
        "this afternoon": today + timedelta(hours=12 if here.hour >= 12 else 0),
        "this week": this_week,
        "last week": this_week - timedelta(days=7),
        "the weekend": today - timedelta(days=(here.weekday() - 5) % 7),
    }.get(word, today)


_READERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], datetime], Since | None]], ...] = (
    (
        _p(
            r"\b(?:(?:in|within|over|during|for)\s+)?(?:the\s+)?(?:last|past)\s+"
            rf"(?:{_AMOUNT}\s*)?{_UNIT}"
        ),
        _lasting,
    ),
    (_p(rf"(?:\b(?:since|from|after)\s+)?\b{_AMOUNT}\s*{_UNIT}\s+ago\b"), _lasting),
    (_p(rf"(?:{_FROM}|\bon\s+)?{_DATE}(?:[T\s,]+{_CLOCK})?{_ZONE}"), _dated),
    (_p(rf"(?P<from>{_FROM}){_CLOCK}{_ZONE}\s+(?:on\s+)?{_DAY}"), _on_day),
    (_p(rf"(?P<from>{_FROM})?\b{_DAY}(?:\s+{_CLOCK})?{_ZONE}"), _on_day),
    (_p(rf"{_FROM}{_CLOCK}{_ZONE}"), _at_clock),
)
"""Tried in this order."""

"""Points in time as Slack words them, in the local time of the machine that the page runs on."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

_TOKEN = re.compile(r"\{(\w+)\}")


def moment(ts: str | float) -> datetime:
    """A Slack ``ts`` (seconds since the epoch, as a string or number) as local time.

    Raises:
        ValueError: if it is no number or lies outside the calendar.
    """
    try:
        return datetime.fromtimestamp(float(ts), UTC).astimezone()
    except (OverflowError, OSError) as error:
        raise ValueError(f"{ts!r} is not a moment in the calendar") from error


def clock(when: datetime) -> str:
    """``3:07 AM``."""
    return f"{when:%I:%M %p}".lstrip("0")


def ordinal(day: int) -> str:
    """``1st``, ``22nd``, ``13th``."""
    suffix = "th" if 10 <= day % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{suffix}"


def day_label(day: date, today: date) -> str:
    """A day divider's words: ``Today``, ``Yesterday`` or ``Monday, November 23rd``."""
    near = _near_day(day, today)
    return near.capitalize() if near else f"{day:%A, %B} {ordinal(day.day)}"


def ago(when: datetime, now: datetime) -> str:
    """``just now``, ``5 minutes ago``, ``2 hours ago``, ``3 days ago``; ``in …`` for the future."""
    seconds = (now - when).total_seconds()
    size = abs(seconds)
    if size < 45:
        return "just now"
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if size >= length or unit == "minute":
            count = max(1, round(size / length))
            words = f"{count} {unit}{'' if count == 1 else 's'}"
            return f"{words} ago" if seconds > 0 else f"in {words}"
    raise AssertionError("minutes catch the rest")


def format_date(template: str, when: datetime, now: datetime) -> str:
    """Fill a ``<!date^…>`` format, such as ``{date_short_pretty} {time}``; unknown tokens stay."""
    words = _date_words(when, now)
    return _TOKEN.sub(lambda match: words.get(match[1], match[0]), template)


def _date_words(when: datetime, now: datetime) -> dict[str, str]:
    short = f"{when:%b} {when.day}, {when.year}"
    full = f"{when:%B} {ordinal(when.day)}, {when.year}"
    weekday = f"{when:%A}, {full}"
    near = _near_day(when.date(), now.date())
    return {
        "date_num": f"{when:%Y-%m-%d}",
        "date_slash": f"{when:%m/%d/%Y}",
        "date": full,
        "date_short": short,
        "date_long": weekday,
        "date_pretty": near or full,
        "date_short_pretty": near or short,
        "date_long_pretty": near or weekday,
        "time": clock(when),
        "time_secs": f"{when:%I:%M:%S %p}".lstrip("0"),
        "day_divider_pretty": day_label(when.date(), now.date()),
        "ago": ago(when, now),
    }


def _near_day(day: date, today: date) -> str:
    names = {0: "today", -1: "yesterday", 1: "tomorrow"}
    return names.get((day - today) // timedelta(days=1), "")

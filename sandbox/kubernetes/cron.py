"""Cron schedules as CronJobs use them: five fields, names, ranges, steps and ``@daily`` forms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_MINUTES_IN_A_YEAR = 366 * 24 * 60


class CronError(ValueError):
    """The text is no schedule."""


@dataclass(frozen=True)
class Schedule:
    """The minutes at which a CronJob is due, by the clocks of its time zone."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday."""
    any_day: bool
    any_weekday: bool
    zone: tzinfo = UTC

    def is_due(self, when: datetime) -> bool:
        """Whether the minute of ``when`` is one of the schedule's."""
        when = when.astimezone(self.zone)
        if when.minute not in self.minutes or when.hour not in self.hours:
            return False
        return when.month in self.months and self._is_due_on(when)

    def _is_due_on(self, when: datetime) -> bool:
        day = when.day in self.days
        weekday = (when.weekday() + 1) % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return day and weekday
        return day or weekday

    def last_before(self, when: datetime) -> datetime | None:
        """The latest due minute at or before ``when``, looking back a year."""
        minute = when.astimezone(UTC).replace(second=0, microsecond=0)
        for _ in range(_MINUTES_IN_A_YEAR):
            if self.is_due(minute):
                return minute
            local = minute.astimezone(self.zone)
            if local.hour not in self.hours or not self._is_due_on(local):
                minute -= timedelta(minutes=local.minute)
            minute -= timedelta(minutes=1)
        return None


def _value(text: str, low: int, high: int) -> int:
    names = {12: _MONTHS, 6: _DAYS}.get(high, ())
    if text.lower() in names:
        return names.index(text.lower()) + low
    if not text.isdecimal():
        raise CronError(f"failed to parse int from {text}")
    value = int(text)
    if high == 6 and value == 7:
        return 0
    if not low <= value <= high:
        raise CronError(f"value {value} out of range [{low}, {high}]")
    return value


def _field(text: str, low: int, high: int) -> frozenset[int]:
    values: set[int] = set()
    for part in text.split(","):
        span, _, step_text = part.partition("/")
        step = int(step_text) if step_text.isdecimal() else 1
        if (step_text and not step_text.isdecimal()) or step < 1:
            raise CronError(f"failed to parse int from {step_text}")
        if span in ("*", "?"):
            first, last = low, high
        elif "-" in span:
            first, last = (_value(end, low, high) for end in span.split("-", 1))
        else:
            first = _value(span, low, high)
            last = high if step_text else first
        if first > last:
            raise CronError(f"beginning of range ({first}) beyond end of range ({last}): {part}")
        values.update(range(first, last + 1, step))
    return frozenset(values)


def parse_schedule(text: str, time_zone: str | None = None) -> Schedule:
    """Read a schedule in a time zone, UTC without one; raises CronError when either is none."""
    fields = _MACROS.get(text.strip(), text).split()
    if len(fields) != len(_BOUNDS):
        raise CronError(f"expected exactly 5 fields, found {len(fields)}: {fields}")
    read = [_field(part, *bounds) for part, bounds in zip(fields, _BOUNDS, strict=True)]
    any_day, any_weekday = fields[2][0] in "*?", fields[4][0] in "*?"
    try:
        zone = ZoneInfo(time_zone) if time_zone else UTC
    except (KeyError, ValueError, OSError) as error:
        raise CronError(f"unknown time zone {time_zone}") from error
    return Schedule(read[0], read[1], read[2], read[3], read[4], any_day, any_weekday, zone)

"""When changes may be applied: windows that open on days of the week, and freezes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from agent.model import Utc, Value
from agent.resolution.policy.places import Globs

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MIDNIGHT = time(0)
_WEEK = timedelta(days=7)
_HOURS = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})")
_MOST_TURNS = 64
"""Freezes and windows are stepped over at most so often to find when a change may be applied."""


class Closed(StrEnum):
    """What becomes of an approved change while it may not be applied."""

    WAIT = "wait"
    """It is applied once it may."""
    REFUSE = "refuse"
    """It is not applied; somebody has to ask again."""


def _days(value: object) -> object:
    """``mon-fri`` and ``sat, sun`` as a list of days."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, (list, tuple)):
        return value
    found: list[object] = []
    for part in parts:
        first, dash, last = str(part).strip().lower().partition("-")
        if dash and first in DAYS and last in DAYS:
            begin, end = DAYS.index(first), DAYS.index(last)
            found += [DAYS[(begin + n) % 7] for n in range((end - begin) % 7 + 1)]
        elif first in DAYS and not dash:
            found.append(first)
        else:
            raise ValueError(f"{str(part)!r} is no day; write mon, tue, wed, thu, fri, sat, sun")
    return found


def _hours(value: str) -> str:
    found = _HOURS.fullmatch(value)
    if found is None or not _in_a_day(found):
        raise ValueError(f"{value!r} are no hours; write them in quotes, such as '09:00-17:00'")
    if found[1] == found[3] and found[2] == found[4]:
        raise ValueError(f"{value!r} is no time at all; for a whole day write '00:00-24:00'")
    return value


def _in_a_day(found: re.Match[str]) -> bool:
    begin, end = (int(found[1]), int(found[2])), (int(found[3]), int(found[4]))
    return begin < (24, 0) and end <= (24, 0) and begin[1] < 60 and end[1] < 60


def _zone(value: str) -> str:
    try:
        _zone_of(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f"{value!r} is no time zone; write one of the IANA database, such as Europe/Berlin"
        ) from error
    return value


@lru_cache(maxsize=64)
def _zone_of(name: str) -> ZoneInfo:
    return ZoneInfo(name)


class Span(Value):
    """Hours on days of the week; those that end at or before their beginning go on into the next day."""

    days: Annotated[
        tuple[str, ...], BeforeValidator(_days, json_schema_input_type=str | list[str])
    ] = Field(DAYS, min_length=1, description="such as mon-fri")
    hours: Annotated[str, AfterValidator(_hours)] = Field(
        "00:00-24:00", description="in quotes, such as '09:00-17:00'"
    )

    def minutes(self) -> Iterator[tuple[int, int]]:
        """Beginning and end of each in the minutes of the week; the last may end in the week after."""
        begin, end = self._edges()
        for day in sorted({DAYS.index(d) for d in self.days}):
            first = day * 1440 + begin
            yield first, first + ((end - begin) if end > begin else (end - begin + 1440))

    def _edges(self) -> tuple[int, int]:
        begin, end = (part.split(":") for part in self.hours.split("-"))
        return int(begin[0]) * 60 + int(begin[1]), int(end[0]) * 60 + int(end[1])


class ChangeWindow(Value):
    """When changes may be applied."""

    time_zone: Annotated[str, AfterValidator(_zone)] = Field(
        "UTC", description="of the IANA database, such as Europe/Berlin"
    )
    open: tuple[Span, ...] = Field(min_length=1)
    outside: Closed = Closed.WAIT

    def opens(self, at: datetime) -> datetime:
        """``at`` itself when the window is open then, else when it opens next."""
        begins = []
        for begin, end in self._spans(at):
            if begin <= at < end:
                return at
            if begin > at:
                begins.append(begin)
        return min(begins)

    def _spans(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Every span of the weeks around a time, by the clocks on the wall there."""
        zone = _zone_of(self.time_zone)
        here = at.astimezone(zone)
        monday = here.date() - timedelta(days=here.weekday())
        for week in (-1, 0, 1, 2):
            start = datetime.combine(monday + week * _WEEK, _MIDNIGHT)
            for span in self.open:
                for begin, end in span.minutes():
                    yield _utc(start, begin, zone), _utc(start, end, zone)


def _utc(week: datetime, minutes: int, zone: ZoneInfo) -> datetime:
    """A time on the wall; when clocks go forward over it, the moment that they do so."""
    return (week + timedelta(minutes=minutes)).replace(tzinfo=zone).astimezone(UTC)


class PlannedFreeze(Value):
    """A time in which nothing is applied."""

    begins: Utc
    ends: Utc
    reason: str = Field(min_length=1)
    environments: Globs = Field(("*",), description="names of environments of this file")
    applying: Closed = Closed.REFUSE

    @model_validator(mode="after")
    def _ends_later(self) -> PlannedFreeze:
        if self.ends <= self.begins:
            raise ValueError("it ends before it begins")
        return self

    def holds(self, at: datetime) -> bool:
        """Whether it holds at a time."""
        return self.begins <= at < self.ends

    def concerns(self, environment: str) -> bool:
        """Whether it holds in an environment."""
        return any(fnmatchcase(environment, g) for g in self.environments)


class Opening(NamedTuple):
    """Whether a change may be applied now."""

    now: bool
    next_at: datetime | None
    """When it may be applied next; None: now, or that can't be told."""
    waits: bool
    """Whether an approved change is applied then, without being asked for again."""
    reason: str


def opening(
    windows: Sequence[tuple[str, ChangeWindow]], freezes: Sequence[PlannedFreeze], now: datetime
) -> Opening:
    """Whether a change may be applied now: in any of the windows (none: at any time), and in no freeze."""
    frozen = [f for f in freezes if f.holds(now)]
    closed = [] if _opens(windows, now) == now else list(windows)
    if not frozen and not closed:
        return Opening(True, None, False, "")
    waits = all(f.applying is Closed.WAIT for f in frozen) and all(
        w.outside is Closed.WAIT for _, w in closed
    )
    reasons = [f"Frozen until {f.ends:%Y-%m-%d %H:%M} UTC: {f.reason}." for f in frozen]
    if closed:
        names = " and ".join(f"{name!r}" for name, _ in closed)
        reasons.append(f"Outside the change window {names}.")
    return Opening(False, _next(windows, freezes, now), waits, " ".join(reasons))


def _opens(windows: Sequence[tuple[str, ChangeWindow]], at: datetime) -> datetime:
    return min((w.opens(at) for _, w in windows), default=at)


def _next(
    windows: Sequence[tuple[str, ChangeWindow]], freezes: Sequence[PlannedFreeze], now: datetime
) -> datetime | None:
    at = now
    for _ in range(_MOST_TURNS):
        thawed = max((f.ends for f in freezes if f.holds(at)), default=at)
        opened = _opens(windows, thawed)
        if opened == at:
            return at
        at = opened
    return None

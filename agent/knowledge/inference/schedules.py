"""Jobs that start at the same minute: cron schedules compared by their fields."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from agent.knowledge.inference.workload import Tie, Workload

_ALIASES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTH_NAMES = "janfebmaraprmayjunjulaugsepoctnovdec"
_MONTHS = {_MONTH_NAMES[i : i + 3]: i // 3 + 1 for i in range(0, 36, 3)}
_WEEKDAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_WORDS: tuple[dict[str, int], ...] = ({}, {}, {}, _MONTHS, _WEEKDAYS)
_DAYS_OF_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_MOST_STARTS_A_DAY = 24
"""What starts more often coincides with everything, which tells nothing."""
_LARGEST_CROWD = 12
"""More jobs than that at one minute of a namespace are a habit (midnight), unless they share a target."""
_TIMES_SAID = 4
_SURE_OF_NAMESPACE = 0.5
_SURE_OF_TARGET = 0.8


class Cron(NamedTuple):
    """A schedule as the values that each field allows. When both day fields are restricted, either one suffices."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday."""

    @classmethod
    def parse(cls, text: str) -> Cron | None:
        """The schedule that ``text`` writes in five fields or as ``@daily`` and its like; None when it is none."""
        fields = _ALIASES.get(text.strip().lower(), text).split()
        if len(fields) != 5:
            return None
        values = [_field(f, b, w) for f, b, w in zip(fields, _BOUNDS, _WORDS, strict=True)]
        if not all(values):
            return None
        minutes, hours, days, months, weekdays = (frozenset(v or ()) for v in values)
        return cls(minutes, hours, days, months, frozenset(d % 7 for d in weekdays))

    def meets(self, other: Cron) -> tuple[str, ...]:
        """The times of day (``02:30``) at which both start on some day; empty when they never do."""
        if not _share_a_day(self, other):
            return ()
        minutes, hours = self.minutes & other.minutes, self.hours & other.hours
        return tuple(f"{h:02}:{m:02}" for h in sorted(hours) for m in sorted(minutes))

    def runs_on(self, date: int, weekday: int) -> bool:
        """Whether it runs on this date and weekday of one of its months."""
        if len(self.days) < 31 and len(self.weekdays) < 7:
            return date in self.days or weekday in self.weekdays
        return date in self.days and weekday in self.weekdays

    @property
    def starts_a_day(self) -> int:
        """How often it starts on a day on which it runs."""
        return len(self.minutes) * len(self.hours)


class Coincidence(NamedTuple):
    """Two jobs that start at the same time."""

    first: str
    """Keys, the smaller first."""
    second: str
    times: tuple[str, ...]
    """Times of day, ``02:30``, in the schedules' own time zone."""
    common: tuple[str, ...]
    """Targets that both work on."""
    evidence: str
    confidence: float

    @property
    def tie(self) -> Tie:
        """The relation that it implies."""
        return Tie(self.first, self.second, "coincides_with", self.evidence, self.confidence)


def co_scheduled(cronjobs: Iterable[Workload]) -> list[Coincidence]:
    """Pairs of jobs that start at the same minute, in the same namespace or on the same target.

    Jobs without a readable schedule are left out, and so are those that start more than 24 times a day, unless both work
    on the same target. Two time zones are never compared.
    """
    jobs = [(j, c) for j in cronjobs if (c := Cron.parse(j.schedule)) is not None]
    found: dict[tuple[str, str], Coincidence] = {}
    for (one, its), (other, others) in _candidates(jobs):
        pair = (one.key, other.key)
        if pair not in found and (times := its.meets(others)):
            found[pair] = _coincidence(one, other, times)
    return sorted(found.values())


_Job = tuple[Workload, Cron]


def _candidates(jobs: Sequence[_Job]) -> Iterator[tuple[_Job, _Job]]:
    """Pairs worth comparing: those of a target, and those of a namespace where it is no crowd."""
    groups: dict[tuple[str, ...], list[_Job]] = defaultdict(list)
    for job, cron in jobs:
        for target in set(job.targets):
            groups["target", target, job.time_zone].append((job, cron))
        if cron.starts_a_day <= _MOST_STARTS_A_DAY:
            for hour in cron.hours:
                for minute in cron.minutes:
                    place = ("place", job.namespace, job.time_zone, f"{hour}:{minute}")
                    groups[place].append((job, cron))
    for group in groups.values():
        if len(group) <= _LARGEST_CROWD:
            yield from combinations(sorted(group, key=lambda j: j[0].key), 2)


def _coincidence(one: Workload, other: Workload, times: tuple[str, ...]) -> Coincidence:
    common = tuple(sorted(set(one.targets) & set(other.targets)))
    more = f" and {len(times) - _TIMES_SAID} more times" if len(times) > _TIMES_SAID else ""
    said = f"{one.name} ({one.schedule}) and {other.name} ({other.schedule}) both start at "
    said += f"{', '.join(times[:_TIMES_SAID])}{more}{f' {one.time_zone}' if one.time_zone else ''}"
    if common:
        said += f", both on {', '.join(t.rsplit('/', 1)[-1] for t in common)}"
    sure = _SURE_OF_TARGET if common else _SURE_OF_NAMESPACE
    return Coincidence(one.key, other.key, times, common, said, sure)


def _field(text: str, bounds: tuple[int, int], words: dict[str, int]) -> set[int] | None:
    """The values of one cron field; None when it is not one."""
    found: set[int] = set()
    for part in text.lower().split(","):
        span, slash, step = part.partition("/")
        every = int(step) if step.isdecimal() and len(step) < 4 else 0
        if slash and every == 0:
            return None
        values = _span(span, bounds, words, open_end=bool(slash))
        if values is None:
            return None
        found.update(values[:: every or 1])
    return found


def _span(
    text: str, bounds: tuple[int, int], words: dict[str, int], *, open_end: bool
) -> range | None:
    low, high = bounds
    if text in ("*", "?"):
        # Sunday is both 0 and 7; a star means each day once.
        return range(low, min(high, 6) + 1) if bounds == _BOUNDS[4] else range(low, high + 1)
    first, dash, last = text.partition("-")
    start = _number(first, words)
    end = _number(last, words) if dash else (high if open_end else start)
    if start is None or end is None or not low <= start <= end <= high:
        return None
    return range(start, end + 1)


def _number(text: str, words: dict[str, int]) -> int | None:
    return words.get(text, int(text) if text.isdecimal() and len(text) < 4 else None)


def _share_a_day(one: Cron, other: Cron) -> bool:
    """Whether both run on some day of some year; over the years each date falls on each weekday."""
    return any(
        one.runs_on(date, weekday) and other.runs_on(date, weekday)
        for month in one.months & other.months
        for date in range(1, _DAYS_OF_MONTH[month - 1] + 1)
        for weekday in range(7)
    )

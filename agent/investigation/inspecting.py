"""The tool that looks into the stored answer of an earlier step, so that observations can be short.

It never calls a vendor, and it sees only the steps of the investigation that it is called for.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Protocol

from pydantic import Field

from agent.errors import BadArguments, NotFound
from agent.investigation.context import current_investigation
from agent.investigation.raw_lines import lines_of
from agent.model import Reading, Step
from agent.redaction import redact
from agent.tools import tool

MOST_LINES = 200
_LINE_CHARACTERS = 400
_OBSERVATION_CHARACTERS = 4_000
_SEARCH_SECONDS = 1.0
_HANDLE = re.compile(r"\s*(?:s|step\s*)?(\d{1,4})\s*", re.IGNORECASE)
_SPECIAL = re.compile(r"[.^$*+?{}\[\]\\|()]")
_CLOCK = re.compile(r"(?:(\d{4}-\d\d-\d\d)[T ])?([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?\S*")
_STAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d{1,6})?\d*(?:Z|[+-]\d\d:?\d\d)?")
_DAY = timedelta(days=1)
_Matches = Callable[[str], bool]


class StoredSteps(Protocol):
    """Where the raw answers are."""

    async def load_steps(self, investigation: int) -> tuple[Step, ...]:
        """The finished tool calls with their raw answers, by number."""


class InspectTools:
    """Looks into what was gathered before."""

    def __init__(self, steps: StoredSteps) -> None:
        self._steps = steps

    @tool("srebot", cost_seconds=0.05, deadline_seconds=10.0, shared=False)
    async def inspect(
        self,
        handle: Annotated[str, Field(description="of an earlier step, such as s12")],
        grep: Annotated[str, Field(max_length=200, description="text or regular expression")] = "",
        around: Annotated[str, Field(max_length=200, description="time (02:14) or text")] = "",
        lines: Annotated[int, Field(ge=1, le=MOST_LINES)] = 40,
    ) -> Reading:
        """The whole answer of an earlier step: its lines with some text, or around a time or a text."""
        step = await self._step(handle)
        reading = step.reading
        if reading is None:
            raise NotFound(f"s{step.number} gave no answer that could be inspected ({step.status})")
        found, count, total = await asyncio.to_thread(_found, step, grep, around, lines)
        asked = f" | grep -i {grep!r}" * bool(grep) + f" | around {around!r}" * bool(around)
        what = f"{count} of {total} lines match" if grep else f"{total} lines"
        head = f"s{step.number} ({step.check.tool}): {what}, {len(found)} shown"
        return Reading(
            source=reading.source,
            query=f"inspect s{step.number}{asked} ({reading.query})",
            observation=_bounded([head, *found]),
            data={"step": step.number, "matches": count, "lines": found},
            link=reading.link,
            window=reading.window,
        )

    async def _step(self, handle: str) -> Step:
        investigation, match = current_investigation.get(), _HANDLE.fullmatch(handle)
        if investigation is None:
            raise BadArguments("inspect works within an investigation only")
        if match is None:
            raise BadArguments(f"{handle!r} is no handle of a step; one looks like s12")
        steps = {s.number: s for s in await self._steps.load_steps(investigation)}
        if (step := steps.get(int(match[1]))) is None:
            there = f"there are s{min(steps)} to s{max(steps)}" if steps else "there is none yet"
            raise BadArguments(f"There is no step {handle}; {there}")
        return step


def _found(step: Step, grep: str, around: str, most: int) -> tuple[list[str], int, int]:
    """The lines to show, how many match, and how many there are."""
    reading = step.reading
    if reading is None:
        return [], 0, 0
    kept = lines_of(redact(reading.raw)) if reading.raw else _without_raw(reading)
    places = list(range(len(kept)))
    if grep:
        matches = _matcher(grep, kept)
        places = [p for p in places if matches(kept[p])]
    count = len(places)
    if around:
        places = _near(kept, places, around, most, step.started_at)
    shown = [_cut(kept[p], grep) for p in places[:most]]
    return shown, count, len(kept)


def _without_raw(reading: Reading) -> list[str]:
    """Some tools keep no raw answer, and old ones are dropped: then what was made of it."""
    return [*reading.observation.splitlines(), *lines_of(json.dumps(reading.data, default=str))]


def _matcher(grep: str, lines: Sequence[str]) -> _Matches:
    """Plain text where any line has it, else a regular expression; case does not matter.

    Raises:
        BadArguments: it is no regular expression, or takes too long.
    """
    plain = grep.casefold()
    if not _SPECIAL.search(grep) or any(plain in line.casefold() for line in lines):
        return lambda line: plain in line.casefold()
    import regex  # type: ignore[import-untyped]  # knows a time limit, which ``re`` does not

    try:
        pattern: Any = regex.compile(grep, regex.IGNORECASE)
    except regex.error as error:
        raise BadArguments(
            f"No line holds the text {grep!r}, and it is no regular expression: {error}"
        ) from None
    until = time.monotonic() + _SEARCH_SECONDS

    def matches(line: str) -> bool:
        left = until - time.monotonic()
        try:
            if left <= 0:
                raise TimeoutError
            return pattern.search(line, timeout=left) is not None
        except TimeoutError:
            raise BadArguments(
                f"The regular expression {grep!r} takes too long; use a simpler one, or plain text"
            ) from None

    return matches


def _near(
    lines: Sequence[str], places: Sequence[int], around: str, most: int, day: datetime
) -> list[int]:
    """The places closest to a time or to the first line with a text, in their order.

    Raises:
        BadArguments: no line has the text.
    """
    if (clock := _CLOCK.fullmatch(around.strip())) is not None:
        times = {p: at for p in places if (at := _time_of(lines[p])) is not None}
        target = _moment(clock, day)
        by_distance = sorted(times, key=lambda p: _apart(times[p], target, dated=bool(clock[1])))
        return sorted(by_distance[:most])
    text = around.casefold()
    first = next((p for p, line in enumerate(lines) if text in line.casefold()), None)
    if first is None:
        raise BadArguments(
            f"No line holds {around!r}; around takes a time such as 02:14, or a text"
        )
    return sorted(sorted(places, key=lambda p: abs(p - first))[:most])


def _moment(clock: re.Match[str], day: datetime) -> datetime:
    date = datetime.fromisoformat(clock[1]) if clock[1] else day
    hour, minute, second = int(clock[2]), int(clock[3]), int(clock[4] or 0)
    return date.replace(hour=hour, minute=minute, second=second, microsecond=0, tzinfo=UTC)


def _apart(at: datetime, target: datetime, *, dated: bool) -> timedelta:
    apart = abs(at - target)
    if dated:
        return apart
    within_a_day = apart % _DAY
    return min(within_a_day, _DAY - within_a_day)


def _time_of(line: str) -> datetime | None:
    if (stamp := _STAMP.search(line)) is None:
        return None
    try:
        at = datetime.fromisoformat(stamp[0].replace("Z", "+00:00"))
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _cut(line: str, grep: str) -> str:
    """A long line around what was searched for."""
    if len(line) <= _LINE_CHARACTERS:
        return line
    start = max(0, line.casefold().find(grep.casefold()) - _LINE_CHARACTERS // 2) if grep else 0
    return f"{'…' if start else ''}{line[start : start + _LINE_CHARACTERS]}…"


def _bounded(lines: Sequence[str]) -> str:
    kept: list[str] = []
    room = _OBSERVATION_CHARACTERS
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            kept.append(f"+{len(lines) - len(kept)} lines: narrow it by grep")
            break
        kept.append(line)
    return "\n".join(kept)

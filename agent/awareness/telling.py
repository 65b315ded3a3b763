"""What people are told of signals: the first words where one is investigated, a line or a pointer where it belongs to others.

Of a storm little is said: the first alerts of an Issue point to its thread, after that only the count in its summary
moves, and that not more often than every ``REFRESH_SECONDS``.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import structlog

from agent.awareness.changes import change_line, changes_before
from agent.awareness.correlation import SAME_ALERT
from agent.awareness.intake import is_recovery
from agent.awareness.issues import Issue, IssueStatus, Joined
from agent.house import House
from agent.model import AlertState, Signal, SignalKind
from agent.store.investigations import ENDED

MOST_POINTERS = 10
"""Alerts of one Issue under which its thread is pointed to."""
REFRESH_SECONDS = 5.0

_log = structlog.get_logger(__name__)


class Telling:
    """Tells people of signals; every method may be repeated after a crash."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._refreshing: dict[int, asyncio.Task[None]] = {}

    async def first_words(self, number: int, signal: Signal, joined: Joined | None) -> None:
        """The summary goes out, before anything slow."""
        house = self._house
        if joined is not None and signal.kind is SignalKind.EMERGING:
            place = await house.notifier.emerging(joined.issue, signal)
            await house.store.investigations.set_conversation(number, place)
            await house.store.issues.set_conversation(joined.issue.id, place)
        case = await house.store.cases.load(number)
        if case.signal.kind is SignalKind.QUESTION:
            await house.notifier.taken(case.signal)
            return
        conversation, _ = await asyncio.gather(
            house.notifier.summary(case), house.notifier.taken(case.signal)
        )
        await house.store.investigations.set_conversation(number, conversation)
        if joined is not None and conversation != joined.issue.conversation:
            await house.store.issues.set_conversation(joined.issue.id, conversation)

    async def changes(self, number: int, issue: Issue) -> None:
        """What changed shortly before an Issue began, in its thread."""
        found = await changes_before(self._house.store, issue)
        if not found:
            return
        case = await self._house.store.cases.load(number)
        for signal in found:
            line = change_line(signal, issue.opened_at)
            await self._house.notifier.update(case, f"change-{signal.key}", line)

    def concerns(self, joined: Joined | None) -> int | None:
        """The investigation whose thread a signal concerns that starts none itself; None: nothing is said of it."""
        return None if joined is None or joined.opened else joined.issue.investigation

    async def beside(self, number: int, signal: Signal, joined: Joined) -> None:
        """A line in the thread of its Issue, or a pointer there, where the signal deserves one."""
        if (line := line_on(signal, joined)) is not None:
            case = await self._house.store.cases.load(number)
            if line.always or case.investigation.status not in ENDED:
                await self._house.notifier.update(case, line.key, line.text)
        if deserves_pointer(signal, joined):
            await self._house.notifier.pointer(signal, joined)

    def refresh(self, investigation: int) -> None:
        """Have the summary show the Issue as it stands, soon and once for all that comes meanwhile.

        Not durable: what a crash forgets shows with the investigation's next word.
        """
        if investigation in self._refreshing:
            return

        async def later() -> None:
            await asyncio.sleep(REFRESH_SECONDS)
            del self._refreshing[investigation]
            await self._house.notifier.summary(await self._house.store.cases.load(investigation))

        task = asyncio.create_task(later())
        self._refreshing[investigation] = task
        task.add_done_callback(_log_failure)


def _log_failure(task: asyncio.Task[None]) -> None:
    """The next state is drawn whole anyway."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.warning("refresh_failed", error=repr(error))


class Line(NamedTuple):
    """A line in an Issue's thread, once per key."""

    key: str
    text: str
    always: bool = True
    """Also when its investigation has ended."""


def is_told(signal: Signal, joined: Joined) -> bool:
    """Whether a signal deserves a line or a pointer."""
    return line_on(signal, joined) is not None or deserves_pointer(signal, joined)


def line_on(signal: Signal, joined: Joined) -> Line | None:
    """The line that a signal deserves in its Issue's thread; most deserve none."""
    issue, when = joined.issue, f"{signal.occurred_at:%H:%M} UTC"
    if signal.kind is SignalKind.CHANGE:
        return Line(f"change-{signal.key}", change_line(signal, issue.opened_at), always=False)
    if is_recovery(signal):
        if issue.flapping or issue.status is not IssueStatus.RECOVERED or issue.closed_at is None:
            return None
        source = signal.source.capitalize()
        said = "the alert" if issue.signals == 1 else f"the last of its {issue.signals} alerts"
        return Line(
            f"recovered-{issue.closed_at}", f"{source} says that {said} recovered at {when}."
        )
    if issue.flapping and signal.state is AlertState.TRIGGERED:
        text = f"“{signal.title}” comes and goes: it is flapping. I keep it here and stay quiet about it."
        return Line("flapping", text)
    if signal.state is AlertState.TRIGGERED and joined.reason == SAME_ALERT:
        text = f"The same alert came again at {when}; it is looked into here, repeats are only counted."
        return Line("again", text, always=False)
    if signal.kind is SignalKind.EMERGING:
        return Line(f"emerging-{signal.key}", f"Weak signals point to it as well: {signal.title}.")
    return None


def deserves_pointer(signal: Signal, joined: Joined) -> bool:
    """Whether its own thread should say where it is looked into: not of repeats, nor of more than a few of a storm."""
    if joined.duplicate or is_recovery(signal) or signal.state is AlertState.RENOTIFIED:
        return False
    if joined.issue.flapping or joined.issue.signals > MOST_POINTERS + 1:
        return False
    own, place = signal.conversation, joined.issue.conversation
    return own is not None and bool(own.thread) and place is not None and own != place

"""Plays a past investigation again from its journal: the same code, without a vendor, a model or anybody told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn, TypeVar, cast

from agent.errors import ReasonerUnavailable, SrebotError
from agent.investigation.equipment import Together
from agent.investigation.journal import INBOX, result_of
from agent.investigation.loop import Investigator
from agent.investigation.recorded import PastRun, RecordedRegistry
from agent.investigation.shelf import Oblivion, Shelf, Silence
from agent.model import Case, Check, Evidence, Finding, Hypothesis, Reading, Step
from agent.ports import (
    Answered,
    CaseStore,
    Clock,
    Concluded,
    Durable,
    Entry,
    Inbox,
    Notifier,
    Proposed,
    Reasoner,
    Received,
    Weighed,
)
from agent.reasoning.rules import Rules
from agent.tools import Registry

T = TypeVar("T")

_FORMERLY_APART = "record-"
"""How the names of entries began that gave nothing: older versions stored each round in a step of its own."""


class Differs(SrebotError):
    """The present code takes another way than the recorded one."""


class RecordEnds(SrebotError):
    """The record goes no further: the investigation is under way, or a crash or a failure cut it short."""


class ReplayDurable:
    """Gives out the recorded results in their order (``agent.ports.Durable``).

    Steps that gave nothing are run, since all they do is to store and to tell; so is what others do beside.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = [e for e in entries if not e.name.startswith(_FORMERLY_APART)]
        self.place = 0
        """Of the next entry."""

    @property
    def next(self) -> Entry | None:
        """The next entry; None at the record's end."""
        return self._entries[self.place] if self.place < len(self._entries) else None

    async def step(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        """The recorded result.

        Raises:
            Differs: another step was recorded here.
            RecordEnds: nothing was recorded here.
        """
        entry = self.next
        if entry is None:
            raise RecordEnds(f"The record ends before the step {name}.")
        if entry.name != name:
            raise Differs(
                f"The code that ran then differs: expected the step {name}, recorded is {entry.name} "
                f"(entry {entry.position} of the journal)."
            )
        self.place += 1
        result = result_of(entry)
        if result is None:
            return await work()
        if isinstance(work, Together):
            await work.beside()
        return cast(T, result)

    def assert_over(self) -> None:
        """Nothing may be left of the record.

        Raises:
            Differs: something is.
        """
        if (entry := self.next) is not None:
            raise Differs(
                f"The code that ran then differs: expected the end, recorded is the step {entry.name} "
                f"(entry {entry.position} of the journal)."
            )


class ReplayInbox:
    """Gives out what people sent when they sent it (``agent.ports.Inbox``)."""

    def __init__(self, durable: ReplayDurable) -> None:
        self._durable = durable
        self._looks = 0

    async def take(self) -> Received:
        """What came then."""
        self._looks += 1
        name, entry = f"{INBOX}-{self._looks}", self._durable.next
        if entry is None or entry.name != name:
            return Received()
        return await self._durable.step(name, _unreached)


class Absent:
    """A reasoner that is known by name only: what it thought is in the record (``agent.ports.Reasoner``)."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def propose(self, case: Case) -> Proposed:
        """It cannot."""
        self._refuse()

    async def weigh(self, case: Case, steps: Sequence[Step]) -> Weighed:
        """It cannot."""
        self._refuse()

    async def conclude(self, case: Case) -> Concluded:
        """It cannot."""
        self._refuse()

    async def answer(self, case: Case, steps: Sequence[Step]) -> Answered:
        """It cannot."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise ReasonerUnavailable(f"{self.name} is not asked anew")


@dataclass(frozen=True)
class Played:
    """An investigation that was played again."""

    boards: tuple[tuple[int, tuple[Hypothesis, ...]], ...]
    """The board after each round."""
    evidence: tuple[Evidence, ...]
    finding: Finding | None
    cut_short: str = ""
    """Why it did not come to its end; empty when it did."""


async def play(investigation: int, runs: Sequence[PastRun]) -> Played:
    """Play all runs of an investigation again.

    Raises:
        Differs: the present code takes another way.
    """
    shelf: Shelf | None = None
    cut_short = ""
    for run in runs:
        if run.case is None:
            cut_short = "The record ends before the investigation was opened."
            continue
        shelf = shelf or Shelf(run.case)
        cut_short = await _play_run(investigation, run, shelf)
    if shelf is None:
        return Played(boards=(), evidence=(), finding=None, cut_short=cut_short)
    return played_of(shelf, cut_short)


def played_of(shelf: Shelf, cut_short: str = "") -> Played:
    """What has come onto a shelf."""
    return Played(
        boards=tuple(sorted(shelf.boards.items())),
        evidence=tuple(shelf.evidence[n] for n in sorted(shelf.evidence)),
        finding=shelf.finding,
        cut_short=cut_short,
    )


async def _play_run(investigation: int, run: PastRun, shelf: Shelf) -> str:
    durable = ReplayDurable(run.entries)
    registry = RecordedRegistry(run.begun.tools, _unasked)
    played = investigator_of(run, registry, None, shelf, _Stopped(run.entries[-1].at))
    try:
        await go(played, investigation, run, durable, ReplayInbox(durable))
    except RecordEnds as end:
        return str(end)
    durable.assert_over()
    return ""


def investigator_of(
    run: PastRun, registry: Registry, reasoner: Reasoner | None, shelf: Shelf, clock: Clock
) -> Investigator:
    """The real loop amid recorded tools; without a ``reasoner``, with one that is known by name only."""
    rules = Rules()
    if reasoner is None:
        by_name = run.begun.reasoner
        reasoner = rules if by_name == rules.name else Absent(by_name)
    return Investigator(
        registry,
        reasoner,
        rules,
        cast(CaseStore, shelf),
        Oblivion(),
        cast(Notifier, Silence()),
        clock,
        patience_seconds=0.0,
    )


async def go(
    investigator: Investigator, investigation: int, run: PastRun, durable: Durable, inbox: Inbox
) -> Case:
    """Run the loop as that run was begun; returns what it came to."""
    added: dict[str, Any] = {"reopened": run.begun.reopened} if run.begun.reopened else {}
    found = await investigator.run(investigation, durable, inbox, **added)
    return found.case


class _Stopped:
    """A clock that stands (``agent.ports.Clock``)."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at


async def _unasked(check: Check) -> Reading:
    raise Differs(f"The code that ran then differs: {check.tool} would be asked anew.")


async def _unreached() -> Received:
    raise Differs("The record of what people sent cannot be read.")

"""Takes a past investigation another way: as recorded up to a point, for real from there on.

From that point the present code thinks, with a person's hint where one is given. Tools answer from the record where they
were asked the same; what people said later is not heard, since they answered to what then was going on.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from agent.errors import SrebotError
from agent.investigation.directives import directives_in
from agent.investigation.inspecting import InspectTools
from agent.investigation.journal import specs_of
from agent.investigation.recorded import PastRun, RecordedAnswers, RecordedRegistry
from agent.investigation.replay import (
    Played,
    ReplayDurable,
    ReplayInbox,
    go,
    investigator_of,
    played_of,
)
from agent.investigation.shelf import Shelf
from agent.model import Case, Check, Note, Reading, Step
from agent.ports import Answered, Concluded, Proposed, Reasoner, Received, Weighed
from agent.tools import Registry, tools_of

T = TypeVar("T")
_ROUND = re.compile(r"(?:r|round[ :-]?)(\d{1,6})", re.I)
_STEP = re.compile(r"\d{1,6}")


@dataclass(frozen=True)
class Point:
    """Where the recorded way is left."""

    run: PastRun
    place: int
    """How many entries of the run are taken from the record."""
    words: str

    @property
    def is_start(self) -> bool:
        """Whether nothing had been looked at."""
        return not any(place < self.place for place, _ in self.run.rounds)

    @property
    def steps(self) -> int:
        """How many tool calls are taken from the record."""
        known = self.run.case.steps if self.run.case else ()
        taken = [s.number for place, r in self.run.rounds if place < self.place for s in r.steps]
        return max((*taken, *(s.number for s in known)), default=0)


def point_of(runs: Sequence[PastRun], text: str) -> Point:
    """The point that a person names: ``0`` is the start, ``7`` the round in which step 7 was taken, ``r2`` round 2; what a
    round showed is taken from the record, what it means is thought about anew.

    Raises:
        SrebotError: there is no such step or round.
    """
    if text == "0":
        return Point(runs[0], _opened(runs[0]), "the start")
    wanted = _ROUND.fullmatch(text)
    if wanted is None and not _STEP.fullmatch(text):
        raise SrebotError(
            f"--from takes the number of a step, such as 7, or a round, such as r2, not {text!r}."
        )
    number = int(wanted[1] if wanted else text)
    for run in runs:
        for place, found in run.rounds:
            if any(number == (s.round if wanted else s.number) for s in found.steps):
                at = found.steps[0].round
                step = "" if wanted else f", in which step {number} was taken"
                return Point(run, place + 1, f"the end of round {at}{step}")
    raise SrebotError(f"There is no {'round' if wanted else 'step'} {number}: {_range(runs)}.")


def _opened(run: PastRun) -> int:
    if run.case is None:
        raise SrebotError(
            "The record ends before the investigation was opened: nothing can be forked."
        )
    return next(n for n, entry in enumerate(run.entries) if entry.kind == Case.__name__) + 1


def _range(runs: Sequence[PastRun]) -> str:
    steps = [s for run in runs for s in run.steps]
    if not steps:
        return "the record holds none"
    return (
        f"the record has the steps 1 to {max(s.number for s in steps)} "
        f"in the rounds {min(s.round for s in steps)} to {max(s.round for s in steps)}"
    )


class ForkDurable(ReplayDurable):
    """Gives out the record up to a point and runs the steps after it (``agent.ports.Durable``).

    Args:
        point: where that is.
        note: what the case is given to begin with, when the point is the start.
    """

    def __init__(self, point: Point, note: Note | None) -> None:
        super().__init__(point.run.entries[: point.place])
        self._note = note if point.is_start else None

    async def step(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        """The recorded result, or what ``work`` gives now."""
        if self.next is None:
            return await work()
        result = await super().step(name, work)
        if isinstance(result, Case) and self._note is not None:
            return result.model_copy(update={"notes": (*result.notes, self._note)})
        return result


class ForkInbox(ReplayInbox):
    """Gives out what people sent up to the point, then the hint, once (``agent.ports.Inbox``)."""

    def __init__(self, durable: ForkDurable, point: Point, note: Note | None) -> None:
        super().__init__(durable)
        self._hint = Received()
        if note is not None:
            said = () if point.is_start else (note,)
            self._hint = Received(notes=said, directives=directives_in(note))

    async def take(self) -> Received:
        """What came."""
        if self._durable.next is not None:
            return await super().take()
        hint, self._hint = self._hint, Received()
        return hint


class Successor:
    """A reasoner that takes over where the record is left; until then it goes by its predecessor's name.

    Implements ``agent.ports.Reasoner``.
    """

    def __init__(self, reasoner: Reasoner, predecessor: str, durable: ForkDurable) -> None:
        self._reasoner = reasoner
        self._predecessor = predecessor
        self._durable = durable

    @property
    def name(self) -> str:
        """Who thinks now."""
        return self._predecessor if self._durable.next is not None else self._reasoner.name

    async def propose(self, case: Case) -> Proposed:
        """The opening."""
        return await self._reasoner.propose(case)

    async def weigh(self, case: Case, steps: Sequence[Step]) -> Weighed:
        """What the steps say."""
        return await self._reasoner.weigh(case, steps)

    async def conclude(self, case: Case) -> Concluded:
        """The finding."""
        return await self._reasoner.conclude(case)

    async def answer(self, case: Case, steps: Sequence[Step]) -> Answered:
        """The answer to a question."""
        return await self._reasoner.answer(case, steps)


class GoingOn:
    """A clock that goes on from a past moment (``agent.ports.Clock``)."""

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._since = time.monotonic()

    def now(self) -> datetime:
        """That moment, and what has passed since."""
        return self._at + timedelta(seconds=time.monotonic() - self._since)


@dataclass(frozen=True)
class Present:
    """What a fork thinks and looks with."""

    reasoner: Callable[[Registry], Reasoner]
    registry: Registry
    """The tools that there are now."""
    live: bool = False
    """Whether they may be asked what is not in the record."""


@dataclass(frozen=True)
class Forked:
    """An investigation that was taken another way."""

    case: Case
    played: Played
    steps: tuple[Step, ...]


async def fork(
    investigation: int,
    point: Point,
    stored: Sequence[Step],
    present: Present,
    hint: str = "",
    user: str = "",
) -> Forked:
    """Take the recorded way up to ``point`` and go on from there; nothing is stored and nobody is told.

    Args:
        investigation: its number.
        point: where the recorded way is left.
        stored: all tool calls of the record, with their raw answers where they are kept.
        present: what it goes on with.
        hint: what ``user`` would have it know there.
        user: who gives the hint.

    Raises:
        Differs: up to the point, the present code takes another way than the recorded one.
    """
    run, case = point.run, point.run.case
    assert case is not None, "a point lies after the opening"
    clock = GoingOn(run.entries[point.place - 1].at)
    note = Note(user=user, text=hint, at=clock.now()) if hint else None
    specs = {spec.name: spec for spec in (*specs_of(present.registry), *run.begun.tools)}

    async def live(check: Check) -> Reading:
        return await present.registry[check.tool](check.arguments)

    answers = RecordedAnswers(investigation, stored, specs.values(), live if present.live else None)
    shelf = Shelf(case, [s for s in stored if s.number <= point.steps])
    registry = RecordedRegistry(specs.values(), answers, tools_of(InspectTools(shelf)))
    durable = ForkDurable(point, note)
    reasoner = Successor(present.reasoner(registry), run.begun.reasoner, durable)
    investigator = investigator_of(run, registry, reasoner, shelf, clock)
    ended = await go(investigator, investigation, run, durable, ForkInbox(durable, point, note))
    return Forked(case=ended, played=played_of(shelf), steps=await shelf.load_steps(investigation))

"""What investigations work with, and what their durable steps give."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar

from agent.investigation.checks import Checks
from agent.learning.calibration import Calibration
from agent.model import Case, Change, Check, Finding, Step, Utc, Value
from agent.ports import CaseStore, Clock, Notifier, Reasoner

T = TypeVar("T")


@dataclass(frozen=True)
class Together(Generic[T]):
    """The work of a durable step that gives something while, beside it, things are stored and told.

    Where the result is remembered and not worked out, ``beside`` may be run alone: it gives nothing, and doing it again
    changes nothing.
    """

    work: Callable[[], Awaitable[T]]
    beside: Callable[[], Awaitable[None]]

    async def __call__(self) -> T:
        """Both at the same time."""
        beside = asyncio.ensure_future(self.beside())
        try:
            result = await self.work()
            await beside
        finally:
            beside.cancel()
        return result


class Doubter(Protocol):
    """Knows what would speak against a hypothesis, and what is worth a second look."""

    def second_look(self, case: Case) -> tuple[Check, ...]:
        """Checks that repeat, later, what may have passed by itself."""

    def attack(self, case: Case) -> tuple[Check, ...]:
        """Checks that could refute the leading hypothesis."""


class RulesReasoner(Reasoner, Doubter, Protocol):
    """The reasoner that needs no model: it always can go on."""


class Investigated(Value):
    """An investigation that came to its end, with the changes that would mend what it found, best first."""

    case: Case
    changes: tuple[Change, ...] = ()


class Round(Value):
    """The steps of a round and the moment it ended."""

    steps: tuple[Step, ...]
    at: Utc


class Gated(Value):
    """A finding after the gates, and the moment it was settled."""

    finding: Finding
    at: Utc


class Equipment(NamedTuple):
    """What investigations work with."""

    checks: Checks
    reasoner: Reasoner
    rules: RulesReasoner
    store: CaseStore
    notifier: Notifier
    clock: Clock
    patience_seconds: float
    calibration: Callable[[], Awaitable[Calibration]] | None = None
    """What verdicts on earlier findings made of confidence; None: findings keep theirs."""

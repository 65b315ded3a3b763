"""What investigations work with, and what their durable steps give."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from agent.investigation.checks import Checks
from agent.model import Case, Change, Check, Finding, Step, Utc, Value
from agent.ports import CaseStore, Clock, Notifier, Reasoner


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

"""An investigation, and all that is known of it."""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property

from agent.model.base import Notebook, Utc, Value
from agent.model.changes import Proposal
from agent.model.company import Entity, Relation
from agent.model.findings import Evidence, Finding, Hypothesis
from agent.model.learnt import Pattern
from agent.model.looking import Step
from agent.model.signals import Conversation, Signal, Triage


class Budget(Value):
    """What an investigation may spend."""

    seconds: float = 300.0
    tool_calls: int = 60
    tokens: int = 200_000
    usd: float = 1.0


class Spent(Value):
    """What an investigation has spent so far."""

    seconds: float = 0.0
    tool_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float = 0.0

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens together."""
        return self.prompt_tokens + self.completion_tokens

    def plus(self, **more: float) -> Spent:
        """The same with ``more`` added field by field."""
        return Spent(**{k: getattr(self, k) + more.get(k, 0) for k in type(self).model_fields})


class InvestigationStatus(StrEnum):
    """Where an investigation stands."""

    RUNNING = "running"
    WAITING_FOR_INPUT = "waiting_for_input"
    WAITING_FOR_APPROVAL = "waiting_for_approval"
    APPLYING = "applying"
    WATCHING = "watching"
    CLOSED = "closed"
    STOPPED = "stopped"
    FAILED = "failed"


class Investigation(Value):
    """One inquiry into one signal."""

    id: int
    signal: Signal
    triage: Triage
    budget: Budget
    conversation: Conversation | None = None
    status: InvestigationStatus = InvestigationStatus.RUNNING
    reasoner: str = ""
    spent: Spent = Spent()
    started_at: Utc
    ended_at: Utc | None = None


class Note(Value):
    """Something that a person said in the thread while it ran; trusted as a statement, never as a command to tools."""

    user: str
    text: str
    at: Utc


class Case(Value):
    """All that is known of an investigation at one moment: what a reasoner thinks on, and what the views show."""

    investigation: Investigation
    now: Utc
    entities: tuple[Entity, ...] = ()
    """The neighbourhood of what was alerted on, itself first."""
    relations: tuple[Relation, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    hypotheses: tuple[Hypothesis, ...] = ()
    steps: tuple[Step, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    notes: tuple[Note, ...] = ()
    round: int = 0
    finding: Finding | None = None
    proposals: tuple[Proposal, ...] = ()

    @property
    def signal(self) -> Signal:
        """The signal under investigation."""
        return self.investigation.signal

    @cached_property
    def notebook(self) -> Notebook:
        """Where those who think on it keep what they worked out; its copies have the same one."""
        return Notebook()

    def ranked(self) -> tuple[Hypothesis, ...]:
        """The hypotheses, most likely first."""
        return tuple(sorted(self.hypotheses, key=lambda h: -h.log_odds))

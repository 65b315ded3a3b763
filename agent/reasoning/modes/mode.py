"""What a declaration of a failure mode consists of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from agent.model import Change, Check
from agent.reasoning.modes.target import Target
from agent.reasoning.modes.view import View

DECISIVE = 3.0
STRONG = 2.0
FAIR = 1.2
WEAK = 0.5
"""Weights of evidence in log-odds; negative against."""


class Role(StrEnum):
    """Where a sign belongs in a report."""

    CAUSE = "cause"
    EFFECT = "effect"
    FORECAST = "forecast"
    CONTEXT = "context"
    """What is remembered of earlier times."""


@dataclass(frozen=True)
class Sign:
    """What the data says for or against a failure mode, in a sentence with its numbers."""

    step: int
    """The step that carries it; for several, the one that was read last matters for when it is told."""
    statement: str
    weight: float
    role: Role = Role.CAUSE
    also: tuple[int, ...] = ()
    """Further steps whose values are in the statement."""
    onset: datetime | None = None
    """When what it says began, if the data tells; set against the onset of what alerted."""

    @property
    def steps(self) -> tuple[int, ...]:
        """All steps it rests on."""
        return (self.step, *self.also)


def _nothing(_: Target, __: View) -> Iterable[Change]:
    return ()


def _no_checks(_: Target, __: View) -> Iterable[Check]:
    return ()


def _always(_: Target, __: View) -> bool:
    return True


def _no_advice(_: Target, __: View) -> Iterable[str]:
    return ()


@dataclass(frozen=True)
class Mode:
    """A way in which things fail."""

    id: str
    statement: str
    """With ``{name}`` for the entity at fault."""
    short: str
    """What to call it where it is ruled out: ``a bad rollout``."""
    prior: float
    """Log-odds before evidence, for an entity that it applies to."""
    flavours: frozenset[str]
    """What sort of thing it can happen to."""
    checks: Callable[[Target, View], Iterable[Check]]
    signs: Callable[[Target, View], Iterable[Sign]]
    fixes: Callable[[Target, View], Iterable[Change]] = _nothing
    refutations: Callable[[Target, View], Iterable[Check]] = _no_checks
    """Checks that are worth it only against the leading hypothesis."""
    words: frozenset[str] = frozenset()
    """Words by which people speak of it: past incidents and discussions with one of them are recalled."""
    refines: frozenset[str] = frozenset()
    """Modes that this one explains, when it is found at something that their entity depends on or at a job beside it."""
    arises: Callable[[Target, View], bool] = _always
    """Whether it comes into question by what is known: a finer mode waits for what it would explain."""
    advice: Callable[[Target, View], Iterable[str]] = _no_advice
    """What people would do about it, beside the fixes or where nothing of the cluster mends it."""
    below: bool = False
    """Whether it is looked for at what the subject depends on as well, not at the subject alone."""
    elsewhere: Callable[[View], Iterable[Target]] | None = None
    """Where it is looked for instead: at what nothing names as its dependency, such as the DNS of the cluster."""

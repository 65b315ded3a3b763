"""What surrounds an investigation that is played again: it is kept in memory and nobody is told."""

from __future__ import annotations

from collections.abc import Sequence

from agent.model import (
    Case,
    Conversation,
    Entity,
    Evidence,
    Finding,
    Hypothesis,
    Investigation,
    Pattern,
    Relation,
    Signal,
    Step,
)


class Shelf:
    """Keeps one investigation in memory just as the database does (``agent.ports.CaseStore``).

    Args:
        case: what ``load`` begins with; the steps in it are those already known.
        steps: the same steps with their raw answers.
    """

    def __init__(self, case: Case, steps: Sequence[Step] = ()) -> None:
        self._case = case
        self.steps = {s.number: s for s in steps}
        self.boards: dict[int, tuple[Hypothesis, ...]] = {}
        self.evidence: dict[int, Evidence] = {}
        self.finding: Finding | None = None

    async def load(self, investigation: int) -> Case:
        """The case with the steps so far."""
        return self._case.model_copy(update={"steps": await self.load_steps(investigation)})

    async def load_steps_from(self, investigation: int, number: int) -> tuple[Step, ...]:
        """The finished tool calls from a number on."""
        return tuple(self.steps[n] for n in sorted(self.steps) if n >= number)

    async def load_raw(self, investigation: int) -> dict[int, str]:
        """The raw answers, by the calls' numbers."""
        return {n: s.reading.raw for n, s in self.steps.items() if s.reading is not None}

    async def load_steps(self, investigation: int) -> tuple[Step, ...]:
        """The finished tool calls, by number."""
        return tuple(self.steps[n] for n in sorted(self.steps))

    async def save_investigation(self, investigation: Investigation) -> None:
        """Its status, reasoner and spending."""
        self._case = self._case.model_copy(update={"investigation": investigation})

    async def save_step(self, investigation: int, step: Step) -> Step:
        """One finished tool call, by its number."""
        self.steps[step.number] = step
        return step

    async def save_hypotheses(
        self, investigation: int, round_number: int, hypotheses: Sequence[Hypothesis]
    ) -> None:
        """The board as it stands after a round."""
        if hypotheses:
            self.boards[round_number] = tuple(hypotheses)

    async def save_evidence(self, investigation: int, evidence: Sequence[Evidence]) -> None:
        """Evidence by number; a known number gains the new weights."""
        for piece in evidence:
            known = self.evidence.get(piece.number, piece)
            weights = {**known.weights, **piece.weights}
            self.evidence[piece.number] = known.model_copy(update={"weights": weights})

    async def save_finding(self, investigation: int, finding: Finding) -> None:
        """What it concluded."""
        self.finding = finding


class Silence:
    """Nobody is told: the part of ``agent.ports.Notifier`` that the loop speaks to."""

    async def summary(self, case: Case) -> Conversation:
        """Nothing."""
        return case.investigation.conversation or Conversation(channel="")

    async def update(self, case: Case, key: str, text: str) -> None:
        """Nothing."""

    async def report(self, case: Case) -> None:
        """Nothing."""


class Oblivion:
    """Knows nothing beyond the record (``agent.ports.Memory``)."""

    async def locate(self, text: str, environment: str = "") -> Entity | None:
        """Nothing."""
        return None

    async def around(
        self, name: str, namespace: str = ""
    ) -> tuple[tuple[Entity, ...], tuple[Relation, ...]]:
        """Nothing."""
        return (), ()

    async def recall(self, signal: Signal) -> tuple[Pattern, ...]:
        """Nothing."""
        return ()

"""The reasoner that is a language model, behind any OpenAI-compatible endpoint.

It uses chat completions with tools: the model hands its results in as calls of tools with strict JSON schemas, and asks
for look-ups as calls of the registry's tools, which the loop runs. Nothing is remembered between calls but the case.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

import openai
import structlog

from agent.errors import ReasonerUnavailable
from agent.model import Case, Step
from agent.ports import Answered, Concluded, Proposed, Weighed
from agent.reasoning.llm_endpoint import DEADLINE_SECONDS, ContextOverflow, Endpoint, Prices
from agent.reasoning.llm_outputs import (
    Answer,
    Conclude,
    Output,
    ProposeHypotheses,
    WeighEvidence,
    change_of,
    change_problems,
    conclusion_problems,
    evidence_of,
    finding_of,
    new_hypotheses,
)
from agent.reasoning.llm_prompt import conversation, oldest_shortened, render, system_prompt
from agent.reasoning.llm_tools import offered
from agent.reasoning.llm_turn import Examine, Turn
from agent.tools import Registry

_log = structlog.get_logger(__name__)


class LlmReasoner:
    """Implements ``agent.ports.Reasoner`` by a model."""

    def __init__(
        self,
        client: openai.AsyncOpenAI,
        model: str,
        registry: Registry,
        prices: Prices | None = None,
        modes: Iterable[str] = (),
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        """``modes`` are the ids of known failure modes; ``deadline_seconds`` bounds one thought with all retries."""
        self._endpoint = Endpoint(client, model, prices or Prices(), deadline_seconds)
        self._registry = registry
        self._modes = tuple(sorted(modes))
        self._system = system_prompt(self._modes)
        self._tools = offered(registry)

    @property
    def name(self) -> str:
        """The model's name."""
        return self._endpoint.model

    async def propose(self, case: Case) -> Proposed:
        """Rival hypotheses, and the look-ups that the model asks for to tell them apart."""
        turn = await self._turn(case, "propose_hypotheses", render("propose"))
        output = turn.output(ProposeHypotheses)
        hypotheses, renamed = new_hypotheses(output.hypotheses, case, self._modes)
        return Proposed(hypotheses=hypotheses, checks=turn.checks(renamed), spent=turn.spent)

    async def weigh(self, case: Case, steps: Sequence[Step]) -> Weighed:
        """What the model reads in ``steps``, as evidence with weights set by code."""
        task = render("weigh", numbers=[s.number for s in steps])
        turn = await self._turn(case, "weigh_evidence", task)
        output = turn.output(WeighEvidence)
        hypotheses, renamed = new_hypotheses(output.new_hypotheses, case, self._modes)
        evidence = evidence_of(output.facts, case, lambda i: renamed.get(i, i))
        return Weighed(
            evidence=evidence,
            hypotheses=hypotheses,
            checks=turn.checks(renamed),
            spent=turn.spent,
        )

    async def conclude(self, case: Case) -> Concluded:
        """The model's report, and the changes it would make; those without provenance are left out."""

        def examine(output: Output) -> list[str]:
            return conclusion_problems(cast(Conclude, output), case)

        turn = await self._turn(case, "conclude", render("conclude"), examine)
        output = turn.output(Conclude)
        changes = tuple(
            change_of(change, case)
            for change in output.changes
            if not change_problems(change, case)
        )
        finding = finding_of(output, case, self.name)
        return Concluded(finding=finding, changes=changes, spent=turn.spent)

    async def answer(self, case: Case, steps: Sequence[Step]) -> Answered:
        """The model's answer to the question, or the look-ups that it needs first."""
        whole = case.model_copy(update={"steps": tuple(steps)})
        turn = await self._turn(whole, "answer", render("answer"), may_look=True)
        if turn.has_output:
            return Answered(text=turn.output(Answer).text, spent=turn.spent)
        return Answered(checks=turn.checks({}), spent=turn.spent)

    async def _turn(
        self,
        case: Case,
        wanted: str,
        task: str,
        examine: Examine | None = None,
        *,
        may_look: bool = False,
    ) -> Turn:
        turn = Turn(self._endpoint, self._registry, self._tools, wanted, examine, may_look=may_look)
        try:
            await turn.take(conversation(self._system, case, task))
        except ContextOverflow:
            _log.warning("context overflow, shortening", model=self.name, steps=len(case.steps))
            short = conversation(self._system, case, task, oldest_shortened(case))
            try:
                await turn.take(short)
            except ContextOverflow:
                raise ReasonerUnavailable(
                    f"{self.name}: the case is longer than it can read"
                ) from None
        return turn


__all__ = ["LlmReasoner", "Prices"]

"""The reasoner that is a language model, behind any OpenAI-compatible endpoint.

It uses chat completions with tools: the model hands its results in as calls of tools with strict JSON schemas, and asks
for look-ups by ``look``, which the loop runs. Nothing is remembered between calls but the case.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count

import openai
import structlog

from agent.errors import ReasonerUnavailable
from agent.investigation.drafts import renumbered
from agent.model import Case, Evidence, Hypothesis, Json, Step
from agent.ports import Answered, Concluded, Exchange, ModelLog, Proposed, Weighed
from agent.reasoning.llm_endpoint import DEADLINE_SECONDS, ContextOverflow, Endpoint, Prices, Reply
from agent.reasoning.llm_outputs import (
    Answer,
    Conclude,
    ProposeHypotheses,
    WeighEvidence,
    change_of,
    change_problems,
    conclusion_problems,
    evidence_of,
    finding_of,
    new_hypotheses,
)
from agent.reasoning.llm_prompt import conversation, render, system_prompt
from agent.reasoning.llm_tools import offered
from agent.reasoning.llm_turn import Examine, Keep, Outputs, Turn
from agent.redaction import redact_data
from agent.tools import Registry

_REASONS = 2
"""Sentences of the chain that a change is justified with."""
_PURPOSES = {
    "propose_hypotheses": "propose",
    "weigh_evidence": "weigh",
    "conclude": "conclude",
    "answer": "answer",
}
"""What is wanted -> the purpose of the call."""
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
        log: ModelLog | None = None,
    ) -> None:
        """``modes`` are the ids of known failure modes; ``deadline_seconds`` bounds one thought with all retries; each
        exchange with the model is kept in ``log``."""
        self._endpoint = Endpoint(client, model, prices or Prices(), deadline_seconds)
        self._registry = registry
        self._log = log
        self._modes = tuple(sorted(modes))
        self._system = system_prompt(self._modes, registry)
        self._tools = offered(registry)

    @property
    def name(self) -> str:
        """The model's name."""
        return self._endpoint.model

    async def propose(self, case: Case) -> Proposed:
        """Rival hypotheses, and the look-ups that the model asks for to tell them apart."""
        turn = await self._turn(case, "propose_hypotheses", render("propose"), _numbers(case.steps))
        output = turn.output(ProposeHypotheses)
        hypotheses, renamed = new_hypotheses(output.hypotheses, case, self._modes)
        return Proposed(hypotheses=hypotheses, checks=turn.checks(renamed), spent=turn.spent)

    async def weigh(self, case: Case, steps: Sequence[Step]) -> Weighed:
        """What the model reads in ``steps``, as evidence with weights set by code; the report too if it is done."""
        numbers = _numbers(steps)
        task = render("weigh", numbers=numbers, next=len(case.evidence) + 1)

        def examine(outputs: Outputs) -> list[str]:
            report, weighed = outputs.get("conclude"), outputs.get("weigh_evidence")
            if not isinstance(report, Conclude):
                return []
            facts = len(weighed.facts) if isinstance(weighed, WeighEvidence) else 0
            return conclusion_problems(report, self._with_new(case, outputs)[0], facts)

        also = ("propose_hypotheses", "conclude")
        turn = await self._turn(case, "weigh_evidence", task, numbers, also, examine)
        whole, hypotheses, renamed = self._with_new(case, turn.outputs)
        output, report = turn.output(WeighEvidence), turn.maybe(Conclude)
        evidence = evidence_of(output.facts, case, lambda i: renamed.get(i, i))
        return Weighed(
            evidence=evidence,
            hypotheses=hypotheses,
            checks=turn.checks(renamed),
            spent=turn.spent,
            concluded=None if report is None else self._concluded(report, whole, evidence, renamed),
        )

    async def conclude(self, case: Case) -> Concluded:
        """The model's report, and the changes it would make; those without provenance are left out."""

        def examine(outputs: Outputs) -> list[str]:
            report = outputs.get("conclude")
            return conclusion_problems(report, case) if isinstance(report, Conclude) else []

        turn = await self._turn(case, "conclude", render("conclude"), examine=examine)
        concluded = self._concluded(turn.output(Conclude), case, (), {})
        return concluded.model_copy(update={"spent": turn.spent})

    async def answer(self, case: Case, steps: Sequence[Step]) -> Answered:
        """The model's answer to the question, or the look-ups that it needs first."""
        whole = case.model_copy(update={"steps": tuple(steps)})
        latest = max((s.round for s in steps), default=0)
        fresh = [s.number for s in steps if s.round == latest]
        turn = await self._turn(whole, "answer", render("answer"), fresh, may_look=True)
        if (output := turn.maybe(Answer)) is not None:
            return Answered(text=output.text, spent=turn.spent)
        return Answered(checks=turn.checks({}), spent=turn.spent)

    def _with_new(
        self, case: Case, outputs: Outputs
    ) -> tuple[Case, tuple[Hypothesis, ...], dict[str, str]]:
        """The case with the hypotheses newly handed in; these; and what their ids became."""
        proposed, weighed = outputs.get("propose_hypotheses"), outputs.get("weigh_evidence")
        new = list(proposed.hypotheses) if isinstance(proposed, ProposeHypotheses) else []
        new += weighed.new_hypotheses if isinstance(weighed, WeighEvidence) else []
        hypotheses, renamed = new_hypotheses(new, case, self._modes)
        whole = case.model_copy(update={"hypotheses": (*case.hypotheses, *hypotheses)})
        return whole, hypotheses, renamed

    def _concluded(
        self, report: Conclude, case: Case, new: Sequence[Evidence], renamed: Mapping[str, str]
    ) -> Concluded:
        """The report; a citation of what is no evidence becomes 0, which nothing has."""
        meant = renamed.get(report.hypothesis, report.hypothesis)
        finding = finding_of(report.model_copy(update={"hypothesis": meant}), case, self.name)
        changes = tuple(
            change_of(change, case, finding.chain[:_REASONS])
            for change in report.changes
            if not change_problems(change, case)
        )
        known = {e.number for e in (*case.evidence, *new)}
        last = max((*known, *(n for c in report.claims for n in c.citations)), default=0)
        nowhere = {n: 0 for n in range(1, last + 1) if n not in known}
        return renumbered(Concluded(finding=finding, changes=changes), nowhere)

    async def _turn(
        self,
        case: Case,
        wanted: str,
        task: str,
        fresh: Collection[int] = (),
        also: Collection[str] = (),
        examine: Examine | None = None,
        *,
        may_look: bool = False,
    ) -> Turn:
        turn = Turn(
            self._endpoint,
            self._registry,
            self._tools,
            wanted,
            also,
            examine,
            self._keeping(case, wanted),
            may_look=may_look,
        )
        try:
            await turn.take(conversation(self._system, case, task, fresh))
        except ContextOverflow:
            _log.warning("context overflow, shortening", model=self.name, steps=len(case.steps))
            try:
                await turn.take(conversation(self._system, case, task, fresh, tight=True))
            except ContextOverflow:
                raise ReasonerUnavailable(
                    f"{self.name}: the case is longer than it can read"
                ) from None
        return turn

    def _keeping(self, case: Case, wanted: str) -> Keep | None:
        """Records the exchanges of one thought."""
        if (log := self._log) is None:
            return None
        latest = max((case.round, *(s.round for s in case.steps)))
        attempts = count(1)

        async def keep(messages: Sequence[Json], reply: Reply) -> None:
            await log.record(
                Exchange(
                    investigation=case.investigation.id,
                    purpose=_PURPOSES[wanted],
                    round=latest,
                    attempt=next(attempts),
                    model=self.name,
                    messages=tuple(messages),
                    tools=self._tools,
                    reply=redact_data(reply.message.model_dump(mode="json", exclude_none=True)),
                    spent=reply.spent,
                    at=datetime.now(UTC),
                )
            )

        return keep


def _numbers(steps: Sequence[Step]) -> list[int]:
    return [s.number for s in steps]


__all__ = ["LlmReasoner", "Prices"]

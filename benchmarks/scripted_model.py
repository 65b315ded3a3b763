"""A model that thinks as the rules do and speaks as Chat Completions do, and counts what it is given to read.

So a model's investigation is measured with prompts of the length that they really have, without a model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx2
import openai

from agent.model import Case, Change, Check, Ending, Finding, Hypothesis, Step
from agent.ports import Concluded, Proposed, Weighed
from agent.reasoning.llm import LlmReasoner
from agent.reasoning.llm_outputs import PRIORS, WEIGHTS
from agent.reasoning.modes.catalogue import CATALOGUE
from agent.reasoning.rules import Rules
from agent.tools import Registry

MODEL = "scripted"
BYTES_PER_TOKEN = 4
"""No tokenizer is at hand; English and JSON come to about four bytes a token."""
_MOST_HYPOTHESES = 8
Call = tuple[str, Any]


class ScriptedModel(LlmReasoner):
    """The model's reasoner, whose endpoint answers what the rules think of the same case."""

    def __init__(self, registry: Registry) -> None:
        self._rules = Rules()
        self._answer: list[Call] = []
        self.prompts: list[bytes] = []
        """What it was given to read, in order: the tools, then the messages."""
        transport = httpx2.MockTransport(self._complete)
        client = openai.AsyncOpenAI(
            api_key="none",
            base_url="http://model.invalid/v1",
            http_client=httpx2.AsyncClient(transport=transport),
        )
        super().__init__(client, MODEL, registry, modes=list(CATALOGUE))

    async def propose(self, case: Case) -> Proposed:
        """The opening."""
        thought = await self._rules.propose(case)
        likely = sorted(thought.hypotheses, key=lambda h: -h.prior)[:_MOST_HYPOTHESES]
        hand_in = {"hypotheses": [_hypothesis(h) for h in likely]}
        self._answer = [("propose_hypotheses", hand_in), _looks(thought.checks)]
        return await super().propose(case)

    async def weigh(self, case: Case, steps: Sequence[Step]) -> Weighed:
        """What the steps say."""
        thought = await self._rules.weigh(case, steps)
        facts = [
            {
                "step": e.step,
                "statement": e.statement,
                "verdicts": [
                    {"hypothesis": h, "verdict": nearest(WEIGHTS, w)} for h, w in e.weights.items()
                ],
            }
            for e in thought.evidence
        ]
        new = [_hypothesis(h) for h in thought.hypotheses]
        self._answer = [("weigh_evidence", {"facts": facts, "new_hypotheses": new})]
        self._answer.append(_looks(thought.checks))
        return await super().weigh(case, steps)

    async def conclude(self, case: Case) -> Concluded:
        """The report."""
        thought = await self._rules.conclude(case)
        self._answer = [("conclude", _conclusion(thought.finding, thought.changes, case))]
        return await super().conclude(case)

    def _complete(self, request: httpx2.Request) -> httpx2.Response:
        asked = json.loads(request.content)
        prompt = b"".join(_bytes(asked[part]) for part in ("tools", "messages"))
        self.prompts.append(prompt)
        calls = [
            {
                "id": f"call_{n}",
                "type": "function",
                "function": {"name": name, "arguments": json.dumps(arguments)},
            }
            for n, (name, arguments) in enumerate(self._answer, 1)
        ]
        message = {"role": "assistant", "content": None, "tool_calls": calls}
        usage = {
            "prompt_tokens": tokens(prompt),
            "completion_tokens": tokens(_bytes(calls)),
            "total_tokens": tokens(prompt) + tokens(_bytes(calls)),
        }
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
        body = {"id": "1", "object": "chat.completion", "created": 1, "model": MODEL}
        return httpx2.Response(200, json={**body, "choices": [choice], "usage": usage})


def tokens(text: bytes) -> int:
    """An estimate of the tokens of a text."""
    return -(-len(text) // BYTES_PER_TOKEN)


def nearest(scale: Mapping[str, float], value: float) -> str:
    """The word of a scale whose number is the closest."""
    return min(scale, key=lambda word: abs(scale[word] - value))


def _bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _hypothesis(hypothesis: Hypothesis) -> dict[str, Any]:
    fields = ("id", "mode", "statement", "entity", "entity_kind", "namespace", "parent")
    given = hypothesis.model_dump(include=set(fields))
    return {**given, "likelihood": nearest(PRIORS, hypothesis.prior)}


def _looks(checks: Sequence[Check]) -> Call:
    return "look", {
        "checks": [
            {"tool": c.tool, "args": c.arguments, "why": c.reason, "tells": list(c.tells)}
            for c in checks
        ]
    }


def _conclusion(finding: Finding, changes: Sequence[Change], case: Case) -> dict[str, Any]:
    meant = next(
        (h.id for h in case.ranked() if (h.mode, h.entity) == (finding.mode, finding.entity)), ""
    )
    known = finding.ending in (Ending.CAUSE_FOUND, Ending.NOTHING_WRONG)
    parts = ("chain", "impact", "forecast", "ruled_out")
    return {
        "ending": finding.ending if known else Ending.INPUT_NEEDED,
        "headline": finding.headline,
        "hypothesis": meant,
        "confidence": finding.confidence,
        "claims": [
            {"part": part, "text": c.text, "citations": list(c.citations)}
            for part in parts
            for c in getattr(finding, part)
        ],
        "next_steps": list(finding.next_steps),
        "question": finding.question,
        "changes": [_change(change) for change in changes],
    }


def _change(change: Change) -> dict[str, Any]:
    # The rules say "step:3", or "computed:step:3" for a value that they derived from it.
    steps = {a: int(s.rpartition("step:")[2]) for a, s in change.provenance.items() if "step:" in s}
    return {
        "kind": change.kind,
        "name": change.target.name,
        "target_kind": change.target.kind,
        "namespace": change.target.namespace,
        "step": steps.get("target", 0),
        "arguments": [
            {"name": name, "value": str(value), "step": steps.get(name, 0)}
            for name, value in change.arguments.items()
        ],
    }

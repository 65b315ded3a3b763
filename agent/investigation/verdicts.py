"""What an investigation came to, in the few facts in which two ways of taking it are compared."""

from __future__ import annotations

from collections.abc import Sequence

from agent.model import Finding, Step, Value


class Verdict(Value):
    """What was concluded, and what was asked for it."""

    ending: str
    cause: str
    """The failure mode's id; empty when no cause is named."""
    entity: str
    confidence: float
    headline: str
    chain: tuple[str, ...]
    unseen: tuple[str, ...]
    question: str
    reasoner: str
    rounds: int
    checks: tuple[str, ...]
    """What was asked, in the order in which it was."""


def verdict_of(finding: Finding, steps: Sequence[Step]) -> Verdict:
    """The verdict of a finding that these tool calls led to."""
    return Verdict(
        ending=finding.ending.value,
        cause=finding.mode,
        entity=finding.entity,
        confidence=finding.confidence,
        headline=finding.headline,
        chain=tuple(claim.text for claim in finding.chain),
        unseen=finding.unseen,
        question=finding.question,
        reasoner=finding.reasoner,
        rounds=max((s.round for s in steps), default=0),
        checks=tuple(asked(s) for s in steps),
    )


def asked(step: Step) -> str:
    """A tool call as people read it: ``kubernetes_events(name=checkout, namespace=production)``."""
    arguments = ", ".join(f"{name}={value}" for name, value in sorted(step.check.arguments.items()))
    return f"{step.check.tool}({arguments})"


def differing(one: Verdict, other: Verdict) -> tuple[str, ...]:
    """The facts in which two verdicts differ; of what was asked, only what is asked in one of them alone counts."""
    return tuple(
        name
        for name in Verdict.model_fields
        if (
            set(one.checks) != set(other.checks)
            if name == "checks"
            else getattr(one, name) != getattr(other, name)
        )
    )

"""What a model is asked to hand in, as JSON schemas, and how that becomes the core's nouns.

Verdicts are words: their weights are set by code, because models are poor at numbers for their own certainty.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.model import (
    Case,
    Change,
    ChangeKind,
    Claim,
    Ending,
    Entity,
    Evidence,
    Finding,
    Hypothesis,
    Json,
    Step,
)

WEIGHTS = {
    "strongly_supports": 1.6,
    "supports": 0.7,
    "says_nothing": 0.0,
    "contradicts": -0.7,
    "strongly_contradicts": -1.6,
}
"""Verdict -> change of log-odds."""
PRIORS = {"likely": -0.4, "possible": -1.2, "unlikely": -2.2}
"""Likelihood before any look -> log-odds (40 %, 23 %, 10 %)."""
OTHER = "other"
_REQUIRED: dict[ChangeKind, tuple[frozenset[str], ...]] = {
    ChangeKind.RESOURCES: (frozenset({"container"}), frozenset({"memory_bytes", "cpu_cores"})),
    ChangeKind.REPLICAS: (frozenset({"replicas"}),),
    ChangeKind.ROLLBACK: (frozenset({"revision"}),),
    ChangeKind.CONFIG_VALUE: (frozenset({"key"}), frozenset({"value"})),
}
"""Kind -> groups of arguments, of each of which one must be given."""


class Output(BaseModel):
    """Something that a model hands in."""

    model_config = ConfigDict(extra="forbid")


class HypothesisOut(Output):
    """A possible cause."""

    id: str = Field(pattern=r"^H\d{1,3}$", description="H1, H2, ...: a number not used before")
    mode: str = Field(description="a failure mode of the list, or other")
    statement: str = Field(description="one sentence: what is wrong with what, and so what")
    entity: str = Field(description="name of the one thing at fault")
    entity_kind: str = Field(description="service, deployment, statefulset, cronjob, database, ...")
    namespace: str
    parent: str = Field(description="id of the hypothesis that this refines; empty if none")
    likelihood: Literal["likely", "possible", "unlikely"]


class ProposeHypotheses(Output):
    """Hand in three to six rival hypotheses; call the look-up tools that tell them apart at the same time."""

    hypotheses: list[HypothesisOut] = Field(min_length=1, max_length=8)


class VerdictOut(Output):
    """What a fact means for one hypothesis."""

    hypothesis: str
    verdict: Literal[
        "strongly_supports", "supports", "says_nothing", "contradicts", "strongly_contradicts"
    ]


class FactOut(Output):
    """One fact that one step shows."""

    step: int = Field(description="number of the step that shows it")
    statement: str = Field(
        description="one sentence with numbers, times and names exactly as in the step's answer"
    )
    verdicts: list[VerdictOut]


class WeighEvidence(Output):
    """Hand in what the latest steps show; call look-up tools at the same time for what to look at next."""

    facts: list[FactOut]
    new_hypotheses: list[HypothesisOut] = Field(description="only what the facts newly suggest")


class ClaimOut(Output):
    """A sentence of the report."""

    text: str = Field(description="one sentence, without [n]")
    citations: list[int] = Field(description="numbers of the evidence that carries it")


class ProvenanceOut(Output):
    """Where the value of an argument was read."""

    argument: str = Field(description="name of the argument, or target")
    step: int = Field(description="number of the step whose answer holds or implies the value")


class ChangeOut(Output):
    """A change that would mend it."""

    kind: Literal[
        "resources", "replicas", "rollback", "restart", "suspend_job", "resume_job", "config_value"
    ]
    name: str = Field(description="name of the workload, job or ConfigMap to change")
    target_kind: str = Field(description="deployment, statefulset, daemonset, cronjob, configmap")
    namespace: str
    container: str | None = Field(description="resources: the container")
    memory_bytes: int | None = Field(description="resources: the new memory limit")
    cpu_cores: float | None = Field(description="resources: the new CPU limit")
    replicas: int | None
    revision: int | None = Field(description="rollback: the revision to return to")
    key: str | None = Field(description="config_value: the key")
    value: str | None = Field(description="config_value: the new value")
    restart: str | None = Field(description="config_value: the deployment to roll afterwards")
    provenance: list[ProvenanceOut] = Field(
        description="for the target and for each argument given, the step it was read in"
    )
    why: list[ClaimOut]


class Conclude(Output):
    """Hand in the report."""

    ending: Literal["cause_found", "nothing_wrong", "input_needed"]
    headline: str = Field(description="one sentence: the cause and what it does")
    hypothesis: str = Field(description="id of the hypothesis that it rests on; empty if none")
    confidence: float = Field(ge=0, le=1)
    chain: list[ClaimOut] = Field(description="from cause to effect")
    impact: list[ClaimOut] = Field(description="who suffers, how much")
    forecast: list[ClaimOut] = Field(description="what comes next, if the data tell")
    ruled_out: list[ClaimOut] = Field(description="what it is not, and why")
    unseen: list[str] = Field(description="what could not be seen")
    next_steps: list[str]
    question: str = Field(description="input_needed: the exact question to people; else empty")
    changes: list[ChangeOut] = Field(description="best first; empty unless the cause is found")


class Answer(Output):
    """Hand in the answer to the question. To look something up first, call the look-up tools instead."""

    text: str = Field(description="Markdown; each statement followed by [n], n the step's number")


def new_hypotheses(
    outputs: list[HypothesisOut], case: Case, modes: Collection[str]
) -> tuple[tuple[Hypothesis, ...], dict[str, str]]:
    """The hypotheses, renumbered where an id is taken, and what their ids became."""
    taken = {h.id for h in case.hypotheses}
    ids: list[str] = []
    renamed: dict[str, str] = {}
    for output in outputs:
        free = output.id if output.id not in taken else _next_id(taken)
        taken.add(free)
        ids.append(free)
        renamed.setdefault(output.id, free)
    values = [
        Hypothesis(
            id=free,
            mode=o.mode if o.mode in modes else OTHER,
            statement=o.statement,
            entity=o.entity,
            entity_kind=o.entity_kind.lower(),
            namespace=o.namespace,
            parent=renamed.get(o.parent, o.parent),
            prior=PRIORS[o.likelihood],
            log_odds=PRIORS[o.likelihood],
        )
        for free, o in zip(ids, outputs, strict=True)
    ]
    return tuple(values), renamed


def _next_id(taken: Collection[str]) -> str:
    return f"H{max((int(i[1:]) for i in taken if i[1:].isdigit()), default=0) + 1}"


def evidence_of(
    facts: list[FactOut], case: Case, rename: Callable[[str], str]
) -> tuple[Evidence, ...]:
    """The facts as evidence; those on steps that did not answer, and those that weigh nothing, are left out."""
    steps = {s.number: s for s in case.steps if s.reading is not None}
    return tuple(
        _evidence(fact, steps[fact.step], len(case.evidence) + place, weights)
        for place, fact in enumerate(facts, 1)
        if fact.step in steps and (weights := _weights(fact, rename))
    )


def _weights(fact: FactOut, rename: Callable[[str], str]) -> dict[str, float]:
    weights = {rename(v.hypothesis): WEIGHTS[v.verdict] for v in fact.verdicts}
    return {hypothesis: weight for hypothesis, weight in weights.items() if weight}


def _evidence(fact: FactOut, step: Step, number: int, weights: dict[str, float]) -> Evidence:
    return Evidence(
        number=number,
        step=step.number,
        statement=fact.statement,
        weights=weights,
        source=step.reading.source if step.reading else "",
        link=step.reading.link if step.reading else "",
        read_at=step.started_at,
    )


def finding_of(output: Conclude, case: Case, reasoner: str) -> Finding:
    """The report as a finding, before the gates."""
    meant = next((h for h in case.hypotheses if h.id == output.hypothesis), None)
    return Finding(
        ending=Ending(output.ending),
        headline=output.headline,
        mode=meant.mode if meant else "",
        entity=meant.entity if meant else "",
        entity_kind=meant.entity_kind if meant else "",
        namespace=meant.namespace if meant else "",
        confidence=output.confidence,
        chain=_claims(output.chain),
        impact=_claims(output.impact),
        forecast=_claims(output.forecast),
        ruled_out=_claims(output.ruled_out),
        unseen=tuple(output.unseen),
        next_steps=tuple(output.next_steps),
        question=output.question,
        reasoner=reasoner,
    )


def conclusion_problems(output: Conclude, case: Case) -> list[str]:
    """What is wrong with a report, one sentence each; a model can mend it when it is told."""
    known = {e.number for e in case.evidence}
    parts = (output.chain, output.impact, output.forecast, output.ruled_out)
    cited = {n for part in parts for claim in part for n in claim.citations}
    problems = [f"There is no evidence [{n}] to cite." for n in sorted(cited - known)]
    if output.ending == "cause_found" and output.hypothesis not in {h.id for h in case.hypotheses}:
        problems.append("cause_found needs `hypothesis`: the id of one on the board.")
    for change in output.changes:
        problems += change_problems(change, case)
    return problems


def change_problems(output: ChangeOut, case: Case) -> list[str]:
    """What a change lacks, one sentence each."""
    given = _arguments(output)
    problems = [
        f"{output.kind} of {output.name} needs {' or '.join(sorted(group))}."
        for group in _REQUIRED.get(ChangeKind(output.kind), ())
        if not group & given.keys()
    ]
    answered = {s.number for s in case.steps if s.reading is not None}
    sourced = {p.argument for p in output.provenance if p.step in answered}
    problems += [
        f"{output.kind} of {output.name} needs the provenance of `{name}`: an answered step."
        for name in ("target", *given)
        if name not in sourced
    ]
    return problems


def change_of(output: ChangeOut, case: Case) -> Change:
    """The change as a proposal may be made of it."""
    same = (
        e
        for e in case.entities
        if (e.name, e.kind, e.namespace) == (output.name, output.target_kind, output.namespace)
    )
    target = next(same, None) or Entity(
        name=output.name,
        kind=output.target_kind.lower(),
        namespace=output.namespace,
        environment=case.signal.environment or output.namespace,
    )
    return Change(
        kind=ChangeKind(output.kind),
        target=target,
        arguments=_arguments(output),
        provenance={p.argument: f"step:{p.step}" for p in output.provenance},
        why=_claims(output.why),
    )


def _arguments(output: ChangeOut) -> Json:
    names = ("container", "memory_bytes", "cpu_cores", "replicas", "revision", "key", "value")
    values = {name: getattr(output, name) for name in (*names, "restart")}
    return {name: value for name, value in values.items() if value is not None}


def _claims(outputs: list[ClaimOut]) -> tuple[Claim, ...]:
    return tuple(Claim(text=o.text, citations=tuple(o.citations)) for o in outputs)

"""What a model is asked to hand in, as JSON schemas, and how that becomes the core's nouns.

Verdicts are words: their weights are set by code, because models are poor at numbers for their own certainty.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

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
    ChangeKind.HPA_BOUNDS: (frozenset({"minimum", "maximum"}),),
    ChangeKind.IMAGE: (frozenset({"container"}), frozenset({"image"})),
}
"""Kind -> groups of arguments, of each of which one must be given."""
_TYPES: dict[str, Callable[[str], Any]] = {
    "container": str,
    "memory_bytes": lambda text: int(float(text)),
    "cpu_cores": float,
    "replicas": int,
    "revision": int,
    "key": str,
    "value": str,
    "restart": str,
    "minimum": int,
    "maximum": int,
    "image": str,
}
"""Argument of a change -> how its value is read."""
_SHORT = {"horizontalpodautoscaler": "hpa"}


class Output(BaseModel):
    """Something that a model hands in."""

    model_config = ConfigDict(extra="forbid")


class HypothesisOut(Output):
    """A possible cause."""

    id: str = Field(pattern=r"^H\d{1,3}$", description="H1, H2, ... not used before")
    mode: str
    statement: str = Field(description="what is wrong with what, and so what")
    entity: str = Field(description="name of the one thing at fault")
    entity_kind: str = Field(description="deployment, database, ...")
    namespace: str
    parent: str = Field(description="id that it refines, or empty")
    likelihood: Literal["likely", "possible", "unlikely"]


class ProposeHypotheses(Output):
    """Rivals at first; later only what the facts newly suggest."""

    hypotheses: list[HypothesisOut] = Field(min_length=1, max_length=8)


class VerdictOut(Output):
    """What a fact means for one hypothesis."""

    hypothesis: str
    verdict: Literal[
        "strongly_supports", "supports", "says_nothing", "contradicts", "strongly_contradicts"
    ]


class FactOut(Output):
    """One fact that one step shows."""

    step: int
    statement: str = Field(description="one sentence")
    verdicts: list[VerdictOut] = Field(description="empty: for the report only")


class WeighEvidence(Output):
    """What the new answers show."""

    facts: list[FactOut]
    new_hypotheses: SkipJsonSchema[list[HypothesisOut]] = []
    """The same as ``propose_hypotheses`` in the same turn, for endpoints that make one call a turn."""


class ClaimOut(Output):
    """A sentence of the report."""

    part: Literal["chain", "impact", "forecast", "ruled_out"]
    text: str
    citations: list[int] = Field(description="numbers of facts")


class ArgumentOut(Output):
    """A value of a change, and where it was read."""

    name: Literal[
        "container",
        "memory_bytes",
        "cpu_cores",
        "replicas",
        "revision",
        "key",
        "value",
        "restart",
        "minimum",
        "maximum",
        "image",
    ]
    value: str
    step: int


class ChangeOut(Output):
    """A change that would mend it."""

    kind: Literal[
        "resources",
        "replicas",
        "rollback",
        "restart",
        "suspend_job",
        "resume_job",
        "config_value",
        "hpa_bounds",
        "image",
        "delete_pod",
        "cordon",
        "uncordon",
    ]
    name: str
    target_kind: str = Field(description="deployment, configmap, hpa, pod, node, ...")
    namespace: str
    step: int = Field(description="the step that shows the target")
    arguments: list[ArgumentOut]


class Conclude(Output):
    """The report."""

    ending: Literal["cause_found", "nothing_wrong", "input_needed"]
    headline: str = Field(description="one sentence: the cause and what it does")
    hypothesis: str = Field(description="id that it rests on, or empty")
    confidence: float = Field(ge=0, le=1)
    claims: list[ClaimOut] = Field(description="chain: from cause to effect")
    next_steps: list[str]
    question: str
    changes: list[ChangeOut]


class Answer(Output):
    """The answer to a question."""

    text: str = Field(description="Markdown; [n] after each statement, n the step's number")


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
    """The facts as evidence, numbered on from the case's; those on steps that did not answer, and those whose verdicts
    say nothing, are left out."""
    steps = {s.number: s for s in case.steps if s.reading is not None}
    return tuple(
        _evidence(fact, steps[fact.step], len(case.evidence) + place, weights)
        for place, fact in enumerate(facts, 1)
        if fact.step in steps
        for weights in (_weights(fact, rename),)
        if weights or not fact.verdicts
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
        chain=_claims(output, "chain"),
        impact=_claims(output, "impact"),
        forecast=_claims(output, "forecast"),
        ruled_out=_claims(output, "ruled_out"),
        next_steps=tuple(output.next_steps),
        question=output.question,
        reasoner=reasoner,
    )


def conclusion_problems(output: Conclude, case: Case, facts: int = 0) -> list[str]:
    """What is wrong with a report, one sentence each; a model can mend it when it is told.

    ``facts``: how many it hands in besides; they are numbered on from the case's evidence.
    """
    known = {e.number for e in case.evidence}
    known |= {len(case.evidence) + place for place in range(1, facts + 1)}
    cited = {n for claim in output.claims for n in claim.citations}
    problems = [f"There is no evidence [{n}] to cite." for n in sorted(cited - known)]
    if output.ending == "cause_found" and output.hypothesis not in {h.id for h in case.hypotheses}:
        problems.append("cause_found needs `hypothesis`: the id of one on the board.")
    for change in output.changes:
        problems += change_problems(change, case)
    return problems


def change_problems(output: ChangeOut, case: Case) -> list[str]:
    """What a change lacks, one sentence each."""
    name = f"{output.kind} of {output.name}"
    given = {a.name for a in output.arguments}
    problems = [
        f"{name} needs {' or '.join(sorted(group))}."
        for group in _REQUIRED.get(ChangeKind(output.kind), ())
        if not group & given
    ]
    answered = {s.number for s in case.steps if s.reading is not None}
    if output.step not in answered:
        problems.append(f"{name} needs in `step` an answered step that shows the target.")
    for argument in output.arguments:
        if argument.step not in answered:
            problems.append(f"{name} needs the answered step that `{argument.name}` was read in.")
        if _value_of(argument) is None:
            problems.append(f"{name}: {argument.value[:40]!r} is no value of `{argument.name}`.")
    return problems


def change_of(output: ChangeOut, case: Case, why: tuple[Claim, ...] = ()) -> Change:
    """The change as a proposal may be made of it, for the reasons ``why``; one without problems."""
    kind = _SHORT.get(output.target_kind.lower(), output.target_kind.lower())
    namespace = "" if kind == "node" else output.namespace
    same = (
        e for e in case.entities if (e.name, e.kind, e.namespace) == (output.name, kind, namespace)
    )
    target = next(same, None) or Entity(
        name=output.name,
        kind=kind,
        namespace=namespace,
        environment=case.signal.environment or namespace,
    )
    return Change(
        kind=ChangeKind(output.kind),
        target=target,
        arguments={a.name: _value_of(a) for a in output.arguments},
        provenance={"target": f"step:{output.step}"}
        | {a.name: f"step:{a.step}" for a in output.arguments},
        why=why,
    )


def _value_of(argument: ArgumentOut) -> Any:
    """The value in its type; None where the text is none."""
    try:
        return _TYPES[argument.name](argument.value)
    except (ValueError, OverflowError):
        return None


def _claims(output: Conclude, part: str) -> tuple[Claim, ...]:
    return tuple(
        Claim(text=c.text, citations=tuple(c.citations)) for c in output.claims if c.part == part
    )

"""Patterns: what a closed investigation taught, to be recalled, checked against what is so now, and cited."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.learning.features import features_of, role_of
from agent.learning.probes import probe_of
from agent.model import (
    Case,
    Ending,
    Evidence,
    Finding,
    Hypothesis,
    Outcome,
    Pattern,
    Probe,
    Proposal,
    ProposalStatus,
)
from agent.reasoning.modes.view import View

_MOST_CHECKS = 5
MOST_PROBES = 6
_MOST_SYMPTOMS = 6
_TELLING = 1.0
"""Weight from which a piece of evidence is said to have told."""


def pattern_of(case: Case, outcome: Outcome | None = None) -> Pattern | None:
    """What a case taught; None when it found no cause.

    Args:
        case: the closed case, with its finding and its proposals.
        outcome: what was seen after the applied change, if there was one.
    """
    finding = case.finding
    if finding is None or finding.ending is not Ending.CAUSE_FOUND:
        return None
    hypothesis = _meant(finding, case)
    telling = _telling(hypothesis, case.evidence)
    queries = {s.number: s.reading.query for s in case.steps if s.reading is not None}
    view, applied = View.of(case), _applied(case.proposals)
    return Pattern(
        symptoms=_distinct([case.signal.title, *(e.statement for e in telling)], _MOST_SYMPTOMS),
        mode=finding.mode,
        entity=finding.entity,
        entity_kind=finding.entity_kind,
        environment=case.signal.environment,
        alerted=case.signal.service,
        role=role_of(finding.entity, view),
        features=features_of(case),
        checks=_distinct((queries[e.step] for e in telling if e.step in queries), _MOST_CHECKS),
        probes=_probes(telling, hypothesis, case),
        tool_calls=case.investigation.spent.tool_calls or len(case.steps),
        fix=applied.plan.summary if applied else "",
        fix_kind=applied.change.kind.value if applied else "",
        fix_arguments=tuple(sorted(applied.change.arguments)) if applied else (),
        outcome=outcome.statement if outcome else "",
        investigation=case.investigation.id,
        last_seen=case.now,
    )


def _meant(finding: Finding, case: Case) -> Hypothesis | None:
    return next(
        (h for h in case.hypotheses if (h.mode, h.entity) == (finding.mode, finding.entity)), None
    )


def _telling(hypothesis: Hypothesis | None, evidence: Iterable[Evidence]) -> list[Evidence]:
    """What told for the cause, the most telling first."""
    if hypothesis is None:
        return []
    told = [e for e in evidence if e.weights.get(hypothesis.id, 0.0) >= _TELLING]
    return sorted(told, key=lambda e: -e.weights[hypothesis.id])


def _probes(
    telling: Sequence[Evidence], hypothesis: Hypothesis | None, case: Case
) -> tuple[Probe, ...]:
    """The look-ups that told, each once with the weight of the heaviest of what it told."""
    if hypothesis is None:
        return ()
    view, steps = View.of(case), {s.number: s for s in case.steps}
    found: dict[int, Probe] = {}
    for evidence in telling:
        step = steps.get(evidence.step)
        if step is None or step.number in found:
            continue
        weight = evidence.weights[hypothesis.id]
        if (probe := probe_of(step.check, view, hypothesis.entity, weight)) is not None:
            found[step.number] = probe
    return tuple(found.values())[:MOST_PROBES]


def _applied(proposals: Sequence[Proposal]) -> Proposal | None:
    done = [p for p in proposals if p.status is ProposalStatus.APPLIED and p.reverts is None]
    return done[-1] if done else None


def _distinct(texts: Iterable[str], most: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(t for t in texts if t))[:most]

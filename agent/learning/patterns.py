"""Patterns: what a closed investigation taught, to be recalled as a prior and cited, never run as a script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.model import Case, Ending, Outcome, Pattern, Proposal, ProposalStatus

_MOST_CHECKS = 5
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
    hypothesis = next(
        (h for h in case.hypotheses if (h.mode, h.entity) == (finding.mode, finding.entity)), None
    )
    weights = {
        e.number: e.weights.get(hypothesis.id, 0.0) if hypothesis else 0.0 for e in case.evidence
    }
    telling = sorted(
        (e for e in case.evidence if weights[e.number] >= _TELLING),
        key=lambda e: -weights[e.number],
    )
    queries = {s.number: s.reading.query for s in case.steps if s.reading is not None}
    applied = _applied(case.proposals)
    return Pattern(
        symptoms=_distinct([case.signal.title, *(e.statement for e in telling)], _MOST_SYMPTOMS),
        mode=finding.mode,
        entity=finding.entity,
        entity_kind=finding.entity_kind,
        environment=case.signal.environment,
        checks=_distinct((queries[e.step] for e in telling if e.step in queries), _MOST_CHECKS),
        fix=applied.plan.summary if applied else "",
        outcome=outcome.statement if outcome else "",
        investigation=case.investigation.id,
        last_seen=case.now,
    )


def _applied(proposals: Sequence[Proposal]) -> Proposal | None:
    done = [p for p in proposals if p.status is ProposalStatus.APPLIED and p.reverts is None]
    return done[-1] if done else None


def _distinct(texts: Iterable[str], most: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(t for t in texts if t))[:most]

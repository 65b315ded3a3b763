"""The board of hypotheses: log-odds that evidence adds to, and how they move."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from agent.model import Evidence, Hypothesis, HypothesisStatus

RULED_OUT_BELOW = -3.0
"""Log-odds below which a hypothesis is ruled out (about 5 %)."""
SUPPORTED_ABOVE = 1.4
"""Log-odds above which it counts as supported (about 80 %)."""
HEAVIEST = 4.0
"""No single piece of evidence weighs more than this."""
REPEATED = 0.5
"""Further signs from the same answer are not independent of the first: each counts for this share."""
_MOVED = 0.7
"""Change of log-odds that people are told of."""


class Movement(NamedTuple):
    """How a hypothesis fared in a round."""

    kind: str
    """new, strengthened, weakened or ruled out."""
    hypothesis: Hypothesis


def merged(board: Sequence[Hypothesis], proposed: Iterable[Hypothesis]) -> tuple[Hypothesis, ...]:
    """The board with what is new in ``proposed``: same cause at the same entity, or a known id, is not new."""
    ids = {h.id for h in board}
    causes = {_cause(h) for h in board}
    result = list(board)
    for hypothesis in proposed:
        if hypothesis.id in ids or _cause(hypothesis) in causes:
            continue
        ids.add(hypothesis.id)
        causes.add(_cause(hypothesis))
        result.append(hypothesis.model_copy(update={"log_odds": hypothesis.prior}))
    return tuple(result)


def _cause(hypothesis: Hypothesis) -> tuple[str, ...]:
    free = hypothesis.statement if hypothesis.mode == "other" else ""
    return (hypothesis.mode, hypothesis.entity, hypothesis.namespace, free)


def gathered(
    known: Sequence[Evidence], found: Iterable[Evidence]
) -> tuple[tuple[Evidence, ...], tuple[Evidence, ...]]:
    """All evidence, numbered without gaps, and that part of it which ``found`` added or changed.

    The same statement is one piece of evidence, however often it is read; a hypothesis it already weighs on keeps its
    weight.
    """
    by_statement = {e.statement: e for e in known}
    changed: dict[int, Evidence] = {}
    for evidence in found:
        old = by_statement.get(evidence.statement)
        weights = {k: max(-HEAVIEST, min(HEAVIEST, w)) for k, w in evidence.weights.items()}
        if old is None:
            new = evidence.model_copy(update={"number": len(by_statement) + 1, "weights": weights})
        elif set(weights) <= set(old.weights):
            continue
        else:
            new = old.model_copy(update={"weights": {**weights, **old.weights}})
        by_statement[new.statement] = new
        changed[new.number] = new
    return tuple(by_statement.values()), tuple(changed.values())


def weighed(board: Sequence[Hypothesis], evidence: Sequence[Evidence]) -> tuple[Hypothesis, ...]:
    """The board with log-odds and status as all the evidence gives them."""
    return tuple(_weighed(h, evidence) for h in board)


def _weighed(hypothesis: Hypothesis, evidence: Sequence[Evidence]) -> Hypothesis:
    by_step: dict[int, list[float]] = {}
    for piece in evidence:
        if hypothesis.id in piece.weights:
            by_step.setdefault(piece.step, []).append(piece.weights[hypothesis.id])
    log_odds = hypothesis.prior + sum(_together(weights) for weights in by_step.values())
    status = HypothesisStatus.OPEN
    if log_odds < RULED_OUT_BELOW and by_step:
        status = HypothesisStatus.RULED_OUT
    elif log_odds > SUPPORTED_ABOVE:
        status = HypothesisStatus.SUPPORTED
    return hypothesis.model_copy(update={"log_odds": round(log_odds, 4), "status": status})


def _together(weights: list[float]) -> float:
    ordered = sorted(weights, key=abs, reverse=True)
    return ordered[0] + REPEATED * sum(ordered[1:])


def leading(board: Sequence[Hypothesis]) -> Hypothesis | None:
    """The most likely hypothesis; a likely refinement stands behind the parent that it explains."""
    if not board:
        return None
    by_id = {h.id: h for h in board}
    top = max(board, key=lambda h: h.log_odds)
    parent = by_id.get(top.parent)
    while parent is not None and parent.log_odds > 0.0:
        top, parent = parent, by_id.get(parent.parent)
    return top


def movements(before: Sequence[Hypothesis], after: Sequence[Hypothesis]) -> tuple[Movement, ...]:
    """What moved enough between two states of the board to be told."""
    old = {h.id: h for h in before}
    return tuple(
        Movement(kind, h) for h in after if (kind := _movement(old.get(h.id), h)) is not None
    )


def _movement(old: Hypothesis | None, new: Hypothesis) -> str | None:
    if new.status is HypothesisStatus.RULED_OUT:
        return None if old and old.status is HypothesisStatus.RULED_OUT else "ruled out"
    if old is None:
        return "new" if new.log_odds > 0.0 else None
    change = new.log_odds - old.log_odds
    if change >= _MOVED:
        return "strengthened" if new.log_odds > -0.4 else None
    return "weakened" if change <= -_MOVED and old.log_odds > 0.0 else None

"""Which hypothesis explains which: "auth is slow" because "its pool is full" because of "the report on its database".

A failure mode declares what it refines. A hypothesis stands below the finest one that it explains and that is likely by
now, at the nearest place: what was thought to be behind the pool is seen to be behind the slow queries that fill it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from agent.knowledge.graph import path
from agent.model import Case, Hypothesis
from agent.reasoning.modes.catalogue import CATALOGUE
from agent.reasoning.modes.load import DEPENDENCY
from agent.reasoning.modes.target import JOB, Target
from agent.reasoning.modes.view import View

FAR = 1000
"""Further away than anything that the graph connects."""
LIKELY_ABOVE = -0.2
"""Log-odds (45 %) from which a hypothesis is likely enough to be explained by another."""


def nested(board: Sequence[Hypothesis], case: Case) -> tuple[Hypothesis, ...]:
    """The board with each hypothesis of a known mode below the one that it explains."""
    view = View.of(case)
    return tuple(_placed(h, board, view) for h in board)


def _placed(hypothesis: Hypothesis, board: Sequence[Hypothesis], view: View) -> Hypothesis:
    parent = parent_of(hypothesis, board, view)
    if parent == hypothesis.parent:
        return hypothesis
    return hypothesis.model_copy(update={"parent": parent})


def parent_of(hypothesis: Hypothesis, board: Sequence[Hypothesis], view: View) -> str:
    """The id of what a hypothesis explains; empty when it explains nothing on the board."""
    if hypothesis.mode not in CATALOGUE:
        return ""
    places = list(dict.fromkeys(_felt_at(view.target(hypothesis.entity), view)))
    explained = [h for h in board if h.entity in places and _explains(hypothesis, h, view)]
    best = max(
        explained,
        key=lambda h: (h.log_odds > LIKELY_ABOVE, depth(h.mode), -places.index(h.entity)),
        default=None,
    )
    return best.id if best is not None else ""


def _explains(hypothesis: Hypothesis, coarser: Hypothesis, view: View) -> bool:
    """Whether one may be behind the other: its mode says so, or the other says no more than that something is wrong
    there, or at what depends on it."""
    if coarser.mode == DEPENDENCY.id:
        if hypothesis.entity == coarser.entity:
            return hypothesis.mode != DEPENDENCY.id
        if hypothesis.mode == DEPENDENCY.id:
            return _distance(coarser, view) < _distance(hypothesis, view)
    declared = CATALOGUE[hypothesis.mode].refines
    return coarser.mode in declared and depth(coarser.mode) < depth(hypothesis.mode)


def _distance(hypothesis: Hypothesis, view: View) -> int:
    way = path(view.graph, view.subject.name, hypothesis.entity)
    return len(way) or FAR


def _felt_at(target: Target, view: View) -> Iterator[str]:
    """Where trouble at a target shows: there, at what depends on it (for a job: what it works on), at the subject."""
    yield target.name
    if target.name in view.graph:
        if target.flavour == JOB:
            yield from sorted(view.graph.successors(target.name))
        else:
            yield from sorted(view.graph.predecessors(target.name))
    yield view.subject.name


@cache
def depth(mode: str, above: frozenset[str] = frozenset()) -> int:
    """How fine a failure mode is: 0 for one that refines none, else one more than the finest that it refines."""
    declared = CATALOGUE.get(mode)
    coarser = (declared.refines & CATALOGUE.keys()) - above - {mode} if declared else frozenset()
    return max((1 + depth(m, above | {mode}) for m in coarser), default=0)

"""A second cause beside the one that leads: something else that is broken, and that what alerted depends on as well."""

from __future__ import annotations

from collections.abc import Sequence

from agent.knowledge.graph import path
from agent.model import Case, Hypothesis
from agent.reasoning.modes.pods import COARSE
from agent.reasoning.modes.view import View

_SURE_FROM = 0.9
_ANSWERS = 3
"""So many answers have to speak for it: that it was changed at about that time is not enough."""
_MOST = 2
_SYMPTOMS = COARSE | {
    "dependency_errors",
    "dependency_latency",
    "dependency_latency_or_errors",
    "traffic_surge",
}
"""What is felt rather than broken."""


def companions(case: Case, led: Sequence[Hypothesis], view: View) -> tuple[Hypothesis, ...]:
    """Hypotheses that hold beside the led ones (from what leads down to its root), the surest first.

    They are at other things, which nothing connects with those: what depends on a cause, or is loaded by it, is its
    victim. What alerted itself connects them all and does not count.
    """
    places = {h.entity for h in led} - {view.subject.name}
    found: dict[str, Hypothesis] = {}
    for hypothesis in case.ranked():
        if (
            hypothesis.confidence >= _SURE_FROM
            and hypothesis.mode not in _SYMPTOMS
            and hypothesis.entity not in {*found, *(h.entity for h in led), view.subject.name}
            and not any(_connected(hypothesis.entity, place, view) for place in places)
            and _answers(hypothesis, case) >= _ANSWERS
        ):
            found[hypothesis.entity] = hypothesis
    return tuple(found.values())[:_MOST]


def _connected(one: str, other: str, view: View) -> bool:
    return bool(path(view.graph, one, other) or path(view.graph, other, one))


def _answers(hypothesis: Hypothesis, case: Case) -> int:
    return len({e.step for e in case.evidence if e.weights.get(hypothesis.id, 0.0) > 0.0})

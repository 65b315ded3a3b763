"""What the board would be by the answers that are in, while a round is still under way."""

from __future__ import annotations

from collections.abc import Sequence

from agent.investigation.causality import causally_ordered
from agent.investigation.evidence import admissible
from agent.investigation.hypotheses import gathered, merged, weighed
from agent.investigation.nesting import nested
from agent.investigation.stopping import mattering
from agent.model import Case, Check, Hypothesis, Step
from agent.ports import Reasoner


async def still_mattering(
    case: Case, rules: Reasoner, done: Sequence[Step], under_way: Sequence[Check]
) -> tuple[Check, ...]:
    """Of the checks under way, those whose answers could still change the finding.

    The rules weigh what is in, whoever reasons: asking a model within a round would take longer than the round.

    Args:
        case: as it was when the round began.
        rules: weighs what is in.
        done: the steps of the round that are in.
        under_way: the checks of the round that are not.
    """
    if not case.hypotheses:  # the first look: everything is open
        return tuple(under_way)
    known = case.model_copy(update={"steps": (*case.steps, *done)})
    return mattering(await _foreseen(known, rules, done), under_way)


async def _foreseen(case: Case, rules: Reasoner, done: Sequence[Step]) -> tuple[Hypothesis, ...]:
    result = await rules.weigh(case, done)
    evidence, _ = gathered(case.evidence, admissible(result.evidence, case, trusted=True))
    board = weighed(merged(case.hypotheses, result.hypotheses), evidence)
    seen = case.model_copy(update={"hypotheses": nested(board, case), "evidence": evidence})
    return causally_ordered(seen)

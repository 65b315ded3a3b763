"""The short way for a known incident: what told then is asked again, and the rules say whether it holds.

No model is asked. When it does not hold for certain, what was looked up is handed to the whole investigation.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeVar

import structlog

from agent.investigation.causality import causally_ordered
from agent.investigation.equipment import Equipment
from agent.investigation.evidence import admissible
from agent.investigation.hypotheses import gathered, merged, weighed
from agent.investigation.information import canonical, valued
from agent.investigation.nesting import nested
from agent.investigation.progress import Progress
from agent.investigation.thinking import Thinker
from agent.learning.recall import Known, Plan, known, leading_candidate, may_hold
from agent.model import Case, Check, Step
from agent.ports import Durable

T = TypeVar("T")
_log = structlog.get_logger(__name__)
Look = Callable[[tuple[Check, ...]], Awaitable[tuple[Step, ...]]]


class Tried(NamedTuple):
    """What came of following a recall."""

    known: Known | None
    steps: tuple[Step, ...]
    """What was looked up."""


class _Apart:
    """The names of durable steps of a recall, apart from those of the investigation that may follow."""

    def __init__(self, durable: Durable) -> None:
        self._durable = durable

    async def step(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        return await self._durable.step(f"recall-{name}", work)


async def followed(
    plan: Plan, house: Equipment, progress: Progress, durable: Durable, look: Look
) -> Tried:
    """Look at what told then and at what would refute it; the board is left as the rules see it if it is known.

    Args:
        plan: what was recalled.
        house: what investigations work with.
        progress: the investigation, before its first look.
        durable: where its steps are remembered.
        look: runs a round of checks.
    """
    thinker = Thinker(house.rules, house.rules, _Apart(durable), house.clock)
    before, why = progress.case, "what leads is not what was recalled"
    steps = await look(plan.checks)
    proposed = await thinker.propose(progress.case)
    progress.account(proposed)
    if proposed.result is not None:
        progress.set(hypotheses=merged((), proposed.result.hypotheses))
    wanted = await _weigh(thinker, progress, steps)
    if may_hold(plan, progress.case):
        left = _left(plan, house, progress.case, wanted)
        if left:
            progress.set(round=progress.case.round + 1)
            more = await look(left)
            await _weigh(thinker, progress, more)
            steps = (*steps, *more)
        drafted = await thinker.conclude(progress.case)
        progress.account(drafted)
        if drafted.result is not None:
            found = known(plan, progress.case, drafted.result.finding)
            if isinstance(found, Known):
                return Tried(found, steps)
            why = found
    number = progress.case.investigation.id
    _log.info("recall_does_not_hold", investigation=number, why=why, calls=len(steps))
    progress.set(hypotheses=before.hypotheses, evidence=before.evidence)
    return Tried(None, steps)


async def _weigh(thinker: Thinker, progress: Progress, steps: Sequence[Step]) -> tuple[Check, ...]:
    """The rules weigh; returns what they would look at next."""
    case = progress.case
    thought = await thinker.weigh(case, tuple(steps))
    progress.account(thought)
    if (result := thought.result) is None:
        return ()
    found = admissible(result.evidence, case, trusted=True)
    evidence, _ = gathered(case.evidence, found)
    board = nested(weighed(merged(case.hypotheses, result.hypotheses), evidence), case)
    progress.set(hypotheses=board, evidence=evidence)
    progress.set(hypotheses=causally_ordered(progress.case))
    return result.checks


def _left(plan: Plan, house: Equipment, case: Case, wanted: Sequence[Check]) -> tuple[Check, ...]:
    """What told then and was not asked yet, what could refute it, and what tells its rivals from it, as far as a recall
    may go."""
    registry = house.checks.registry
    asked = frozenset(canonical(s.check, registry) for s in case.steps)
    candidate = leading_candidate(plan, case) or plan.candidates[0]
    told = [c for c in candidate.checks if c.tool in registry]
    told = [c for c in told if canonical(c, registry) not in asked]
    doubts = [c for c in house.rules.attack(case) if c.tool in registry]
    rest = [c for c in wanted if c.tool in registry]
    costs = house.checks.cost_seconds
    first = valued(doubts, case.hypotheses, asked, costs, lambda c: canonical(c, registry))
    second = valued(rest, case.hypotheses, asked, costs, lambda c: canonical(c, registry))
    ordered: dict[str, Check] = {}
    for check in (*told, *(v.check for v in (*first, *second))):
        ordered.setdefault(canonical(check, registry), check)
    return tuple(ordered.values())[: max(0, candidate.most_calls - len(case.steps))]

"""One investigation under way: rounds of looking and weighing, then the conclusion and its gates.

Deterministic: whatever is not (vendors, models, the clock, people, the store) happens inside a durable step, so that a
workflow can be replayed to where it was after a crash. Steps that run at the same time are started in a fixed order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial

from agent.investigation.budget import remaining, used_up
from agent.investigation.causality import causally_ordered
from agent.investigation.ending import Stop, conclude
from agent.investigation.equipment import Equipment, Investigated, Round, Together
from agent.investigation.evidence import admissible
from agent.investigation.foresight import still_mattering
from agent.investigation.hypotheses import gathered, leading, merged, weighed
from agent.investigation.information import Valued, canonical, valued, worthwhile
from agent.investigation.known import Tried, followed
from agent.investigation.locating import spoken_of
from agent.investigation.nesting import nested
from agent.investigation.openings import opening_checks
from agent.investigation.priors import of_a_model
from agent.investigation.progress import Progress
from agent.investigation.stopping import SURE_ABOVE, family_of, outlook
from agent.investigation.stragglers import CANCELLED
from agent.investigation.taking import taken, wished_checks
from agent.investigation.thinking import Thought
from agent.learning.recall import Known, plan_of
from agent.model import Case, Check, Hypothesis, Note, Step
from agent.ports import Durable, Inbox, Proposed, Received, Weighed, Wish

MOST_ROUNDS = 8
"""A bound on the depth whatever the budget."""
MOST_TO_COMPLETE = 12
"""Checks on a sure leader in the last round, which tell what it affects rather than whether it holds."""


class Run:
    """One investigation under way."""

    def __init__(
        self,
        house: Equipment,
        case: Case,
        durable: Durable,
        inbox: Inbox,
        reopened: tuple[Note, ...] = (),
        *,
        is_fresh: bool = False,
    ) -> None:
        """``is_fresh``: it was opened just now, so that no run before a crash looked at anything since."""
        self._house = house
        self._is_fresh = is_fresh
        self._durable = durable
        self._inbox = inbox
        self._allowance = case.investigation.budget
        self._first_round = case.round
        self._reopened = reopened
        self._attacked = False
        self._closing = False
        self._waited = False
        self._stopped = False
        self._wished: tuple[Check, ...] = ()
        self._go_on = False
        self._left_open: tuple[Check, ...] = ()
        self._progress = Progress(house, case, durable)

    @property
    def case(self) -> Case:
        """The case as it stands."""
        return self._progress.case

    async def to_the_end(self) -> Investigated:
        """Gather, think and look in rounds, conclude."""
        tried = await self._recalled()
        if tried.known is not None:
            return await self._as_known(tried.known)
        opening = (*tried.steps, *await (self._take_up() if self._first_round else self._open()))
        proposal = await self._progress.thinker.propose(self.case)
        self._progress.account(proposal)
        wanted: tuple[Check, ...] = ()
        if proposal.result is not None:
            board = merged(self.case.hypotheses, self._proposed(proposal))
            self._progress.set(hypotheses=board)
            wanted = proposal.result.checks
        await self._rounds(wanted, opening)
        bound = self._bound()
        left = tuple(v.check for v in self._valued(self._left_open))
        stop = Stop(bound=bound, by_engineer=self._stopped, left=left)
        return await conclude(self._house, self._progress, self._durable, stop)

    async def _recalled(self) -> Tried:
        """Follow what similar investigations found, where something was found that can be asked again."""
        if self._first_round or not self.case.signal.service:
            return Tried(None, ())
        plan = plan_of(self.case, self._opening_checks())
        if plan is None or self._most() < plan.most_calls:
            return Tried(None, ())
        tried = await followed(plan, self._house, self._progress, self._durable, self._look)
        await self._take_inbox()
        if tried.known is not None and not self._has_word():
            return tried
        self._progress.set(round=self.case.round + 1, hypotheses=(), evidence=())
        return Tried(None, tried.steps)

    def _has_word(self) -> bool:
        """Whether people said or wished something: then it is not cut short."""
        return self._stopped or self._go_on or bool(self._wished) or bool(self.case.notes)

    async def _as_known(self, known: Known) -> Investigated:
        """Conclude early; the thread hears who spoke."""
        await self._progress.tell_known(known.sentence)
        stop = Stop(known=known.sentence)
        return await conclude(self._house, self._progress, self._durable, stop)

    async def _take_up(self) -> tuple[Step, ...]:
        """What people said since it ended, a first look at what they named, and what it had not come to weigh."""
        unweighed = _unweighed(self.case)
        self._take(Received(notes=self._reopened))
        await self._take_inbox()
        wished, self._wished = self._affordable(self._wished), ()
        return (*unweighed, *(await self._look(wished) if wished else ()))

    async def _open(self) -> tuple[Step, ...]:
        """The first look; where the words name no service but an alert tells it, a second one at that service."""
        opening = await self._look(self._opening_checks())
        if self.case.signal.service or (signal := spoken_of(self.case)) is None:
            return opening
        head = self.case.investigation.model_copy(update={"signal": signal})
        self._progress.set(investigation=head, round=self.case.round + 1)
        return (*opening, *await self._look(self._opening_checks()))

    def _opening_checks(self) -> tuple[Check, ...]:
        checks = opening_checks(self.case, self._house.checks.registry)
        most = remaining(self.case.investigation.budget, self.case.investigation.spent).tool_calls
        done = self._asked()
        return tuple(c for c in checks if self._key(c) not in done)[:most]

    async def _rounds(self, wanted: tuple[Check, ...], unweighed: tuple[Step, ...]) -> None:
        while True:
            checks = self._worthwhile(wanted)
            if not checks and not unweighed:
                return
            steps: tuple[Step, ...] = ()
            if checks:
                self._progress.set(round=self.case.round + 1)
                steps = await self._look(checks)
            await self._take_inbox()
            wanted = await self._next(await self._weigh((*unweighed, *steps)))
            unweighed = ()
            if not self._affordable(wanted):  # about to conclude: people have the last word
                await self._take_inbox()
            wanted = (*self._named(), *wanted)

    async def _look(self, checks: tuple[Check, ...]) -> tuple[Step, ...]:
        """Run a round of checks; what was learnt before is recorded and told meanwhile."""
        case, first = self.case, len(self.case.steps) + 1
        seconds = remaining(case.investigation.budget, case.investigation.spent).seconds
        matter = partial(still_mattering, case, self._house.rules)
        may_be_done = not self._is_fresh

        async def work() -> Round:
            nonlocal may_be_done
            run = partial(self._house.checks.run, may_be_done=may_be_done)
            may_be_done = True  # should this be tried again
            steps = await run(
                case.investigation.id, case.round, first, checks, max(0.1, seconds), matter
            )
            return Round(steps=steps, at=self._house.clock.now())

        both = Together(work, self._progress.recording())
        done = await self._durable.step(f"look-{case.round}", both)
        self._progress.account_time(done.at, tool_calls=len(done.steps))
        self._progress.set(steps=(*self.case.steps, *done.steps))
        return done.steps

    async def _weigh(self, steps: tuple[Step, ...]) -> tuple[Check, ...]:
        """Let the reasoner weigh ``steps``; returns the checks that it wants next."""
        thought = await self._progress.thinker.weigh(self.case, steps)
        self._progress.account(thought)
        await self._progress.tell_take_over()
        if (result := thought.result) is None:
            return ()
        board = merged(self.case.hypotheses, self._proposed(thought))
        found = admissible(result.evidence, self.case, trusted=thought.reasoner == "rules")
        evidence, _ = gathered(self.case.evidence, found)
        board = weighed(board, evidence)
        if thought.reasoner == "rules":
            board = nested(board, self.case)
        self._progress.set(hypotheses=board, evidence=evidence)
        self._progress.set(hypotheses=causally_ordered(self.case))
        self._left_open = result.checks
        return result.checks

    def _proposed(self, thought: Thought[Proposed] | Thought[Weighed]) -> Iterable[Hypothesis]:
        """The hypotheses of a thought; a model's priors count within bounds, the rules put theirs in context."""
        proposed = thought.result.hypotheses if thought.result is not None else ()
        return proposed if thought.reasoner == "rules" else of_a_model(proposed, self.case)

    async def _next(self, wanted: tuple[Check, ...]) -> tuple[Check, ...]:
        """What to look at next: nothing when it is over, what speaks against the leader before that."""
        if self._stopped or self._bound():
            return ()
        left = self._affordable(wanted)
        seen = outlook(self.case.hypotheses, left)
        if not seen.is_decided:
            return seen.mattering
        if self._attacked:
            return await self._second_look()
        self._attacked, self._closing = True, True
        return (*self._house.rules.attack(self.case), *self._on_the_leader(left))

    def _on_the_leader(self, left: tuple[Check, ...]) -> tuple[Check, ...]:
        """What tells more of the leader and of what is behind it: what it affects, and where it is going."""
        board = self.case.hypotheses
        leader = leading(board)
        if leader is None or leader.log_odds < SURE_ABOVE:
            return ()
        family = family_of(leader, board)
        return tuple(c for c in left if family & set(c.tells))[:MOST_TO_COMPLETE]

    async def _second_look(self) -> tuple[Check, ...]:
        """When nothing explains the symptom, wait a little and see whether it passes by itself; once."""
        if self._waited or any(h.log_odds > 0.0 for h in self.case.hypotheses):
            return ()
        self._waited = True
        left = remaining(self.case.investigation.budget, self.case.investigation.spent).seconds
        seconds = min(self._house.patience_seconds, left / 2)

        async def work() -> None:
            await asyncio.sleep(seconds)

        await self._durable.step("wait", work)
        return self._house.rules.second_look(self.case)

    def _worthwhile(self, wanted: tuple[Check, ...]) -> tuple[Check, ...]:
        """What to look at in this round; in the last one all of it."""
        closing, self._closing = self._closing, False
        if closing:
            return self._affordable(wanted)
        return worthwhile(self._valued(wanted), self._most())

    def _affordable(self, wanted: tuple[Check, ...]) -> tuple[Check, ...]:
        """What the budget bears of ``wanted``, the most telling first; nothing when it is over."""
        return tuple(v.check for v in self._valued(wanted)[: self._most()])

    def _most(self) -> int:
        """How many calls the budget still bears."""
        if self._stopped or self._bound():
            return 0
        return remaining(self.case.investigation.budget, self.case.investigation.spent).tool_calls

    def _valued(self, wanted: tuple[Check, ...]) -> tuple[Valued, ...]:
        """What was not asked of ``wanted``, the most telling first."""
        return valued(
            [c for c in wanted if c.tool in self._house.checks.registry],
            self.case.hypotheses,
            self._asked(),
            self._house.checks.cost_seconds,
            self._key,
        )

    def _asked(self) -> frozenset[str]:
        """What is not to be asked again; what an earlier run did not wait for may matter now."""
        return frozenset(
            self._key(s.check)
            for s in self.case.steps
            if s.status != CANCELLED or s.round >= self._first_round
        )

    def _key(self, check: Check) -> str:
        return canonical(check, self._house.checks.registry)

    def _bound(self) -> str:
        if self.case.round - self._first_round >= MOST_ROUNDS:
            return f"{MOST_ROUNDS} rounds"
        return used_up(self.case.investigation.budget, self.case.investigation.spent)

    async def _take_inbox(self) -> None:
        self._take(await self._inbox.take())

    def _take(self, received: Received) -> None:
        """People's words: kept, and what they wish for noted for the next round."""
        self._stopped = self._stopped or received.stop
        wishes = {d.wish for d in received.directives}
        self._go_on = self._go_on or bool(wishes & {Wish.GO_ON, Wish.DEEPER, Wish.NOT_IT})
        if received.notes or received.directives:
            self._progress.thinker.think_anew()
        self._progress.case = taken(self.case, received, self._allowance)
        self._progress.set(hypotheses=causally_ordered(self.case))
        registry = self._house.checks.registry
        self._wished = (*self._wished, *wished_checks(self.case, received, registry))

    def _named(self) -> tuple[Check, ...]:
        """What people want looked at, once; after a wish to go on, what tells the live hypotheses apart as well."""
        wished, self._wished = self._wished, ()
        go_on, self._go_on = self._go_on, False
        return (*wished, *self._left_open) if go_on else wished


def _unweighed(case: Case) -> tuple[Step, ...]:
    """The steps of the rounds after the last that gave evidence: a run that failed may not have come to weigh them."""
    cited = {e.step for e in case.evidence}
    last = max((s.round for s in case.steps if s.number in cited), default=-1)
    return tuple(s for s in case.steps if s.round > last)

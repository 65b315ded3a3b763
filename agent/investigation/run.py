"""One investigation under way: rounds of looking and weighing, then the conclusion and its gates.

Deterministic: whatever is not (vendors, models, the clock, people, the store) happens inside a durable step, so that a
workflow can be replayed to where it was after a crash. Steps that run at the same time are started in a fixed order.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from agent.investigation.budget import remaining, used_up
from agent.investigation.causality import causally_ordered
from agent.investigation.checks import Checks
from agent.investigation.evidence import admissible
from agent.investigation.gates import passed
from agent.investigation.hypotheses import (
    chosen,
    gathered,
    leading,
    merged,
    movements,
    weighed,
)
from agent.investigation.locating import spoken_of
from agent.investigation.openings import opening_checks
from agent.investigation.quiet import is_over, seems_over
from agent.investigation.taking import taken, wished_checks
from agent.investigation.thinking import Thinker, Thought
from agent.investigation.wording import movements_text
from agent.model import (
    Case,
    Change,
    Check,
    Ending,
    Finding,
    InvestigationStatus,
    Note,
    Step,
    Utc,
    Value,
)
from agent.ports import CaseStore, Clock, Durable, Inbox, Notifier, Reasoner, Received, Wish

MOST_ROUNDS = 8
"""A bound on the depth whatever the budget."""
SURE_ABOVE = 2.9
"""Log-odds of a leader (about 95 %) from which looking further is waste."""
AHEAD_BY = 2.0
"""Log-odds that a sure leader must be ahead of the next independent hypothesis."""


class Doubter(Protocol):
    """Knows what would speak against a hypothesis, and what is worth a second look."""

    def second_look(self, case: Case) -> tuple[Check, ...]:
        """Checks that repeat, later, what may have passed by itself."""

    def attack(self, case: Case) -> tuple[Check, ...]:
        """Checks that could refute the leading hypothesis."""


class RulesReasoner(Reasoner, Doubter, Protocol):
    """The reasoner that needs no model: it always can go on."""


class Investigated(Value):
    """An investigation that came to its end, with the changes that would mend what it found, best first."""

    case: Case
    changes: tuple[Change, ...] = ()


class Round(Value):
    """The steps of a round and the moment it ended."""

    steps: tuple[Step, ...]
    at: Utc


class Gated(Value):
    """A finding after the gates, and the moment it was settled."""

    finding: Finding
    at: Utc


class Equipment(NamedTuple):
    """What investigations work with."""

    checks: Checks
    reasoner: Reasoner
    rules: RulesReasoner
    store: CaseStore
    notifier: Notifier
    clock: Clock
    patience_seconds: float


class Run:
    """One investigation under way."""

    def __init__(
        self,
        house: Equipment,
        case: Case,
        durable: Durable,
        inbox: Inbox,
        reopened: tuple[Note, ...] = (),
    ) -> None:
        self._house = house
        self._durable = durable
        self._inbox = inbox
        self._thinker = Thinker(house.reasoner, house.rules, durable, house.clock)
        self._started_at = case.now
        self._spent_before = case.investigation.spent.seconds
        self._allowance = case.investigation.budget
        self._first_round = case.round
        self._reopened = reopened
        self._attacked = False
        self._waited = False
        self._stopped = False
        self._wished: tuple[Check, ...] = ()
        self._go_on = False
        self._left_open: tuple[Check, ...] = ()
        self._told = case.hypotheses
        self.case = case

    async def to_the_end(self) -> Investigated:
        """Gather, think and look in rounds, conclude."""
        opening = await (self._take_up() if self._first_round else self._open())
        proposal = await self._thinker.propose(self.case)
        self._account(proposal)
        wanted: tuple[Check, ...] = ()
        if proposal.result is not None:
            self._set(hypotheses=merged(self.case.hypotheses, proposal.result.hypotheses))
            wanted = proposal.result.checks
        await self._rounds(wanted, opening)
        return await self._conclude()

    async def _take_up(self) -> tuple[Step, ...]:
        """What people said since it ended, and a first look at what they named."""
        self._take(Received(notes=self._reopened))
        await self._take_inbox()
        wished, self._wished = self._affordable(self._wished), ()
        return await self._look(wished) if wished else ()

    async def _open(self) -> tuple[Step, ...]:
        """The first look; where the words name no service but an alert tells it, a second one at that service."""
        opening = await self._look(self._opening_checks())
        if self.case.signal.service or (signal := spoken_of(self.case)) is None:
            return opening
        head = self.case.investigation.model_copy(update={"signal": signal})
        self._set(investigation=head, round=self.case.round + 1)
        return (*opening, *await self._look(self._opening_checks()))

    def _opening_checks(self) -> tuple[Check, ...]:
        done = {s.check.key for s in self.case.steps}
        checks = opening_checks(self.case, self._house.checks.registry)
        most = remaining(self.case.investigation.budget, self.case.investigation.spent).tool_calls
        return tuple(c for c in checks if c.key not in done)[:most]

    async def _rounds(self, wanted: tuple[Check, ...], unweighed: tuple[Step, ...]) -> None:
        while True:
            checks = self._affordable(wanted)
            if not checks and not unweighed:
                return
            steps: tuple[Step, ...] = ()
            if checks:
                self._set(round=self.case.round + 1)
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

        async def work() -> Round:
            steps = await self._house.checks.run(
                case.investigation.id, case.round, first, checks, max(0.1, seconds)
            )
            return Round(steps=steps, at=self._house.clock.now())

        done, _ = await asyncio.gather(
            self._durable.step(f"look-{case.round}", work), self._record(case)
        )
        self._account_time(done.at, tool_calls=len(done.steps))
        self._set(steps=(*self.case.steps, *done.steps))
        return done.steps

    async def _record(self, case: Case) -> None:
        """Store the board and the evidence as they stand, and tell the thread what moved since last time."""
        text = movements_text(movements(self._told, case.hypotheses))
        self._told = case.hypotheses
        store, notifier, number = self._house.store, self._house.notifier, case.investigation.id

        async def work() -> None:
            await store.save_investigation(case.investigation)
            # The round that is under way says nothing of the board yet.
            await store.save_hypotheses(number, max(0, case.round - 1), case.hypotheses)
            await store.save_evidence(number, case.evidence)
            await notifier.summary(case)
            if text and not seems_over(case):
                await notifier.update(case, f"round-{case.round}", text)

        await self._durable.step(f"record-{case.round}", work)

    async def _weigh(self, steps: tuple[Step, ...]) -> tuple[Check, ...]:
        """Let the reasoner weigh ``steps``; returns the checks that it wants next."""
        thought = await self._thinker.weigh(self.case, steps)
        self._account(thought)
        await self._tell_take_over()
        if (result := thought.result) is None:
            return ()
        board = merged(self.case.hypotheses, result.hypotheses)
        found = admissible(result.evidence, self.case, trusted=thought.reasoner == "rules")
        evidence, _ = gathered(self.case.evidence, found)
        self._set(hypotheses=weighed(board, evidence), evidence=evidence)
        self._set(hypotheses=causally_ordered(self.case))
        self._left_open = result.checks
        return result.checks

    async def _next(self, wanted: tuple[Check, ...]) -> tuple[Check, ...]:
        """What to look at next: nothing when it is over, what speaks against the leader before that."""
        if self._stopped or self._bound():
            return ()
        if self._is_sure() or not self._affordable(wanted):
            if not self._attacked:
                self._attacked = True
                return self._house.rules.attack(self.case)
            return await self._second_look()
        return wanted

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

    def _affordable(self, wanted: tuple[Check, ...]) -> tuple[Check, ...]:
        spent, budget = self.case.investigation.spent, self.case.investigation.budget
        if self._stopped or self._bound():
            return ()
        return chosen(
            [c for c in wanted if c.tool in self._house.checks.registry],
            self.case.hypotheses,
            frozenset(s.check.key for s in self.case.steps),
            remaining(budget, spent).tool_calls,
            self._house.checks.cost_seconds,
        )

    def _bound(self) -> str:
        if self.case.round - self._first_round >= MOST_ROUNDS:
            return f"{MOST_ROUNDS} rounds"
        return used_up(self.case.investigation.budget, self.case.investigation.spent)

    def _is_sure(self) -> bool:
        top = leading(self.case.hypotheses)
        if top is None or top.log_odds < SURE_ABOVE:
            return False
        others = [h.log_odds for h in self.case.hypotheses if h.id != top.id and h.parent != top.id]
        return not others or top.log_odds - max(others) >= AHEAD_BY

    async def _take_inbox(self) -> None:
        self._take(await self._inbox.take())

    def _take(self, received: Received) -> None:
        """People's words: kept, and what they wish for noted for the next round."""
        self._stopped = self._stopped or received.stop
        wishes = {d.wish for d in received.directives}
        self._go_on = self._go_on or bool(wishes & {Wish.GO_ON, Wish.DEEPER, Wish.NOT_IT})
        if received.notes or received.directives:
            self._thinker.think_anew()
        self.case = taken(self.case, received, self._allowance)
        self._set(hypotheses=causally_ordered(self.case))
        registry = self._house.checks.registry
        self._wished = (*self._wished, *wished_checks(self.case, received, registry))

    def _named(self) -> tuple[Check, ...]:
        """What people want looked at, once; after a wish to go on, what tells the live hypotheses apart as well."""
        wished, self._wished = self._wished, ()
        go_on, self._go_on = self._go_on, False
        return (*wished, *self._left_open) if go_on else wished

    async def _conclude(self) -> Investigated:
        thought = await self._thinker.conclude(self.case)
        self._account(thought)
        await self._tell_take_over()
        if thought.result is None:
            raise RuntimeError("the rules reasoner always concludes")
        draft, case, bound = thought.result.finding, self.case, self._bound()
        draft = draft.model_copy(update={"stopped_because": self._why_no_further(bound)})

        async def settle() -> Gated:
            steps = await self._house.store.load_steps(case.investigation.id)
            whole = case.model_copy(update={"steps": steps or case.steps})
            finding = await asyncio.to_thread(
                passed, draft, whole, bound=bound, stopped=self._stopped
            )
            return Gated(finding=finding, at=self._house.clock.now())

        gated = await self._durable.step("settle", settle)
        self._account_time(gated.at)
        changes = thought.result.changes if gated.finding.ending is Ending.CAUSE_FOUND else ()
        self._close(gated, has_changes=bool(changes))
        await self._report()
        return Investigated(case=self.case, changes=changes)

    def _why_no_further(self, bound: str) -> str:
        if self._stopped:
            return "An engineer stopped it."
        if bound:
            return f"The budget of {bound} is used up."
        if self._is_sure():
            return "One cause stands out, and what could have spoken against it did not."
        return "Nothing else that could be asked tells the possible causes apart."

    def _close(self, gated: Gated, *, has_changes: bool) -> None:
        status = InvestigationStatus.CLOSED
        if self._stopped:
            status = InvestigationStatus.STOPPED
        elif gated.finding.ending is Ending.INPUT_NEEDED:
            status = InvestigationStatus.WAITING_FOR_INPUT
        elif has_changes:
            status = InvestigationStatus.RUNNING
        ended = None if status is InvestigationStatus.RUNNING else gated.at
        head = {"status": status, "ended_at": ended}
        self._set(
            finding=gated.finding,
            investigation=self.case.investigation.model_copy(update=head),
        )

    async def _report(self) -> None:
        case, store = self.case, self._house.store
        number, finding = case.investigation.id, case.finding

        async def work() -> None:
            await store.save_hypotheses(number, case.round, case.hypotheses)
            await store.save_evidence(number, case.evidence)
            if finding is not None:
                await store.save_finding(number, finding)
            await store.save_investigation(case.investigation)
            if is_over(case):
                await self._house.notifier.summary(case)
            else:
                await self._house.notifier.report(case)

        await self._durable.step("report", work)

    async def _tell_take_over(self) -> None:
        """Say once that the rules took over from the model."""
        head = self.case.investigation
        if head.reasoner == self._thinker.name:
            return
        text = (
            f"The model {head.reasoner} cannot go on ({self._thinker.gave_up}). "
            "The rules take over from the evidence so far."
        )
        self._set(investigation=head.model_copy(update={"reasoner": self._thinker.name}))
        case = self.case

        async def work() -> None:
            await self._house.store.save_investigation(case.investigation)
            await self._house.notifier.update(case, "take-over", text)

        await self._durable.step("take-over", work)

    def _account(self, thought: Thought[Any]) -> None:
        """Book a thought's time and tokens."""
        more = {} if thought.result is None else thought.result.spent.model_dump()
        more.pop("seconds", None)
        self._account_time(thought.at, **more)

    def _account_time(self, at: datetime, **more: float) -> None:
        head = self.case.investigation
        spent = head.spent.plus(**more)
        took = self._spent_before + round((at - self._started_at).total_seconds(), 3)
        spent = spent.model_copy(update={"seconds": max(spent.seconds, took)})
        self._set(now=at, investigation=head.model_copy(update={"spent": spent}))

    def _set(self, **changed: object) -> None:
        self.case = self.case.model_copy(update=changed)

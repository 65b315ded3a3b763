"""The investigation loop: propose, look, weigh, go deeper or stop, attack the leader once, conclude, pass the gates."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property

from agent.investigation.budget import replenished
from agent.investigation.checks import Checks
from agent.investigation.equipment import Equipment, Investigated, RulesReasoner
from agent.investigation.journal import Begun, ToolSpec, recording, specs_of
from agent.investigation.run import Run
from agent.learning.calibration import Calibration
from agent.model import Case, InvestigationStatus, Note
from agent.ports import (
    CaseStore,
    Clock,
    Durable,
    Inbox,
    JournalStore,
    Memory,
    Notifier,
    Reasoner,
)
from agent.tools import Registry

PATIENCE_SECONDS = 30.0
"""How long to wait, once, before looking again at an alert that nothing explains."""

__all__ = ["Investigated", "Investigator", "RulesReasoner"]


class Investigator:
    """Runs investigations; holds what they share."""

    def __init__(
        self,
        registry: Registry,
        reasoner: Reasoner,
        rules: RulesReasoner,
        store: CaseStore,
        memory: Memory,
        notifier: Notifier,
        clock: Clock,
        limits: Mapping[str, int] | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
        journal: JournalStore | None = None,
        calibration: Callable[[], Awaitable[Calibration]] | None = None,
    ) -> None:
        """``journal`` keeps what is needed to play investigations again; None: nothing is kept for that.

        ``calibration`` gives what verdicts on earlier findings made of confidence; None: findings keep theirs.
        """
        self._memory = memory
        self._journal = journal
        self.equipment = Equipment(
            checks=Checks(registry, store, clock, limits),
            reasoner=reasoner,
            rules=rules,
            store=store,
            notifier=notifier,
            clock=clock,
            patience_seconds=patience_seconds,
            calibration=calibration,
        )

    @cached_property
    def _tools(self) -> tuple[ToolSpec, ...]:
        return specs_of(self.equipment.checks.registry)

    async def run(
        self,
        investigation: int,
        durable: Durable,
        inbox: Inbox,
        reopened: tuple[Note, ...] = (),
    ) -> Investigated:
        """Investigate to the end; the finding is stored and reported when this returns.

        Run again after a crash with the same ``durable``, it goes on where it stopped. An investigation that has a finding,
        or to which people added words since (``reopened``), is taken up with all that it knew and concludes anew.
        """
        if self._journal is not None:
            begun = Begun(
                reasoner=self.equipment.reasoner.name, tools=self._tools, reopened=reopened
            )
            durable, inbox = await recording(
                durable, inbox, self._journal, investigation, begun, self.equipment.clock
            )
        is_fresh = False

        async def opening() -> Case:
            nonlocal is_fresh
            case = await self._open(investigation, reopened)
            is_fresh = True
            return case

        case = await durable.step("open", opening)
        run = Run(self.equipment, case, durable, inbox, reopened, is_fresh=is_fresh)
        return await run.to_the_end()

    async def _open(self, investigation: int, reopened: tuple[Note, ...]) -> Case:
        case = await self.equipment.store.load(investigation)
        resumed = bool(reopened) or case.finding is not None or bool(case.steps)
        signal = case.signal
        if resumed and signal.service:
            return self._taken_up(case, reopened)
        if not signal.service:
            said = [n.text for n in reopened] if resumed else [signal.title, signal.text]
            text = "\n".join(said)
            if (entity := await self._memory.locate(text, signal.environment)) is not None:
                named = {
                    "service": entity.name,
                    "namespace": signal.namespace or entity.namespace,
                    "environment": signal.environment or entity.environment,
                }
                signal = signal.model_copy(update=named)
        around, patterns = await asyncio.gather(
            self._memory.around(signal.service, signal.namespace or signal.environment),
            self._memory.recall(signal),
        )
        head = case.investigation.model_copy(
            update={"signal": signal, "reasoner": self.equipment.reasoner.name}
        )
        if resumed:
            known = {
                "investigation": head,
                "entities": around[0] or case.entities,
                "relations": around[1] or case.relations,
                "patterns": patterns or case.patterns,
            }
            return self._taken_up(case.model_copy(update=known), reopened)
        fresh = {
            "investigation": head,
            "now": self.equipment.clock.now(),
            "entities": around[0] or case.entities,
            "relations": around[1] or case.relations,
            "patterns": patterns or case.patterns,
            "steps": (),
            "evidence": (),
            "hypotheses": (),
            "round": 0,
            "finding": None,
        }
        return case.model_copy(update=fresh)

    def _taken_up(self, case: Case, notes: tuple[Note, ...]) -> Case:
        """The case as it stood when it ended, ready to go on in a round of its own."""
        head = case.investigation
        running = {
            "status": InvestigationStatus.RUNNING,
            "ended_at": None,
            "reasoner": self.equipment.reasoner.name,
            "budget": replenished(head.budget, head.spent),
        }
        added = tuple(n for n in notes if n not in case.notes)
        latest = max((case.round, *(s.round for s in case.steps)))
        again = {
            "investigation": head.model_copy(update=running),
            "now": self.equipment.clock.now(),
            "notes": (*case.notes, *added),
            "round": latest + 1,
            "finding": None,
        }
        return case.model_copy(update=again)

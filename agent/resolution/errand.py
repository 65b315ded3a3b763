"""What all stages of a change on its way share: whose it is, which attempt, the audit log, and what people are shown."""

from __future__ import annotations

from agent.house import House
from agent.model import Case, Proposal, ProposalStatus
from agent.workflow import Workflow

SREBOT = "srebot"
"""The actor of the audit log who is nobody."""


class Errand:
    """One investigation's changes, whose stages are ``Planning``, ``Waiting``, ``Applying`` and ``Watching``.

    Args:
        house: the parts.
        workflow: remembers what is done.
        investigation: whose changes they are.
        requested_by: who asked for them beside whoever asked for the investigation; empty: nobody.
    """

    def __init__(
        self, house: House, workflow: Workflow, investigation: int, requested_by: str = ""
    ) -> None:
        self.house = house
        self.workflow = workflow
        self.investigation = investigation
        self.requested_by = requested_by
        self.asked = 0
        """How many plans were made; the names of the durable steps carry it."""

    async def case(self) -> Case:
        """The investigation as it is stored now."""
        return await self.house.store.cases.load(self.investigation)

    async def audit(self, actor: str, action: str, subject: str, text: str) -> None:
        """Enter something in the audit log."""
        details = {"investigation": self.investigation, "text": text}
        await self.house.store.audit.append(actor, action, subject, details, self.house.clock.now())

    async def show(self, proposal: Proposal, status: ProposalStatus, note: str) -> None:
        """A proposal stands elsewhere now: kept, and shown to people."""
        store, notifier = self.house.store, self.house.notifier
        await store.proposals.set_status(proposal.id, status)
        case = await self.case()
        await notifier.proposal(case, proposal.model_copy(update={"status": status}), note)
        await notifier.summary(case)


def subject_of(proposal: Proposal) -> str:
    """What the audit log calls a proposal."""
    return f"proposal:{proposal.id}"

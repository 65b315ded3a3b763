"""Plans a change, asks the policy, and puts it before people."""

from __future__ import annotations

from uuid import UUID

from agent.errors import Drifted, Refused, ToolError
from agent.model import (
    Case,
    Change,
    InvestigationStatus,
    OutcomeStatus,
    Plan,
    Proposal,
    ProposalStatus,
    Value,
    Via,
)
from agent.resolution.blast import with_radius
from agent.resolution.errand import SREBOT, Errand, subject_of
from agent.resolution.expecting import expect
from agent.resolution.facts import ruling_of
from agent.resolution.paging import page
from agent.resolution.policy import Ruling
from agent.resolution.proposing import proposal_id, proposal_of
from agent.resolution.requesting import plan_change
from agent.resolution.taint import refuse_tainted


class Planned(Value):
    """A proposal, or why there is none."""

    proposal: Proposal | None = None
    refused: str = ""
    automatic: bool = False
    moment: str = ""
    """What stands against applying it at once (a freeze, a change window), for people."""
    why: str = ""
    """What the policy says on it, in sentences."""


class Planning:
    """The first stage."""

    def __init__(self, errand: Errand) -> None:
        self._errand = errand

    async def plan(self, change: Change, reverts: UUID | None, *, checked: bool) -> Planned:
        """Plan a change by a dry run and put it before people; without a proposal, people are told why."""
        house, number = self._errand.house, self._errand.asked

        async def work() -> Planned:
            case = await self._errand.case()
            try:
                if checked:
                    refuse_tainted(change, case.steps)
                first = await self._allowed(case, change, reverts)
                plan = with_radius(await plan_change(house, change, first), change.target, case)
                ruling = await self._allowed(case, change, reverts, plan)
            except (Drifted, Refused, ToolError) as error:
                return Planned(refused=str(error))
            proposal = proposal_of(
                proposal_id(case, self._errand.workflow.id, number),
                case,
                change,
                plan,
                ruling,
                house.clock.now(),
                house.terms.proposal_expiry_seconds,
                reverts,
            )
            expected = await expect(house, case, change, proposal.environment)
            asked = self._errand.requested_by or case.signal.requested_by
            proposal = proposal.model_copy(update={"expectation": expected, "requested_by": asked})
            # Nobody is asked, so nobody may decide; whoever merges a pull request always does.
            automatic = ruling.automatic and plan.via is Via.CLUSTER
            if automatic:
                proposal = proposal.model_copy(update={"status": ProposalStatus.APPROVED})
            await house.store.proposals.add(proposal)
            moment = "" if ruling.may_apply_now else ruling.reason
            return Planned(proposal=proposal, automatic=automatic, moment=moment, why=ruling.reason)

        planned = await self._errand.workflow.step(f"plan-{number}", work)
        await self._tell_plan(change, planned, number)
        return planned

    async def _allowed(
        self, case: Case, change: Change, reverts: UUID | None, plan: Plan | None = None
    ) -> Ruling:
        """The policy's ruling, if it lets the change be proposed.

        Raises:
            Refused: it does not.
        """
        asked = frozenset({self._errand.requested_by} - {""})
        seen = await self._errand.house.store.outcomes.of(reverts) if reverts else None
        worse = seen is not None and seen.status is OutcomeStatus.WORSE
        ruling = await ruling_of(
            self._errand.house, case, change, plan, reverts, requesters=asked, worse=worse
        )
        if not ruling.may_propose:
            raise Refused(ruling.reason)
        return ruling

    async def _tell_plan(self, change: Change, planned: Planned, number: int) -> None:
        house, proposal = self._errand.house, planned.proposal

        async def work() -> None:
            case = await self._errand.case()
            if proposal is None:
                text = f"I do not propose to {_words(change)}: {planned.refused}"
                await house.notifier.update(case, f"refused-{number}", text)
                await self._errand.audit(SREBOT, "not_proposed", change.target.key, text)
                return
            if planned.automatic:
                await self._tell_automatic(case, proposal, planned.why)
                return
            await self._errand.audit(
                SREBOT, "proposed", subject_of(proposal), proposal.plan.summary
            )
            waiting = InvestigationStatus.WAITING_FOR_APPROVAL
            await house.store.investigations.set_status(self._errand.investigation, waiting)
            case = await self._errand.case()
            await house.notifier.proposal(case, proposal, planned.moment)
            await house.notifier.summary(case)
            await page(self._errand, case, proposal)

        await self._errand.workflow.step(f"propose-{number}", work)

    async def _tell_automatic(self, case: Case, proposal: Proposal, why: str) -> None:
        await self._errand.audit(
            SREBOT, "approved_by_policy", subject_of(proposal), f"{proposal.plan.summary}: {why}"
        )
        note = f"I apply this without asking. {why}"
        await self._errand.house.notifier.proposal(case, proposal, note)


def _words(change: Change) -> str:
    return (
        f"change {change.kind.value.replace('_', ' ')} of {change.target.kind} {change.target.name}"
    )

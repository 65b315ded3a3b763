"""A person's decision on a proposal: who may decide, and how a decision counts exactly once."""

from __future__ import annotations

from uuid import UUID

from agent.errors import Refused
from agent.house import House
from agent.model import Approval, Proposal, ProposalStatus


async def why_not(house: House, proposal_id: UUID, user: str) -> str:
    """Why this person may not decide on the proposal now, as a sentence; empty when they may. A refusal is audited."""
    proposal = await house.store.proposals.get(proposal_id)
    if proposal is None:
        return "This proposal is not known here; look in the thread for a newer one."
    reason = await _objection(house, proposal, user)
    if reason:
        await house.store.audit.append(
            user,
            "decision_refused",
            f"proposal:{proposal_id}",
            {"reason": reason, "change": proposal.plan.summary},
            house.clock.now(),
        )
    return reason


async def _objection(house: House, proposal: Proposal, user: str) -> str:
    groups = await house.directory.groups_of(user)
    if not house.policy.entitled(user, groups, proposal.change, proposal.environment):
        people = sorted(house.policy.rules_of(proposal.environment).approvers) or ["nobody yet"]
        return (
            f"You may not decide on changes in {proposal.environment}; "
            f"{' or '.join(people)} may. Ask one of them to look at this thread."
        )
    if proposal.status is not ProposalStatus.OPEN:
        return f"This proposal is {proposal.status.value}; it can no longer be decided."
    if house.clock.now() >= proposal.expires_at:
        return "This proposal has expired; ask me to investigate again for a fresh one."
    if proposal.policy_version != house.policy.version:
        return "The policy changed since this was proposed; ask me to investigate again."
    return ""


async def decide_proposal(
    house: House, proposal_id: UUID, user: str, *, approved: bool, reason: str
) -> str:
    """Record a decision if the person may take it; returns why it did not count, or an empty text.

    Recording it and its audit entry are one transaction. Repeating a decision that counted is no objection.
    """
    before = await house.store.approvals.of(proposal_id)
    if before is not None and (before.user, before.approved) == (user, approved):
        return ""
    if objection := await why_not(house, proposal_id, user):
        return objection
    proposal = await house.store.proposals.get(proposal_id)
    if proposal is None:
        return "This proposal is not known here."
    approval = Approval(
        proposal=proposal_id,
        digest=proposal.digest,
        approved=approved,
        user=user,
        reason=reason,
        decided_at=house.clock.now(),
    )
    try:
        async with house.store.sessions.begin() as session:
            if not await house.store.approvals.record(approval, session=session):
                return "Somebody else has decided on this already."
            await house.store.audit.append(
                user,
                "approved" if approved else "rejected",
                f"proposal:{proposal_id}",
                {"digest": proposal.digest, "change": proposal.plan.summary, "reason": reason},
                approval.decided_at,
                session=session,
            )
    except Refused as error:
        return str(error)
    return ""

"""A person's decision on a proposal: who may decide, and how a decision counts exactly once.

Each refusal is in the audit log, whatever the reason: an attempt that failed is worth as much as one that did not.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from agent.errors import Refused
from agent.house import House
from agent.model import Approval, Proposal, ProposalStatus
from agent.resolution.entitling import principals_of
from agent.resolution.facts import ruling_of

_UNKNOWN = "This proposal is not known here; look in the thread for a newer one."
_DECIDED = "Somebody else has decided on this already."
_OTHER = "The change is no longer the one that was shown; look at it and decide again."
_REASON = "Say why: whoever looks at this next needs to know what was wrong with it."


async def why_not(house: House, proposal_id: UUID, user: str, *, approved: bool = True) -> str:
    """Why this person may not decide so on the proposal now, as a sentence; empty when they may. A refusal is audited."""
    proposal = await house.store.proposals.get(proposal_id)
    if proposal is None:
        return await _refused(house, proposal_id, None, user, _UNKNOWN)
    if reason := await _objection(house, proposal, user, approved=approved):
        return await _refused(house, proposal_id, proposal, user, reason)
    return ""


async def decide_proposal(
    house: House, proposal_id: UUID, user: str, *, approved: bool, reason: str, shown: str = ""
) -> str:
    """Record a decision if the person may take it; returns why it did not count, or an empty text.

    Recording it and its audit entry are one transaction. Repeating a decision that counted is no objection.

    Args:
        house: the parts.
        proposal_id: what is decided on.
        user: who decides.
        approved: or rejected.
        reason: in their words; a rejection needs one.
        shown: the digest of what they were shown; empty: whatever is proposed.
    """
    proposal = await house.store.proposals.get(proposal_id)
    if proposal is None:
        return await _refused(house, proposal_id, None, user, _UNKNOWN)
    before = await house.store.approvals.of(proposal_id)
    if any((a.user, a.approved) == (user, approved) for a in before):
        return ""
    objection = await _objection(house, proposal, user, approved=approved)
    if not objection and shown and shown != proposal.digest:
        objection = _OTHER
    if not objection and not approved and not reason.strip():
        objection = _REASON
    if not objection:
        objection = await _record(house, proposal, user, approved=approved, reason=reason)
    return await _refused(house, proposal_id, proposal, user, objection) if objection else ""


async def _objection(house: House, proposal: Proposal, user: str, *, approved: bool) -> str:
    return (
        await _of_the_person(house, proposal, user, approved=approved)
        or _of_the_proposal(house, proposal, house.clock.now())
        or (await _of_approving(house, proposal, user) if approved else "")
    )


async def _of_the_person(house: House, proposal: Proposal, user: str, *, approved: bool) -> str:
    person = await house.directory.person(user)
    if person.why_not:
        return f"You may not decide on changes: {person.why_not}."
    principals = await principals_of(house, person, proposal)
    case = await house.store.cases.load(proposal.investigation)
    ruling = await ruling_of(house, case, proposal.change, proposal.plan, proposal.reverts)
    return ruling.objection_to(user, principals, approving=approved)


def _of_the_proposal(house: House, proposal: Proposal, now: datetime) -> str:
    if proposal.status is not ProposalStatus.OPEN:
        return f"This proposal is {proposal.status.value}; it can no longer be decided."
    if now >= proposal.expires_at:
        return "This proposal has expired; ask me to investigate again for a fresh one."
    if proposal.policy_version != house.policy.version:
        return "The policy changed since this was proposed; ask me to investigate again."
    return ""


async def _of_approving(house: House, proposal: Proposal, user: str) -> str:
    """What stands against an approval and not against a rejection."""
    freeze = await house.store.freezes.current()
    if freeze is not None:
        return f"Changes are frozen since {freeze.since:%Y-%m-%d %H:%M} UTC; nothing can be approved until they are not."
    return ""


async def _record(
    house: House, proposal: Proposal, user: str, *, approved: bool, reason: str
) -> str:
    approval = Approval(
        proposal=proposal.id,
        digest=proposal.digest,
        approved=approved,
        user=user,
        reason=reason,
        decided_at=house.clock.now(),
    )
    try:
        async with house.store.sessions.begin() as session:
            if not await house.store.approvals.record(approval, session=session):
                return await _unless_their_own(house, approval)
            await house.store.audit.append(
                user,
                "approved" if approved else "rejected",
                f"proposal:{proposal.id}",
                {
                    "investigation": proposal.investigation,
                    "digest": proposal.digest,
                    "change": proposal.plan.summary,
                    "reason": reason,
                },
                approval.decided_at,
                session=session,
            )
    except Refused as error:
        return str(error)
    return ""


async def _unless_their_own(house: House, approval: Approval) -> str:
    """A second click of the same person that came at the same moment is no objection."""
    given = await house.store.approvals.of(approval.proposal)
    own = any((a.user, a.approved) == (approval.user, approval.approved) for a in given)
    return "" if own else _DECIDED


async def _refused(
    house: House, proposal_id: UUID, proposal: Proposal | None, user: str, reason: str
) -> str:
    known = {"investigation": proposal.investigation, "change": proposal.plan.summary}
    await house.store.audit.append(
        user,
        "decision_refused",
        f"proposal:{proposal_id}",
        {**(known if proposal else {}), "reason": reason},
        house.clock.now(),
    )
    return reason

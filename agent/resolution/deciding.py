"""A person's decision on a proposal: who may decide, and how a decision counts exactly once.

Each refusal is in the audit log, whatever the reason: an attempt that failed is worth as much as one that did not.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from agent.errors import Refused
from agent.house import House
from agent.model import Approval, Proposal, ProposalStatus, Via, standing_of
from agent.ports import Asked
from agent.resolution.entitling import id_of, principals_of, requesters_of
from agent.resolution.facts import ruling_of
from agent.resolution.policy import Ruling

_UNKNOWN = "This proposal is not known here; look in the thread for a newer one."
_DECIDED = "Somebody else has decided on this already."
_OTHER = "The change is no longer the one that was shown; look at it and decide again."
_REASON = "Say why: whoever looks at this next needs to know what was wrong with it."


async def asked(house: House, proposal_id: UUID) -> Asked | None:
    """What whoever decides has to know; None when there is no such proposal."""
    proposal = await house.store.proposals.get(proposal_id)
    if proposal is None:
        return None
    ruling = await _ruling(house, proposal)
    standing = standing_of(proposal, await house.store.approvals.of(proposal_id))
    return Asked(
        proposal=proposal,
        people=ruling.people,
        approved_by=standing.approved_by,
        missing=max(standing.missing, ruling.still_needed(standing.approved_by)),
        four_eyes=ruling.four_eyes,
        moment="" if ruling.may_apply_now else ruling.reason,
    )


async def why_not(
    house: House, proposal_id: UUID, user: str, *, approved: bool = True, shown: str = ""
) -> str:
    """Why this person may not decide so on the proposal now, as a sentence; empty when they may. A refusal is audited.

    ``shown`` is the digest of what they were shown; empty: nothing yet.
    """
    proposal = await house.store.proposals.get(proposal_id)
    if proposal is None:
        return await _refused(house, proposal_id, None, user, _UNKNOWN)
    if reason := await _objection(house, proposal, user, approved=approved, shown=shown):
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
    objection = await _objection(house, proposal, user, approved=approved, shown=shown)
    if not objection and not approved and not reason.strip():
        objection = _REASON
    if not objection:
        objection = await _record(house, proposal, user, approved=approved, reason=reason)
    return await _refused(house, proposal_id, proposal, user, objection) if objection else ""


async def _objection(
    house: House, proposal: Proposal, user: str, *, approved: bool, shown: str
) -> str:
    now = house.clock.now()
    ruling = await _ruling(house, proposal)
    return (
        await _of_the_person(house, proposal, ruling, user, approved=approved)
        or _of_the_proposal(proposal, ruling, now)
        or (_OTHER if shown and shown != proposal.digest else "")
        or (_of_the_moment(ruling) if approved else "")
    )


async def _ruling(house: House, proposal: Proposal) -> Ruling:
    """What the policy says now on what was proposed."""
    case = await house.store.cases.load(proposal.investigation)
    return await ruling_of(
        house,
        case,
        proposal.change,
        proposal.plan,
        proposal.reverts,
        requesters=requesters_of(proposal),
    )


async def _of_the_person(
    house: House, proposal: Proposal, ruling: Ruling, user: str, *, approved: bool
) -> str:
    person = await house.directory.person(user)
    if person.why_not:
        return f"You may not decide on changes: {person.why_not}."
    principals = await principals_of(house, person, proposal)
    return ruling.objection_to(id_of(user), principals, approving=approved)


def _of_the_proposal(proposal: Proposal, ruling: Ruling, now: datetime) -> str:
    if proposal.status is not ProposalStatus.OPEN:
        return f"This proposal is {proposal.status.value}; it can no longer be decided."
    if proposal.plan.via is Via.PULL_REQUEST:
        return f"This is a pull request: merge it or close it there, that is the decision. {proposal.link}"
    if now >= proposal.expires_at:
        return "This proposal has expired; ask me to investigate again for a fresh one."
    if proposal.policy_version != ruling.policy_version:
        return "The policy changed since this was proposed; ask me to investigate again."
    return ""


def _of_the_moment(ruling: Ruling) -> str:
    """A freeze, or a closed window that nothing waits for, stands against approving; it may be rejected at any time."""
    if ruling.may_apply_now or ruling.waits:
        return ""
    return f"It cannot be approved now. {ruling.reason}"


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
    known = (
        {"investigation": proposal.investigation, "change": proposal.plan.summary}
        if proposal is not None
        else {}
    )
    await house.store.audit.append(
        user,
        "decision_refused",
        f"proposal:{proposal_id}",
        {**known, "reason": reason},
        house.clock.now(),
    )
    return reason

"""The last look before a write: everything that an approval rests on has to hold at that moment, not at the click.

Between the two a day may lie (the bot was down), a freeze, another policy, the end of a change window. So this runs in
the same durable step as the write, each time that the step is tried.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from agent.house import House
from agent.model import (
    Case,
    OutcomeStatus,
    Proposal,
    ProposalStatus,
    Utc,
    Value,
    standing_of,
)
from agent.resolution.entitling import requesters_of
from agent.resolution.facts import ruling_of
from agent.resolution.policy import Ruling

GRACE_SECONDS = 120.0
"""How long after a proposal's end an approval of its last moment may still be carried out."""


class Clear(StrEnum):
    """What to do about an approved change now."""

    GO = "go"
    WAIT = "wait"
    """Until the change window opens."""
    AGAIN = "again"
    """Plan it anew and ask again: what was approved is not what holds now."""
    LATE = "late"
    """Its time is over; somebody has to ask for it again."""


class Clearance(Value):
    """Whether a change may be written now."""

    what: Clear
    why: str = ""
    until: Utc | None = None
    """With ``WAIT``: when to look again."""


async def clearance(house: House, case: Case, proposal: Proposal, deadline: datetime) -> Clearance:
    """Look at all of it anew.

    Args:
        house: the parts.
        case: the investigation as it is stored now.
        proposal: what was approved.
        deadline: after which it is too late.
    """
    if house.clock.now() > deadline:
        why = f"it was approved for {proposal.expires_at:%Y-%m-%d %H:%M} UTC at the latest"
        return Clearance(what=Clear.LATE, why=why)
    outcome = await house.store.outcomes.of(proposal.reverts) if proposal.reverts else None
    ruling = await ruling_of(
        house,
        case,
        proposal.change,
        proposal.plan,
        proposal.reverts,
        requesters=requesters_of(proposal),
        worse=outcome is not None and outcome.status is OutcomeStatus.WORSE,
    )
    if ruling.policy_version != proposal.policy_version:
        return Clearance(what=Clear.AGAIN, why="the policy changed since it was proposed")
    if not ruling.may_propose:
        return Clearance(what=Clear.AGAIN, why=ruling.reason)
    if missing := await _missing(house, proposal, ruling):
        return Clearance(what=Clear.AGAIN, why=missing)
    return _opened(ruling)


async def _missing(house: House, proposal: Proposal, ruling: Ruling) -> str:
    """What is missing of the decision; empty when enough people approved exactly this, or nobody need be asked."""
    given = await house.store.approvals.of(proposal.id)
    if not given:
        return "" if ruling.automatic else f"nobody approved it. {ruling.why_asked}".rstrip()
    standing = standing_of(proposal, given)
    if standing.status is not ProposalStatus.APPROVED or any(
        a.digest != proposal.digest for a in given
    ):
        return "what was approved is not this change"
    if needed := ruling.still_needed(standing.approved_by):
        return f"{needed} more approval{'' if needed == 1 else 's'} would be needed"
    return ""


def _opened(ruling: Ruling) -> Clearance:
    if ruling.may_apply_now:
        return Clearance(what=Clear.GO)
    if ruling.waits and ruling.next_at is not None:
        return Clearance(what=Clear.WAIT, why=ruling.reason, until=ruling.next_at)
    return Clearance(what=Clear.AGAIN, why=ruling.why_asked or ruling.reason)

"""Turns a change that would mend a finding into a proposal: taint gate, policy, dry run, in that order."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from agent.errors import Refused
from agent.model import Case, Change, Plan, Proposal
from agent.resolution.facts import place_of
from agent.resolution.policy import Facts, Policy, Ruling
from agent.resolution.taint import refuse_tainted


def refuse_unallowed(change: Change, case: Case, policy: Policy) -> None:
    """Let a change through only if its values can be trusted and the policy lets it be proposed.

    Raises:
        Refused: the message says which and why.
    """
    refuse_tainted(change, case.steps)
    facts = Facts(change=change, place=place_of(change.target, case), now=case.now)
    ruling = policy.decide(facts)
    if not ruling.may_propose:
        raise Refused(ruling.reason)


def proposal_id(case: Case, workflow: str, number: int) -> UUID:
    """The id of a workflow's nth proposal: the same when the workflow runs again after a crash."""
    return uuid5(NAMESPACE_URL, f"srebot:{case.investigation.id}:{workflow}:{number}")


def proposal_of(
    identity: UUID,
    case: Case,
    change: Change,
    plan: Plan,
    ruling: Ruling,
    now: datetime,
    expiry_seconds: float,
    reverts: UUID | None = None,
) -> Proposal:
    """The proposal of a planned change that the policy lets be proposed."""
    return Proposal(
        id=identity,
        investigation=case.investigation.id,
        change=change,
        plan=plan,
        environment=ruling.environment,
        policy_version=ruling.policy_version,
        created_at=now,
        expires_at=now + timedelta(seconds=expiry_seconds),
        reverts=reverts,
        approvals_needed=ruling.approvals_needed,
    )

"""Turns a change that would mend a finding into a proposal: taint gate, policy, dry run, in that order."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from agent.errors import Refused
from agent.model import Case, Change, Entity, Plan, Proposal
from agent.resolution.policy import Policy
from agent.resolution.taint import refuse_tainted


def environment_of(target: Entity, case: Case) -> str:
    """The environment that a change would happen in: what the graph knows of the target, else its namespace.

    What the change or the signal say of it never counts: an alert's text could choose a laxer policy.
    """
    known = next((e for e in case.entities if e.key == target.key and e.environment), None)
    return known.environment if known else target.namespace


def refuse_unallowed(change: Change, case: Case, policy: Policy) -> None:
    """Let a change through only if its values can be trusted and the policy lets it be proposed.

    Raises:
        Refused: the message says which and why.
    """
    refuse_tainted(change, case.steps)
    verdict = policy.decide(change, environment_of(change.target, case))
    if not verdict.may_propose:
        raise Refused(verdict.reason)


def proposal_id(case: Case, workflow: str, number: int) -> UUID:
    """The id of a workflow's nth proposal: the same when the workflow runs again after a crash."""
    return uuid5(NAMESPACE_URL, f"srebot:{case.investigation.id}:{workflow}:{number}")


def proposal_of(
    identity: UUID,
    case: Case,
    change: Change,
    plan: Plan,
    policy: Policy,
    now: datetime,
    expiry_seconds: float,
    reverts: UUID | None = None,
) -> Proposal:
    """The proposal of a planned change."""
    return Proposal(
        id=identity,
        investigation=case.investigation.id,
        change=change,
        plan=plan,
        environment=environment_of(change.target, case),
        policy_version=policy.version,
        created_at=now,
        expires_at=now + timedelta(seconds=expiry_seconds),
        reverts=reverts,
    )

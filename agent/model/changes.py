"""Changes: proposed, decided on, applied, and what was seen afterwards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from pydantic import Field

from agent.model.base import Json, Utc, Value
from agent.model.company import Entity
from agent.model.findings import Claim


class ChangeKind(StrEnum):
    """The kinds of change that srebot can propose."""

    RESOURCES = "resources"
    REPLICAS = "replicas"
    ROLLBACK = "rollback"
    RESTART = "restart"
    SUSPEND_JOB = "suspend_job"
    RESUME_JOB = "resume_job"
    CONFIG_VALUE = "config_value"
    HPA_BOUNDS = "hpa_bounds"
    IMAGE = "image"
    DELETE_POD = "delete_pod"
    CORDON = "cordon"
    UNCORDON = "uncordon"


class Change(Value):
    """What to do to what. Arguments per kind:

    resources: container, memory_bytes and/or cpu_cores (new limits; requests follow when above them);
    replicas: replicas; rollback: revision; restart: none; suspend_job and resume_job: none;
    config_value: key, value (the target is a ConfigMap; ``restart`` names a Deployment to roll afterwards);
    hpa_bounds: minimum and/or maximum (replicas; the target is a HorizontalPodAutoscaler, kind ``hpa``);
    image: container, image (whole reference, as it is or was in the cluster); delete_pod: none (the target is a Pod);
    cordon and uncordon: none (the target is a Node).
    """

    kind: ChangeKind
    target: Entity
    arguments: Json = Field(default_factory=dict)
    provenance: dict[str, str] = Field(default_factory=dict)
    """Argument (and ``target``) -> where its value came from: ``step:4``, ``computed:step:4``, ``policy``."""
    why: tuple[Claim, ...] = ()


class Via(StrEnum):
    """The way that a change takes."""

    CLUSTER = "cluster"
    """Written to the cluster's API."""
    PULL_REQUEST = "pull_request"
    """Put up as a pull request on the repository that the target is managed in; its merge is the decision."""


class Plan(Value):
    """A change as the vendor would carry it out, from a dry run against the live target."""

    diff: str
    """Unified diff of the target's YAML, before and after."""
    target_uid: str
    resource_version: str
    summary: str
    """One line for people: ``memory limit of redis-reco: 16Gi -> 24Gi``."""
    risk: str
    way_back: Change | None
    """None: there is none and none is needed, since the target's controller makes what was taken away anew."""
    via: Via = Via.CLUSTER
    blast_radius: tuple[str, ...] = ()
    """Names of what depends on the target, the nearest first."""
    preconditions: tuple[str, ...] = ()
    """What has to be so still when it is applied, in words."""


class Expectation(Value):
    """What would count as success, written down before the change."""

    criterion: str
    """In one sentence, with numbers."""
    horizon_seconds: float
    """How long it is watched at most."""
    held_seconds: float = 0.0
    """How long success (or its opposite) has to last before it counts."""
    signals: tuple[Json, ...] = ()
    """What is watched (``agent.resolution.watch.Watched``)."""


class ProposalStatus(StrEnum):
    """Where a proposal stands."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    APPLIED = "applied"
    FAILED = "failed"
    REHEARSED = "rehearsed"
    """Approved in dry-run mode: tried by a dry run, and nothing was changed."""


class Proposal(Value):
    """A planned change put before people."""

    id: UUID
    investigation: int
    change: Change
    plan: Plan
    environment: str
    policy_version: str
    created_at: Utc
    expires_at: Utc
    status: ProposalStatus = ProposalStatus.OPEN
    reverts: UUID | None = None
    """The proposal that this one takes back."""
    expectation: Expectation | None = None
    approvals_needed: int = 1
    """How many people have to approve it."""
    link: str = ""
    """Of its pull request."""
    requested_by: str = ""
    """Who asked for what led to it: the investigation, or the way back; empty: nobody did."""

    @property
    def digest(self) -> str:
        """The hash that an approval is bound to: operation, target's version, diff and policy."""
        bound = {
            "change": self.change.model_dump(mode="json", exclude={"why"}),
            "uid": self.plan.target_uid,
            "version": self.plan.resource_version,
            "diff": self.plan.diff,
            "policy": self.policy_version,
            "approvals": self.approvals_needed,
            "expects": self.expectation
            and [self.expectation.criterion, self.expectation.horizon_seconds],
        }
        return hashlib.sha256(json.dumps(bound, sort_keys=True).encode()).hexdigest()


class Approval(Value):
    """A person's decision on a proposal."""

    proposal: UUID
    digest: str
    approved: bool
    user: str
    reason: str = ""
    decided_at: Utc


class Standing(NamedTuple):
    """What people's decisions on a proposal come to."""

    status: ProposalStatus
    """Approved, rejected, or open while some are missing."""
    approved_by: tuple[str, ...]
    """In the order of their decisions."""
    missing: int
    """How many more have to approve."""


def standing_of(proposal: Proposal, approvals: Sequence[Approval]) -> Standing:
    """One rejection rejects; as many different people as are needed approve."""
    approved_by = tuple(dict.fromkeys(a.user for a in approvals if a.approved))
    missing = max(0, max(1, proposal.approvals_needed) - len(approved_by))
    if any(not a.approved for a in approvals):
        return Standing(ProposalStatus.REJECTED, approved_by, missing)
    status = ProposalStatus.OPEN if missing else ProposalStatus.APPROVED
    return Standing(status, approved_by, missing)


class Freeze(Value):
    """A stop of all applying, in every environment."""

    by: str
    reason: str = ""
    since: Utc
    lifted_by: str = ""
    lifted_at: Utc | None = None


class OutcomeStatus(StrEnum):
    """What was seen after a change."""

    RECOVERED = "recovered"
    UNCHANGED = "unchanged"
    WORSE = "worse"
    CANNOT_TELL = "cannot_tell"


class SignalAfter(Value):
    """One watched signal before and after a change."""

    name: str
    query: str
    before: float | None
    after: float | None
    good: bool | None
    """Whether it is where it should be; None when that can't be told."""
    neighbour: bool = False
    """Not what started the investigation: a dependant or sibling, which must not suffer."""


class Comparison(Value):
    """A signal's course after a change against what would have been expected without it."""

    signal: str
    unit: str = ""
    before: float
    after: float
    low: float | None = None
    high: float | None = None
    """The range expected without the change; None: nothing to compare with."""
    days: int = 0
    """Earlier days compared with, at the same time of day."""
    siblings: int = 0
    """Things of the same kind that the change does not touch, compared with."""
    alike: tuple[str, ...] = ()
    """Which of them (``siblings``, ``earlier days``) show a move like the signal's own; empty: none does."""
    partly: tuple[str, ...] = ()
    """Which of them move the same way, if less."""


class Outcome(Value):
    """What was seen after a change, without claiming that the change caused it."""

    proposal: UUID
    status: OutcomeStatus
    statement: str
    signals: tuple[SignalAfter, ...] = ()
    observed_at: Utc
    watched_seconds: float
    against: tuple[Comparison, ...] = ()
    """What would have been expected without the change."""

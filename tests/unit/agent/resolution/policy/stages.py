"""A company in memory in which the real decisions are taken: ruling, proposing, deciding, the clearance before a write.

Only what they look things up in, and the cluster, is stood in for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, TypeVar, cast
from uuid import UUID, uuid4

from agent.house import House, Terms
from agent.model import (
    Approval,
    Case,
    Change,
    ChangeKind,
    Freeze,
    Json,
    Outcome,
    OutcomeStatus,
    Proposal,
    ProposalStatus,
    TrackRecord,
    standing_of,
)
from agent.ports import Person
from agent.resolution.clearing import GRACE_SECONDS, Clear, clearance
from agent.resolution.deciding import decide_proposal
from agent.resolution.facts import ruling_of
from agent.resolution.policy import ON_CALL, Policy
from agent.resolution.proposing import proposal_of
from tests.unit.agent.resolution.policy.made import NOW, plan_of
from tests.unit.bot.slack import cases

T = TypeVar("T")
EXPIRY_SECONDS = 12 * 3600.0


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as done:
        return cast(T, done.value)
    raise AssertionError("it waits for something")


@dataclass
class Click:
    """A decision that counted, and what was so at that moment."""

    user: str
    approved: bool
    names: frozenset[str]
    """Their id, their groups, and being on call."""


@dataclass
class Write:
    """What was written to the cluster."""

    proposal: Proposal
    clicks: tuple[Click, ...]
    live: Json
    """What was there just before."""


@dataclass
class Company:
    """Everything that decisions rest on, turned by a test."""

    policy: Policy
    now: datetime = NOW
    groups: dict[str, frozenset[str]] = field(default_factory=dict)
    on_call: frozenset[str] = frozenset()
    freeze: Freeze | None = None
    records: dict[tuple[str, str], TrackRecord] = field(default_factory=dict)
    live: dict[str, Json] = field(default_factory=dict)
    """By environment: what is there, with its version."""
    proposals: dict[UUID, Proposal] = field(default_factory=dict)
    approvals: dict[UUID, list[Approval]] = field(default_factory=dict)
    outcomes: dict[UUID, Outcome] = field(default_factory=dict)
    clicks: dict[UUID, list[Click]] = field(default_factory=dict)

    @property
    def house(self) -> House:
        """The parts, as they are now."""
        return House(
            store=cast(Any, _Store(self)),
            investigator=cast(Any, None),
            notifier=cast(Any, None),
            directory=cast(Any, _Directory(self)),
            policy=self.policy,
            clock=cast(Any, SimpleNamespace(now=lambda: self.now)),
            terms=Terms(proposal_expiry_seconds=EXPIRY_SECONDS),
            on_call=cast(Any, _OnCall(self)),
        )

    def there(self, environment: str) -> Json:
        """What is in the cluster there."""
        return self.live.setdefault(
            environment, {"replicas": 2, "image": "registry/auth:1", "version": 1}
        )

    def case(self) -> Case:
        """The investigation, which an alert began."""
        return cases.case().model_copy(update={"entities": (), "now": self.now})

    def propose(
        self, change: Change, reverts: UUID | None = None, asked_by: str = ""
    ) -> UUID | None:
        """The first stage: rule, plan, rule again, put it before people; None where it is refused."""
        asked = frozenset({asked_by} - {""})
        first = at_once(ruling_of(self.house, self.case(), change, None, reverts, requesters=asked))
        if not first.may_propose:
            return None
        there = self.there(change.target.namespace)
        plan = plan_of(change, {k: v for k, v in there.items() if k != "version"})
        plan = plan.model_copy(update={"resource_version": str(there["version"])})
        worse = reverts is not None and self.was_worse(reverts)
        ruling = at_once(
            ruling_of(self.house, self.case(), change, plan, reverts, requesters=asked, worse=worse)
        )
        if not ruling.may_propose:
            return None
        made = proposal_of(
            uuid4(), self.case(), change, plan, ruling, self.now, EXPIRY_SECONDS, reverts
        )
        status = ProposalStatus.APPROVED if ruling.automatic else ProposalStatus.OPEN
        self.proposals[made.id] = made.model_copy(
            update={"status": status, "requested_by": asked_by}
        )
        return made.id

    def click(self, proposal: UUID, user: str, *, approved: bool) -> None:
        """The second stage."""
        names = {user, *self.groups.get(user, ())} | ({ON_CALL} if user in self.on_call else set())
        objection = at_once(
            decide_proposal(self.house, proposal, user, approved=approved, reason="because")
        )
        if not objection:
            self.clicks.setdefault(proposal, []).append(Click(user, approved, frozenset(names)))

    def apply(self, proposal: UUID) -> Write | None:
        """The third stage: the clearance, and a cluster that refuses what was not planned against it as it is."""
        made = self.proposals[proposal]
        if made.status is not ProposalStatus.APPROVED:
            return None
        deadline = made.expires_at + timedelta(seconds=GRACE_SECONDS)
        clear = at_once(clearance(self.house, self.case(), made, deadline))
        there = self.there(made.change.target.namespace)
        if clear.what is not Clear.GO or str(there["version"]) != made.plan.resource_version:
            return None
        write = Write(made, tuple(self.clicks.get(proposal, ())), dict(there))
        there |= {k: v for k, v in made.change.arguments.items() if k in there}
        there["version"] += 1
        self.proposals[proposal] = made.model_copy(update={"status": ProposalStatus.APPLIED})
        return write

    def see(self, proposal: UUID, status: OutcomeStatus) -> None:
        """What was seen after a change."""
        self.outcomes[proposal] = Outcome(
            proposal=proposal,
            status=status,
            statement="",
            observed_at=self.now,
            watched_seconds=60,
        )

    def was_worse(self, proposal: UUID) -> bool:
        """Whether things got worse after it."""
        seen = self.outcomes.get(proposal)
        return seen is not None and seen.status is OutcomeStatus.WORSE


class _Directory:
    def __init__(self, company: Company) -> None:
        self._company = company

    async def person(self, user: str) -> Person:
        return Person(id=user, groups=self._company.groups.get(user, frozenset()), email=user)


class _OnCall:
    def __init__(self, company: Company) -> None:
        self._company = company

    async def emails(self, service: str) -> frozenset[str]:
        return self._company.on_call


class _Store:
    """What decisions look things up in."""

    def __init__(self, company: Company) -> None:
        self.proposals = _Proposals(company)
        self.approvals = _Approvals(company)
        self.cases = SimpleNamespace(load=_always(company.case()))
        self.graph = SimpleNamespace(get=_always(None))
        self.freezes = SimpleNamespace(current=_always(company.freeze))
        self.audit = SimpleNamespace(append=_always(None))
        self.trust = _Trust(company)
        self.outcomes = _Outcomes(company)
        self.sessions = SimpleNamespace(begin=_transaction)


class _Proposals:
    def __init__(self, company: Company) -> None:
        self._company = company

    async def get(self, proposal: UUID) -> Proposal | None:
        return self._company.proposals.get(proposal)

    async def kinds_approved(self, environment: str) -> frozenset[ChangeKind]:
        return frozenset(
            p.change.kind
            for p in self._company.proposals.values()
            if p.environment == environment
            and any(a.approved for a in self._company.approvals.get(p.id, ()))
        )


class _Approvals:
    def __init__(self, company: Company) -> None:
        self._company = company

    async def of(self, proposal: UUID, **_: Any) -> tuple[Approval, ...]:
        return tuple(self._company.approvals.get(proposal, ()))

    async def record(self, approval: Approval, **_: Any) -> bool:
        proposal = self._company.proposals[approval.proposal]
        given = self._company.approvals.setdefault(approval.proposal, [])
        given[:] = [*(a for a in given if a.user != approval.user), approval]
        status = standing_of(proposal, given).status
        self._company.proposals[proposal.id] = proposal.model_copy(update={"status": status})
        return True


class _Trust:
    def __init__(self, company: Company) -> None:
        self._company = company

    async def record_of(self, service: str, kind: str, environment: str, **_: Any) -> TrackRecord:
        none = TrackRecord(service=service, kind=kind, environment=environment)
        return self._company.records.get((kind, environment), none)


class _Outcomes:
    def __init__(self, company: Company) -> None:
        self._company = company

    async def of(self, proposal: UUID) -> Outcome | None:
        return self._company.outcomes.get(proposal)


def _always(value: Any) -> Any:
    async def given(*_: Any, **__: Any) -> Any:
        return value

    return given


@asynccontextmanager
async def _transaction() -> AsyncIterator[None]:
    yield

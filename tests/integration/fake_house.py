"""The parts that workflows call, with a real store and the outside in memory."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from agent.awareness.issues import Issue, Joined
from agent.house import House, Terms
from agent.investigation.loop import Investigator
from agent.model import (
    Approval,
    Budget,
    Case,
    Change,
    ChangeKind,
    Check,
    Conversation,
    Decision,
    Entity,
    Investigation,
    Outcome,
    Plan,
    Proposal,
    Reading,
    Signal,
    SignalKind,
    Step,
    Triage,
)
from agent.ports import Addresses, Person, Picture
from agent.reasoning.rules import Rules
from agent.resolution.deciding import decide_proposal
from agent.resolution.policy import default_policy
from agent.store.repository import Store
from agent.tools import Registry, tool
from agent.workflow import Mail, MailKind

T = TypeVar("T")
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
LEAD, ENGINEER, OUTSIDER = "U-lead", "U-engineer", "U-outsider"
GROUPS = {LEAD: frozenset({"team-leads"}), ENGINEER: frozenset({"sre-approvers"})}
NOT_FULL: dict[str, str] = {}
"""Who is no full member, and why their word does not count."""
MONITOR = "7"
_RECEIVE = "receive"


class Crash(BaseException):
    """The process dies."""


@dataclass
class Hands:
    """A clock that only people's waiting moves."""

    at: datetime = NOW

    def now(self) -> datetime:
        """The present."""
        return self.at

    def pass_(self, seconds: float) -> None:
        """Let time pass."""
        self.at += timedelta(seconds=seconds)


@dataclass
class FakeWorkflow:
    """A durable workflow in memory: what a step gave is remembered under its place, in ``journal``.

    ``happens`` is what people do, one thing each time the workflow waits; None is nobody doing anything.
    From ``crash_at`` on the process dies between a step's effect and its record; receiving is one with its record.
    """

    clock: Hands
    happens: list[Callable[[], Awaitable[Mail | None]] | Mail | None] = field(default_factory=list)
    journal: list[tuple[str, Any]] = field(default_factory=list)
    crash_at: int = -1
    id: str = "investigation-1"
    place: int = 0

    def again(self) -> FakeWorkflow:
        """The same workflow, taken up by another process."""
        return FakeWorkflow(self.clock, self.happens, self.journal, id=self.id)

    async def step(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        """Run once."""
        place, self.place = self.place, self.place + 1
        if place < len(self.journal):
            recorded, result = self.journal[place]
            assert recorded == name, f"step {place} was {recorded!r} and is now {name!r}"
            return result  # type: ignore[no-any-return]
        result = await work()
        if 0 <= self.crash_at <= place and name != _RECEIVE:
            raise Crash
        self.journal.append((name, result))
        return result

    async def send(self, destination: str, mail: Mail, key: str) -> None:
        """Nobody else is there."""

    async def receive(self, seconds: float) -> Mail | None:
        """The next thing that people do."""

        async def wait() -> Mail | None:
            if not self.happens or (next_ := self.happens.pop(0)) is None:
                self.clock.pass_(seconds)
                return None
            return next_ if isinstance(next_, Mail) else await next_()

        return await self.step(_RECEIVE, wait)


@dataclass
class FakeFixer:
    """A cluster: applies each proposal once, by its mark."""

    versions: list[str] = field(default_factory=lambda: ["1"])
    """The target's version at each planning; the last one stays."""
    plan_errors: list[Exception] = field(default_factory=list)
    apply_errors: list[Exception] = field(default_factory=list)
    planned: list[Change] = field(default_factory=list)
    applied: dict[UUID, Proposal] = field(default_factory=dict)
    calls: int = 0

    async def plan(self, change: Change) -> Plan:
        """Dry-run."""
        if self.plan_errors:
            raise self.plan_errors.pop(0)
        self.planned.append(change)
        version = self.versions.pop(0) if len(self.versions) > 1 else self.versions[0]
        back = Change(kind=ChangeKind.RESUME_JOB, target=change.target)
        return Plan(
            diff=f"{change.kind.value} of version {version}",
            target_uid="u",
            resource_version=version,
            summary=f"{change.kind.value} {change.target.name}",
            risk="little",
            way_back=back,
        )

    async def apply(self, proposal: Proposal) -> str:
        """Apply."""
        self.calls += 1
        if self.apply_errors:
            raise self.apply_errors.pop(0)
        self.applied.setdefault(proposal.id, proposal)
        return "2"

    async def was_applied(self, proposal: Proposal) -> bool:
        """Whether it bears the proposal's mark."""
        return proposal.id in self.applied


@dataclass
class FakeNotifier:
    """What people see: each key once, proposals and the summary as they stand last."""

    said: dict[str, str] = field(default_factory=dict)
    proposals: dict[UUID, tuple[str, str]] = field(default_factory=dict)
    """Status and note of each, as shown last."""
    summaries: list[str] = field(default_factory=list)

    async def summary(self, case: Case) -> Conversation:
        """Place or edit."""
        self.summaries.append(case.investigation.status.value)
        place = case.investigation.conversation or case.signal.conversation
        return place or Conversation(channel="C")

    async def update(self, case: Case, key: str, text: str) -> None:
        """Say once."""
        self.said.setdefault(key, text)

    async def report(self, case: Case) -> None:
        """Say once."""
        self.said.setdefault("report", "")

    async def proposal(
        self, case: Case, proposal: Proposal, note: str = "", approved_by: Sequence[str] = ()
    ) -> None:
        """Place or edit."""
        missing = proposal.approvals_needed - len(approved_by)
        waits = f"approved by {' and '.join(approved_by)}, waiting for {missing} more"
        self.proposals[proposal.id] = (proposal.status.value, waits if approved_by else note)

    async def decision(self, case: Case, proposal: Proposal, approval: Approval) -> None:
        """Say once."""
        key = f"decision-{proposal.id}-{approval.user}-{approval.approved}"
        self.said.setdefault(key, approval.user)

    async def outcome(self, case: Case, proposal: Proposal, outcome: Outcome) -> None:
        """Say once."""
        self.said.setdefault(f"outcome-{proposal.id}", outcome.status.value)

    async def say(
        self, conversation: Conversation, key: str, text: str, case: Case | None = None
    ) -> None:
        """Say once."""
        self.said.setdefault(key, text)

    async def remind(self, case: Case, key: str) -> None:
        """Say once."""
        self.said.setdefault(key, case.finding.question if case.finding else "")

    async def addresses(self, case: Case) -> Addresses:
        """Two addresses."""
        number = case.investigation.id
        return Addresses(
            thread=f"https://slack.example/p{number}", record=f"https://srebot.example/{number}"
        )

    async def pictures(
        self, conversation: Conversation, key: str, pictures: Sequence[Picture]
    ) -> None:
        """Show once."""
        self.said.setdefault(key, " | ".join(p.alt for p in pictures))

    async def taken(self, signal: Signal) -> None:
        """Nothing to see."""

    async def pointer(self, signal: Signal, joined: Joined) -> None:
        """Say once."""
        self.said.setdefault(f"pointer-{signal.key}", joined.issue.title)

    async def emerging(self, issue: Issue, signal: Signal) -> Conversation:
        """Say once."""
        self.said.setdefault(f"emerging-{issue.id}", signal.title)
        return Conversation(channel="C-emerging", thread=f"{issue.id}.0")

    def lines(self, beginning: str) -> list[str]:
        """What was said under keys that begin so."""
        return [text for key, text in self.said.items() if key.startswith(beginning)]


class FakeDirectory:
    """Who is who."""

    async def person(self, user: str) -> Person:
        """Full members, and those of ``NOT_FULL``."""
        groups = GROUPS.get(user, frozenset())
        email = f"{user.lower()}@shop.example"
        return Person(id=user, groups=groups, email=email, why_not=NOT_FULL.get(user, ""))


@dataclass
class FakeMonitors:
    """The one monitor; its state at each look, the last one stays."""

    states: list[str] = field(default_factory=lambda: ["Alert", "Alert", "OK"])

    @tool("datadog")
    async def datadog_monitors(self, service: str = "") -> Reading:
        """The monitors."""
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return monitors(state)


def monitors(state: str) -> Reading:
    """What a look at the monitor gives."""
    found = [{"id": int(MONITOR), "name": "Redis is slow", "state": state}]
    return Reading(source="datadog", query="monitors", observation=state, data={"monitors": found})


@dataclass
class Outside:
    """A house and everything in it that a test turns."""

    house: House
    store: Store
    clock: Hands
    fixer: FakeFixer
    notifier: FakeNotifier
    monitors: FakeMonitors

    def workflow(self, *happens: Any, crash_at: int = -1) -> FakeWorkflow:
        """A workflow during which people do these things."""
        return FakeWorkflow(self.clock, list(happens), crash_at=crash_at)

    async def decided(self, user: str, *, approved: bool, reason: str = "because") -> Mail | None:
        """Decide on the proposal that is open, as a click does: recorded first, then sent."""
        (open_,) = await self.open_proposals()
        why = await decide_proposal(self.house, open_.id, user, approved=approved, reason=reason)
        assert not why, why
        return Mail(kind=MailKind.DECISION, user=user, proposal=open_.id)

    async def open_proposals(self, investigation: int = 1) -> list[Proposal]:
        """Those that wait for people."""
        known = await self.store.proposals.of(investigation)
        return [p for p in known if p.status.value == "open"]

    async def actions(self) -> list[str]:
        """What the audit log says happened, oldest first."""
        return [e.action for e in reversed(await self.store.audit.entries())]


def outside(store: Store, *, can_apply: bool = True, **terms: float) -> Outside:
    """A house on a real store."""
    clock, notifier, fixer, watched = Hands(), FakeNotifier(), FakeFixer(), FakeMonitors()
    rules = Rules()
    investigator = Investigator(
        Registry([watched]), rules, rules, store.cases, store.memory, notifier, clock
    )
    house = House(
        store=store,
        investigator=investigator,
        notifier=notifier,
        directory=FakeDirectory(),
        policy=default_policy(),
        clock=clock,
        terms=Terms(**{"watch_seconds": 60, "watch_interval_seconds": 10, **terms}),
        fixer=fixer if can_apply else None,
    )
    return Outside(house, store, clock, fixer, notifier, watched)


def alert(key: str = "slack:C1:1.0", **changes: Any) -> Signal:
    """An alert of the monitor."""
    values = {
        "key": key,
        "kind": SignalKind.ALERT,
        "source": "datadog",
        "title": "Redis is slow",
        "service": "redis",
        "environment": "production",
        "fingerprint": f"datadog:{MONITOR}",
        "occurred_at": NOW,
        "conversation": Conversation(channel="C1", thread="1.0"),
    }
    return Signal.model_validate(values | changes)


def change(
    kind: ChangeKind = ChangeKind.SUSPEND_JOB, namespace: str = "production", name: str = "backup"
) -> Change:
    """A change whose target was seen in step 1."""
    target = Entity(name=name, kind="cronjob", namespace=namespace, environment=namespace)
    return Change(kind=kind, target=target, provenance={"target": "step:1"})


async def investigated(
    store: Store, namespace: str = "production", names: Sequence[str] = ("backup", "report")
) -> Investigation:
    """An investigation that has seen its targets and its monitor."""
    signal = alert(environment=namespace)
    triage = Triage(decision=Decision.INVESTIGATE, reason="tier 1", impact=0.9)
    opened, _ = await store.investigations.open(signal, triage, Budget(), signal.key, NOW)
    jobs = [{"kind": "cronjob", "namespace": namespace, "name": name} for name in names]
    seen = Reading(source="kubernetes", query="jobs", observation="", data={"jobs": jobs})
    checks = [("kubernetes_jobs", seen), ("datadog_monitors", monitors("Alert"))]
    for number, (name, reading) in enumerate(checks, 1):
        step = Step(number=number, round=1, check=Check(tool=name), reading=reading, started_at=NOW)
        await store.cases.save_step(opened.id, step)
    return opened

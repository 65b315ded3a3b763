"""A change through a pull request, whatever happens on the way: people, time, freezes, and a process that dies."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from uuid import UUID

import pytest

from agent.errors import Drifted, Refused, ToolError, Unreachable
from agent.model import Change, Freeze, Plan, Proposal, ProposalStatus, Via
from agent.ports import RequestState
from agent.resolution.carrying_out import CarryingOut, withdraw
from agent.resolution.deciding import decide_proposal
from agent.resolution.watching import Result
from agent.store.repository import Store
from agent.workflow import Mail, MailKind
from tests.integration.fake_house import (
    ENGINEER,
    NOW,
    Crash,
    FakeWorkflow,
    Outside,
    change,
    investigated,
    outside,
)

STOP = Mail(kind=MailKind.STOP, user=ENGINEER)
LINK = "https://forge.example/pull/1"
OPEN = RequestState()
MERGED = RequestState(merged=True, by="hannah", at=NOW)
SYNCED = MERGED.model_copy(update={"synced": True})
CLOSED = RequestState(closed=True, by="hannah")


@dataclass
class FakeRequests:
    """A repository: each proposal is put up once; ``states`` are what is seen of it, the last one stays."""

    states: list[RequestState | Exception] = field(default_factory=lambda: [OPEN])
    open_errors: list[Exception] = field(default_factory=list)
    managed: bool = True
    opened: dict[UUID, str] = field(default_factory=dict)
    closed: dict[UUID, str] = field(default_factory=dict)
    calls: int = 0

    async def manages(self, change: Change) -> bool:
        """Whether it is there."""
        return self.managed

    async def plan(self, change: Change) -> Plan:
        """An edit."""
        return Plan(
            diff="-a\n+b",
            target_uid="owner/name:path.yaml",
            resource_version="1",
            summary=f"edit for {change.target.name}",
            risk="little",
            way_back=change,
            via=Via.PULL_REQUEST,
        )

    async def open(self, proposal: Proposal, description: str) -> str:
        """Put it up once."""
        self.calls += 1
        if self.open_errors:
            raise self.open_errors.pop(0)
        self.opened.setdefault(proposal.id, description)
        return LINK

    async def state(self, proposal: Proposal) -> RequestState:
        """The next thing seen."""
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(state, Exception):
            raise state
        return state

    async def close(self, proposal: Proposal, comment: str) -> None:
        """Close it."""
        self.closed[proposal.id] = comment


def with_requests(store: Store, requests: FakeRequests, expiry_seconds: float = 3_600) -> Outside:
    world = outside(store, proposal_expiry_seconds=expiry_seconds)
    return replace(world, house=replace(world.house, requests=requests))


async def carried(world: Outside, flow: FakeWorkflow, *changes: Change) -> Result:
    return await CarryingOut(world.house, flow, 1).first_of(changes or [change()])


def shown(world: Outside) -> list[tuple[str, str]]:
    return list(world.notifier.proposals.values())


async def test_a_merged_request_is_watched_once_the_cluster_runs_it(store: Store) -> None:
    await investigated(store)
    requests = FakeRequests([OPEN, OPEN, MERGED, MERGED, SYNCED])
    world = with_requests(store, requests)
    result = await carried(world, world.workflow())
    assert result.outcome is not None
    assert result.outcome.status.value == "recovered"
    assert world.fixer.calls == 0, "nothing is written to the cluster"
    assert shown(world) == [
        (
            "applied",
            "Merged, and the cluster runs it. I am watching the signals that started this.",
        )
    ]
    assert await world.actions() == [
        "proposed",
        "opening_request",
        "request_opened",
        "merged",
        "seen_recovered",
    ]
    (proposal,) = await store.proposals.of(1)
    assert (proposal.link, proposal.status) == (LINK, ProposalStatus.APPLIED)
    entries = await store.audit.entries()
    assert next(e.actor for e in entries if e.action == "merged") == "github:hannah"


async def test_a_closed_request_is_a_rejection_and_the_next_change_is_tried(store: Store) -> None:
    await investigated(store)
    requests = FakeRequests([CLOSED, OPEN, SYNCED])
    world = with_requests(store, requests)
    await carried(world, world.workflow(), change(name="backup"), change(name="report"))
    assert [status for status, _ in shown(world)] == ["rejected", "applied"]
    assert shown(world)[0][1] == "Closed by github:hannah."
    assert len(requests.opened) == 2


async def test_who_ended_it_is_data_and_cannot_write_the_log(store: Store) -> None:
    await investigated(store)
    forged = RequestState(closed=True, by="U-lead\n*approved* <@U1>")
    world = with_requests(store, FakeRequests([forged]))
    await carried(world, world.workflow())
    entries = await store.audit.entries()
    assert next(e.actor for e in entries if e.action == "rejected") == "github:U-leadapprovedU1"


async def test_one_that_nobody_decides_on_is_closed_with_the_reason(store: Store) -> None:
    await investigated(store)
    requests = FakeRequests()
    world = with_requests(store, requests, expiry_seconds=25.0)
    assert await carried(world, world.workflow()) == Result()
    assert list(requests.closed.values()) == ["Nobody decided in time; nothing was changed."]
    assert [status for status, _ in shown(world)] == ["expired"]


async def test_a_merge_of_the_last_moment_counts(store: Store) -> None:
    await investigated(store)
    requests = FakeRequests([OPEN, OPEN, OPEN, SYNCED])
    world = with_requests(store, requests, expiry_seconds=25.0)
    await carried(world, world.workflow())
    assert requests.closed == {}
    assert [status for status, _ in shown(world)] == ["applied"]


async def test_stopping_the_investigation_closes_it(store: Store) -> None:
    await investigated(store)
    requests = FakeRequests()
    world = with_requests(store, requests)
    assert await carried(world, world.workflow(STOP)) == Result(stopped=True)
    assert list(requests.closed.values()) == ["The investigation was stopped; nothing was changed."]
    assert [status for status, _ in shown(world)] == ["superseded"]


async def test_a_forge_that_cannot_be_seen_for_a_while_decides_nothing(store: Store) -> None:
    await investigated(store)
    requests = FakeRequests([Unreachable("gone"), ToolError("odd"), SYNCED])
    world = with_requests(store, requests)
    await carried(world, world.workflow())
    assert [status for status, _ in shown(world)] == ["applied"]


async def test_files_that_changed_are_planned_anew(store: Store) -> None:
    await investigated(store)
    requests = FakeRequests([SYNCED], open_errors=[Drifted("changed")])
    world = with_requests(store, requests)
    await carried(world, world.workflow())
    assert [status for status, _ in shown(world)] == ["superseded", "applied"]


async def test_what_the_forge_refuses_is_said(store: Store) -> None:
    await investigated(store)
    world = with_requests(store, FakeRequests(open_errors=[Refused("no such base")]))
    assert await carried(world, world.workflow()) == Result()
    assert shown(world) == [("failed", "No pull request: no such base.")]


async def test_under_a_freeze_nothing_is_opened(store: Store) -> None:
    await investigated(store)
    requests = FakeRequests()
    world = with_requests(store, requests)
    async with store.sessions.begin() as session:
        await store.freezes.begin(Freeze(by=ENGINEER, reason="", since=NOW), session=session)
    await carried(world, world.workflow())
    assert requests.opened == {}
    assert shown(world) == [("failed", "No pull request: changes are frozen.")]
    assert "request_not_opened" in await world.actions()


async def test_in_dry_run_mode_nothing_is_opened(store: Store) -> None:
    await investigated(store)
    requests = FakeRequests()
    world = with_requests(store, requests)
    world = replace(world, house=replace(world.house, dry_run=True))
    assert await carried(world, world.workflow()) == Result()
    assert requests.opened == {}
    assert [status for status, _ in shown(world)] == ["rehearsed"]


async def test_nobody_approves_it_in_slack(store: Store) -> None:
    await investigated(store)
    world = with_requests(store, FakeRequests([OPEN, CLOSED]))
    said: list[str] = []

    async def forged() -> None:
        (open_,) = await world.open_proposals()
        for approved in (True, False):
            said.append(
                await decide_proposal(
                    world.house, open_.id, ENGINEER, approved=approved, reason="x"
                )
            )

    await carried(world, world.workflow(forged))
    assert len(said) == 2
    assert all("merge it or close it there" in s and LINK in s for s in said)
    assert (await world.actions()).count("decision_refused") == 2


async def test_what_is_not_managed_is_written_to_the_cluster(store: Store) -> None:
    await investigated(store)
    requests = FakeRequests(managed=False)
    world = with_requests(store, requests)
    await carried(world, world.workflow(partial(world.decided, ENGINEER, approved=True)))
    assert requests.opened == {}
    assert world.fixer.calls == 1


@pytest.mark.parametrize("crash_at", range(0, 14, 2))
async def test_a_process_that_dies_anywhere_opens_it_once(store: Store, crash_at: int) -> None:
    await investigated(store)
    requests = FakeRequests([OPEN, MERGED, SYNCED])
    world = with_requests(store, requests)
    flow = world.workflow(crash_at=crash_at)
    try:
        await carried(world, flow)
    except Crash:
        await carried(world, flow.again())
    assert len(requests.opened) == 1
    assert [status for status, _ in shown(world)] == ["applied"]


async def test_an_investigation_that_failed_leaves_no_request_open(store: Store) -> None:
    await investigated(store)
    requests = FakeRequests()
    world = with_requests(store, requests)
    flow = world.workflow(crash_at=6)
    with pytest.raises(Crash):
        await carried(world, flow)
    await withdraw(world.house, 1)
    assert list(requests.closed.values()) == ["Withdrawn by srebot; nothing was changed."]

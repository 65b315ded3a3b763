"""Proposals, decisions and outcomes: an approval is of what was shown, once, in time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import Any
from uuid import UUID, uuid4

import pytest

from agent.errors import Refused
from agent.model import (
    Approval,
    Change,
    ChangeKind,
    Entity,
    Outcome,
    OutcomeStatus,
    Plan,
    Proposal,
    ProposalStatus,
    SignalAfter,
)
from agent.store.engine import create_engine
from agent.store.repository import Store
from tests.integration.test_store_cases import NOW, opened

REDIS = Entity(name="redis-reco", kind="statefulset", namespace="production")


def proposal(investigation: int, **changes: object) -> Proposal:
    change = Change(kind=ChangeKind.RESOURCES, target=REDIS, arguments={"memory_bytes": 24 * 2**30})
    back = Change(kind=ChangeKind.RESOURCES, target=REDIS, arguments={"memory_bytes": 16 * 2**30})
    values = {
        "id": uuid4(),
        "investigation": investigation,
        "change": change,
        "plan": Plan(
            diff="- 16Gi\n+ 24Gi",
            target_uid="u1",
            resource_version="7",
            summary="16Gi -> 24Gi",
            risk="rolls the pod",
            way_back=back,
        ),
        "environment": "production",
        "policy_version": "p1",
        "created_at": NOW,
        "expires_at": NOW + timedelta(minutes=30),
    }
    return Proposal.model_validate(values | changes)


def approval(of: Proposal, **changes: object) -> Approval:
    values = {
        "proposal": of.id,
        "digest": of.digest,
        "approved": True,
        "user": "U-ann",
        "decided_at": NOW + timedelta(minutes=1),
    }
    return Approval.model_validate(values | changes)


async def status_of(store: Store, put: Proposal) -> ProposalStatus:
    kept = await store.proposals.get(put.id)
    assert kept is not None
    return kept.status


async def proposed(store: Store, **changes: Any) -> Proposal:
    put = proposal((await opened(store)).id, **changes)
    assert await store.proposals.add(put)
    return put


async def test_a_proposal_comes_back_as_it_was_with_the_same_digest(store: Store) -> None:
    put = await proposed(store)
    kept = await store.proposals.get(put.id)
    assert kept == put
    assert kept.digest == put.digest
    assert await store.proposals.of(put.investigation) == (put,)
    assert (await store.cases.load(put.investigation, NOW)).proposals == (put,)


async def test_adding_a_proposal_again_changes_nothing(store: Store) -> None:
    put = await proposed(store)
    await store.proposals.set_status(put.id, ProposalStatus.APPLIED)
    assert not await store.proposals.add(put)
    kept = await store.proposals.get(put.id)
    assert kept is not None
    assert kept.status is ProposalStatus.APPLIED


async def test_a_fresh_proposal_supersedes_the_open_one_for_the_same_target(store: Store) -> None:
    old = await proposed(store)
    new = proposal(old.investigation, created_at=NOW + timedelta(seconds=1))
    await store.proposals.add(new)
    statuses = [p.status for p in await store.proposals.of(old.investigation)]
    assert statuses == [ProposalStatus.SUPERSEDED, ProposalStatus.OPEN]


async def test_an_approval_decides_the_proposal(store: Store) -> None:
    put = await proposed(store)
    given = approval(put, reason="go")
    assert await store.approvals.record(given)
    kept = await store.proposals.get(put.id)
    assert kept is not None
    assert kept.status is ProposalStatus.APPROVED
    assert await store.approvals.of(put.id) == (given,)


async def test_of_many_clicks_at_once_one_decides(store: Store) -> None:
    put = await proposed(store)
    clicks = [approval(put, user=f"U{n}", approved=n % 2 == 0) for n in range(8)]
    decided = await asyncio.gather(*(store.approvals.record(click) for click in clicks))
    assert decided.count(True) == 1
    winner = clicks[decided.index(True)]
    assert await store.approvals.of(put.id) == (winner,)


async def test_a_second_person_is_waited_for_where_two_are_needed(store: Store) -> None:
    put = await proposed(store, approvals_needed=2)
    first = approval(put, user="U1")
    assert await store.approvals.record(first)
    assert not await store.approvals.record(first)
    assert await status_of(store, put) is ProposalStatus.OPEN
    assert await store.approvals.record(approval(put, user="U2"))
    assert await status_of(store, put) is ProposalStatus.APPROVED


async def test_one_rejection_rejects_even_of_whom_approved_before(store: Store) -> None:
    put = await proposed(store, approvals_needed=3)
    await store.approvals.record(approval(put, user="U1"))
    assert await store.approvals.record(approval(put, user="U1", approved=False))
    assert await status_of(store, put) is ProposalStatus.REJECTED
    assert not await store.approvals.record(approval(put, user="U2"))
    assert [(a.user, a.approved) for a in await store.approvals.of(put.id)] == [("U1", False)]


def clicked(url: str, clicks: Sequence[Approval]) -> list[bool]:
    """All clicks at once, in a process of its own."""

    async def click() -> list[bool]:
        own = Store(create_engine(url))
        try:
            return await asyncio.gather(*(own.approvals.record(c) for c in clicks))
        finally:
            await own.close()

    return asyncio.run(click())


async def test_of_twenty_clicks_at_once_from_two_processes_exactly_two_approve(
    store: Store, database_url: str
) -> None:
    """Ten people click twice each; two approvals are needed."""
    put = await proposed(store, approvals_needed=2)
    clicks = [approval(put, user=f"U{n % 10}") for n in range(20)]
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        halves = [
            loop.run_in_executor(processes, clicked, database_url, half)
            for half in (clicks[:10], clicks[10:])
        ]
        decided = [d for half in await asyncio.gather(*halves) for d in half]
    assert len(decided) == 20
    assert decided.count(True) == 2
    kept = await store.approvals.of(put.id)
    assert len({a.user for a in kept}) == len(kept) == 2
    assert await status_of(store, put) is ProposalStatus.APPROVED


async def test_a_late_approval_is_refused(store: Store) -> None:
    put = await proposed(store)
    with pytest.raises(Refused, match="expired at 2026-11-24 03:30 UTC"):
        await store.approvals.record(approval(put, decided_at=put.expires_at))
    assert await store.approvals.of(put.id) == ()


async def test_an_approval_of_something_else_is_refused(store: Store) -> None:
    put = await proposed(store)
    with pytest.raises(Refused, match="no longer the one that was shown"):
        await store.approvals.record(approval(put, digest="0" * 64))


@pytest.mark.parametrize("status", ["superseded", "expired", "failed"])
async def test_an_approval_of_a_proposal_that_is_not_open_is_refused(
    store: Store, status: str
) -> None:
    put = await proposed(store)
    await store.proposals.set_status(put.id, ProposalStatus(status))
    with pytest.raises(Refused, match=status):
        await store.approvals.record(approval(put))


async def test_an_approval_of_an_unknown_proposal_is_refused(store: Store) -> None:
    put = proposal(1, id=UUID(int=1))
    with pytest.raises(Refused, match="not known"):
        await store.approvals.record(approval(put))


async def test_a_decision_and_its_audit_entry_stand_or_fall_together(store: Store) -> None:
    put = await proposed(store)

    async def crash() -> None:
        async with store.sessions.begin() as session:
            await store.approvals.record(approval(put), session=session)
            await store.audit.append("U-ann", "approve", "p", {}, NOW, session=session)
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        await crash()
    assert await store.approvals.of(put.id) == ()
    assert await store.audit.entries() == []


async def test_an_outcome_is_kept_and_a_later_look_replaces_it(store: Store) -> None:
    put = await proposed(store)
    seen = Outcome(
        proposal=put.id,
        status=OutcomeStatus.UNCHANGED,
        statement="no change yet",
        signals=(SignalAfter(name="memory", query="q", before=0.97, after=None, good=None),),
        observed_at=datetime(2026, 11, 24, 3, 10, tzinfo=UTC),
        watched_seconds=60,
    )
    await store.outcomes.add(seen)
    assert await store.outcomes.of(put.id) == seen
    later = seen.model_copy(update={"status": OutcomeStatus.RECOVERED})
    await store.outcomes.add(later)
    assert await store.outcomes.of(put.id) == later

"""A decision counts once, from who may take it, on what was shown."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from agent.model import Proposal, ProposalStatus
from agent.resolution.deciding import decide_proposal, why_not
from agent.resolution.facts import ruling_of
from agent.resolution.proposing import proposal_of
from agent.store.repository import Store
from tests.integration.fake_house import (
    ENGINEER,
    LEAD,
    NOW,
    OUTSIDER,
    Outside,
    change,
    investigated,
    outside,
)


@pytest.fixture
async def world(store: Store) -> Outside:
    await investigated(store)
    return outside(store)


async def proposed(world: Outside, namespace: str = "production") -> Proposal:
    case = await world.store.cases.load(1)
    wanted = change(namespace=namespace)
    plan = await world.fixer.plan(wanted)
    ruling = await ruling_of(world.house, case, wanted, plan)
    made = proposal_of(uuid4(), case, wanted, plan, ruling, NOW, 60.0)
    await world.store.proposals.add(made)
    return made


async def decide(world: Outside, of: Proposal, user: str, *, approved: bool = True) -> str:
    return await decide_proposal(world.house, of.id, user, approved=approved, reason="because")


async def test_an_approver_may_and_it_is_audited_with_the_digest(world: Outside) -> None:
    put = await proposed(world)
    assert await why_not(world.house, put.id, ENGINEER) == ""
    assert await decide(world, put, ENGINEER) == ""
    (approval,) = await world.store.approvals.of(put.id)
    assert (approval.user, approval.digest, approval.reason) == (ENGINEER, put.digest, "because")
    (entry,) = await world.store.audit.entries()
    assert (entry.actor, entry.action) == (ENGINEER, "approved")
    assert entry.details["digest"] == put.digest


@pytest.mark.parametrize(
    ("namespace", "user", "allowed"),
    [
        ("production", ENGINEER, True),
        ("production", LEAD, False),
        ("staging", LEAD, True),
        ("staging", ENGINEER, False),
        ("development", LEAD, True),
        ("development", ENGINEER, True),
        ("production", OUTSIDER, False),
        ("staging", OUTSIDER, False),
        ("development", OUTSIDER, False),
        ("production", "", False),
    ],
)
async def test_each_environment_has_its_approvers(
    world: Outside, namespace: str, user: str, allowed: bool
) -> None:
    put = await proposed(world, namespace)
    assert (await decide(world, put, user) == "") is allowed
    assert bool(await world.store.approvals.of(put.id)) is allowed
    assert await world.actions() == ["approved" if allowed else "decision_refused"]


async def test_an_outsider_is_told_who_may(world: Outside) -> None:
    put = await proposed(world)
    assert "sre-approvers may" in await why_not(world.house, put.id, OUTSIDER)


async def test_a_decision_after_the_end_is_refused(world: Outside) -> None:
    put = await proposed(world)
    world.clock.pass_(60)
    assert "expired" in await decide(world, put, ENGINEER)
    assert await world.store.approvals.of(put.id) == ()


async def test_what_was_superseded_can_no_longer_be_decided(world: Outside) -> None:
    first = await proposed(world)
    await proposed(world)
    assert "superseded" in await decide(world, first, ENGINEER)


async def test_a_changed_policy_voids_what_was_proposed_under_the_old_one(world: Outside) -> None:
    put = await proposed(world)
    stricter = world.house.policy.with_approvers(production=[ENGINEER])
    changed = replace(world.house, policy=stricter)
    assert "policy changed" in await why_not(changed, put.id, ENGINEER)


async def test_an_unknown_proposal_is_refused(world: Outside) -> None:
    assert "not known" in await why_not(world.house, uuid4(), ENGINEER)


async def test_the_same_decision_twice_counts_once_and_is_no_objection(world: Outside) -> None:
    put = await proposed(world)
    assert await decide(world, put, ENGINEER) == ""
    assert await decide(world, put, ENGINEER) == ""
    assert await world.actions() == ["approved"]


async def test_nobody_can_turn_a_decision_round(world: Outside) -> None:
    put = await proposed(world)
    assert await decide(world, put, ENGINEER, approved=False) == ""
    assert "rejected" in await decide(world, put, ENGINEER, approved=True)
    kept = await world.store.proposals.get(put.id)
    assert kept is not None
    assert kept.status is ProposalStatus.REJECTED


async def test_of_two_people_at_the_same_moment_one_counts(world: Outside) -> None:
    put = await proposed(world, "development")
    said = await asyncio.gather(
        decide(world, put, ENGINEER, approved=True), decide(world, put, LEAD, approved=False)
    )
    assert sorted(map(bool, said)) == [False, True]
    decided = [a for a in await world.actions() if a != "decision_refused"]
    assert len(decided) == 1
    (approval,) = await world.store.approvals.of(put.id)
    assert approval.user == (ENGINEER if said[0] == "" else LEAD)
    assert await world.store.audit.verify() is None

"""A change on its way from the finding to its outcome: what people see, decide and get, whatever happens on the way."""

from __future__ import annotations

from functools import partial

import pytest

from agent.errors import AccessDenied, Drifted, Refused, Unreachable
from agent.model import ChangeKind, Note, Proposal, ProposalStatus
from agent.resolution.carrying_out import MOST_PROPOSALS, CarryingOut, Result, withdraw
from agent.store.repository import Store
from agent.workflow import Mail, MailKind
from tests.integration.fake_house import (
    ENGINEER,
    LEAD,
    NOW,
    Crash,
    FakeWorkflow,
    Outside,
    change,
    investigated,
    outside,
)

STOP = Mail(kind=MailKind.STOP, user=ENGINEER)


async def carried(world: Outside, flow: FakeWorkflow, *changes: object) -> Result:
    return await CarryingOut(world.house, flow, 1).first_of(changes or [change()])  # type: ignore[arg-type]


def shown(world: Outside) -> list[tuple[str, str]]:
    return list(world.notifier.proposals.values())


async def test_an_approved_change_is_applied_and_its_recovery_seen(store: Store) -> None:
    await investigated(store)
    world = outside(store)
    flow = world.workflow(partial(world.decided, ENGINEER, approved=True))
    result = await carried(world, flow)
    assert result.outcome is not None
    assert result.outcome.status.value == "recovered"
    assert [p.change for p in world.fixer.applied.values()] == [change()]
    assert shown(world) == [("applied", "Applied. I am watching the signals that started this.")]
    assert world.notifier.lines("decision-") == [ENGINEER]
    assert await world.actions() == [
        "proposed",
        "approved",
        "applying",
        "applied",
        "seen_recovered",
    ]


async def test_where_two_have_to_approve_the_first_is_shown_and_the_second_waited_for(
    store: Store,
) -> None:
    await investigated(store)
    world = outside(store)
    rules = world.house.policy.environments["development"].rules
    two = tuple(r.model_copy(update={"approvals": 2, "auto_apply": None}) for r in rules)
    places = dict(world.house.policy.environments)
    places["production"] = places["production"].model_copy(update={"rules": two})
    policy = world.house.policy.model_copy(update={"environments": places})
    object.__setattr__(world.house, "policy", policy)
    seen: list[tuple[str, str]] = []

    async def second() -> Mail | None:
        seen.extend(shown(world))
        assert world.fixer.calls == 0
        return await world.decided(LEAD, approved=True)

    flow = world.workflow(partial(world.decided, ENGINEER, approved=True), second)
    await carried(world, flow)
    assert seen == [("open", f"approved by {ENGINEER}, waiting for 1 more")]
    assert len(world.fixer.applied) == 1
    assert world.notifier.lines("decision-") == [ENGINEER, LEAD]
    assert (await world.actions()).count("approved") == 2


async def test_after_a_rejection_the_next_alternative_is_put_before_people(store: Store) -> None:
    await investigated(store)
    world = outside(store)
    flow = world.workflow(
        partial(world.decided, ENGINEER, approved=False, reason="we need that backup"),
        partial(world.decided, ENGINEER, approved=True),
    )
    await carried(world, flow, change(name="backup"), change(name="report"))
    assert [p.change.target.name for p in world.fixer.applied.values()] == ["report"]
    assert [status for status, _ in shown(world)] == ["rejected", "applied"]


async def test_when_all_are_rejected_nothing_is_applied(store: Store) -> None:
    await investigated(store)
    world = outside(store)
    flow = world.workflow(partial(world.decided, ENGINEER, approved=False))
    assert await carried(world, flow) == Result()
    assert world.fixer.calls == 0


async def test_a_proposal_that_nobody_decides_on_expires_and_offers_no_buttons(
    store: Store,
) -> None:
    await investigated(store)
    world = outside(store, proposal_expiry_seconds=5.0)
    assert await carried(world, world.workflow(None)) == Result()
    assert shown(world) == [("expired", "Nobody decided in time; nothing was changed.")]
    assert world.fixer.calls == 0
    (kept,) = await store.proposals.of(1)
    assert kept.status is ProposalStatus.EXPIRED


async def test_a_decision_recorded_just_before_the_end_counts(store: Store) -> None:
    """The click was in time; its message reaches the workflow only after the time was over."""
    await investigated(store)
    world = outside(store, proposal_expiry_seconds=5.0)

    async def clicked_in_time() -> Mail | None:
        await world.decided(ENGINEER, approved=True)
        world.clock.pass_(5)
        return None

    await carried(world, world.workflow(clicked_in_time))
    assert len(world.fixer.applied) == 1


async def test_stop_while_it_waits_withdraws_the_proposal(store: Store) -> None:
    await investigated(store)
    world = outside(store)
    assert await carried(world, world.workflow(STOP)) == Result(stopped=True)
    assert shown(world) == [("superseded", "Stopped; nothing was changed.")]
    assert world.fixer.calls == 0


async def test_stop_while_it_watches_says_what_is_seen_by_then(store: Store) -> None:
    await investigated(store)
    world = outside(store)
    world.monitors.states = ["Alert"]
    flow = world.workflow(partial(world.decided, ENGINEER, approved=True), None, STOP)
    result = await carried(world, flow)
    assert result.stopped
    assert result.outcome is not None
    assert result.outcome.watched_seconds < world.house.terms.watch_seconds
    assert world.notifier.lines("outcome-") == ["unchanged"]


async def test_what_does_not_recover_is_said_once_the_time_is_over(store: Store) -> None:
    await investigated(store)
    world = outside(store)
    world.monitors.states = ["Alert"]
    result = await carried(world, world.workflow(partial(world.decided, ENGINEER, approved=True)))
    assert result.outcome is not None
    assert result.outcome.watched_seconds >= world.house.terms.watch_seconds
    assert world.notifier.lines("outcome-") == ["unchanged"]


async def test_a_note_is_kept_and_the_wait_goes_on(store: Store) -> None:
    await investigated(store)
    world = outside(store)
    note = Note(user=ENGINEER, text="the backup is from the old team", at=NOW)
    said = Mail(kind=MailKind.NOTE, user=ENGINEER, note=note)
    await carried(world, world.workflow(said, partial(world.decided, ENGINEER, approved=True)))
    assert (await store.cases.load(1)).notes == (note,)
    assert len(world.fixer.applied) == 1


async def test_a_message_that_nobody_backed_with_a_decision_is_not_believed(store: Store) -> None:
    await investigated(store)
    world = outside(store, proposal_expiry_seconds=5.0)

    async def forged() -> Mail:
        (open_,) = await world.open_proposals()
        return Mail(kind=MailKind.DECISION, user=ENGINEER, proposal=open_.id)

    await carried(world, world.workflow(forged, None))
    assert world.fixer.calls == 0


async def test_what_drifted_is_planned_anew_and_asked_again(store: Store) -> None:
    await investigated(store)
    world = outside(store)
    world.fixer.versions = ["1", "2"]
    world.fixer.apply_errors = [Drifted("backup was changed since the proposal was made")]
    approve = partial(world.decided, ENGINEER, approved=True)
    await carried(world, world.workflow(approve, approve))
    first, second = shown(world)
    assert first[0] == "superseded"
    assert "plan it anew" in first[1]
    assert second[0] == "applied"
    (applied,) = world.fixer.applied.values()
    assert applied.plan.resource_version == "2"
    assert (await world.actions()).count("approved") == 2


async def test_what_always_drifts_is_given_up(store: Store) -> None:
    await investigated(store)
    world = outside(store)
    world.fixer.apply_errors = [Drifted("changed") for _ in range(20)]
    approve = partial(world.decided, ENGINEER, approved=True)
    await carried(world, world.workflow(*[approve] * 20))
    assert len(shown(world)) == MOST_PROPOSALS


@pytest.mark.parametrize(
    "error", [Refused("the quota is used up"), AccessDenied("patching cronjobs is forbidden")]
)
async def test_what_the_cluster_refuses_is_said_and_the_next_one_tried(
    store: Store, error: Exception
) -> None:
    await investigated(store)
    world = outside(store)
    world.fixer.apply_errors = [error]
    approve = partial(world.decided, ENGINEER, approved=True)
    await carried(world, world.workflow(approve, approve), change(), change(name="report"))
    assert shown(world)[0] == ("failed", f"Not applied: {error}")
    assert [p.change.target.name for p in world.fixer.applied.values()] == ["report"]


async def test_a_cluster_that_is_away_fails_the_step_so_that_it_is_tried_again(
    store: Store,
) -> None:
    await investigated(store)
    world = outside(store)
    world.fixer.apply_errors = [Unreachable("no answer")]
    flow = world.workflow(partial(world.decided, ENGINEER, approved=True))
    with pytest.raises(Unreachable):
        await carried(world, flow)
    await carried(world, flow.again())
    assert len(world.fixer.applied) == 1
    assert world.notifier.lines("decision-") == [ENGINEER]


@pytest.mark.parametrize(
    "error",
    [Refused("it would exceed the node"), Drifted("written meanwhile"), Unreachable("away")],
)
async def test_what_cannot_be_planned_is_named_and_the_next_one_proposed(
    store: Store, error: Exception
) -> None:
    await investigated(store)
    world = outside(store)
    world.fixer.plan_errors = [error]
    flow = world.workflow(partial(world.decided, ENGINEER, approved=True))
    await carried(world, flow, change(), change(name="report"))
    (line,) = world.notifier.lines("refused-")
    assert line == f"I do not propose to change suspend job of cronjob backup: {error}"
    assert [p.change.target.name for p in world.fixer.applied.values()] == ["report"]


async def test_without_a_credential_to_write_it_says_so(store: Store) -> None:
    await investigated(store)
    world = outside(store, can_apply=False)
    assert await carried(world, world.workflow()) == Result()
    (line,) = world.notifier.lines("refused-")
    assert "no credential to apply changes with" in line
    assert shown(world) == []


async def test_a_target_that_no_trusted_answer_shows_is_never_proposed(store: Store) -> None:
    await investigated(store, names=["something-else"])
    world = outside(store)
    await carried(world, world.workflow())
    assert shown(world) == []
    assert world.fixer.planned == []


async def approved_in(store: Store, world: Outside, namespace: str, user: str) -> None:
    await investigated(store, namespace)
    approve = partial(world.decided, user, approved=True)
    await carried(world, world.workflow(approve), change(ChangeKind.RESTART, namespace))


async def test_in_development_a_kind_approved_before_is_applied_without_asking(
    store: Store,
) -> None:
    world = outside(store)
    await approved_in(store, world, "development", LEAD)
    again = FakeWorkflow(world.clock, id="investigation-1-again")
    await carried(world, again, change(ChangeKind.RESTART, "development", "report"))
    assert [p.change.target.name for p in world.fixer.applied.values()] == ["backup", "report"]
    assert "approved_by_policy" in await world.actions()
    assert all(status != "open" for status, _ in shown(world))


async def test_in_development_another_kind_is_asked_for(store: Store) -> None:
    world = outside(store, proposal_expiry_seconds=5.0)
    await approved_in(store, world, "development", LEAD)
    again = FakeWorkflow(world.clock, id="investigation-1-again")
    await carried(world, again, change(ChangeKind.SUSPEND_JOB, "development", "report"))
    assert [status for status, _ in shown(world)] == ["applied", "expired"]


async def test_in_production_a_kind_approved_before_is_asked_for_again(store: Store) -> None:
    world = outside(store, proposal_expiry_seconds=5.0)
    await approved_in(store, world, "production", ENGINEER)
    again = FakeWorkflow(world.clock, id="investigation-1-again")
    await carried(world, again, change(ChangeKind.RESTART, name="report"))
    assert [status for status, _ in shown(world)] == ["applied", "expired"]


async def test_in_staging_only_a_team_lead_may_decide(store: Store) -> None:
    await investigated(store, "staging")
    world = outside(store)
    with pytest.raises(AssertionError, match="team-leads may"):
        await carried(
            world,
            world.workflow(partial(world.decided, ENGINEER, approved=True)),
            change(namespace="staging"),
        )
    assert world.fixer.calls == 0
    assert "decision_refused" in await world.actions()


async def test_a_failed_investigation_withdraws_what_still_waits(store: Store) -> None:
    await investigated(store)
    world = outside(store)
    waiting: list[Proposal] = []

    async def fails() -> Mail | None:
        waiting.extend(await world.open_proposals())
        raise RuntimeError("a defect")

    with pytest.raises(RuntimeError):
        await carried(world, world.workflow(fails))
    await withdraw(world.house, 1)
    assert len(waiting) == 1
    assert await world.open_proposals() == []
    assert shown(world) == [("superseded", "Withdrawn; nothing was changed.")]


async def test_dying_after_any_step_changes_nothing_of_what_people_see(store: Store) -> None:
    """Every step takes effect, is forgotten as when the process dies before it is recorded, and runs again."""
    await investigated(store)
    world = outside(store)
    world.monitors.states = ["Alert"] * 6 + ["OK"]
    flow = world.workflow(
        partial(world.decided, ENGINEER, approved=False),
        partial(world.decided, ENGINEER, approved=True),
    )
    crashes = 0
    while True:
        flow = flow.again()
        flow.crash_at = len(flow.journal) + min(crashes, 1)
        try:
            await carried(world, flow, change(), change(name="report"))
        except Crash:
            crashes += 1
        else:
            break
    assert crashes >= 12
    assert [p.change.target.name for p in world.fixer.applied.values()] == ["report"]
    assert [status for status, _ in shown(world)] == ["rejected", "applied"]
    assert world.notifier.lines("decision-") == [ENGINEER, ENGINEER]
    assert world.notifier.lines("outcome-") == ["recovered"]
    assert len(await store.proposals.of(1)) == 2
    assert await store.audit.verify() is None

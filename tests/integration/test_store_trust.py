"""Track records and verdicts on a real database."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from agent.learning.calibration import Calibration
from agent.model import (
    ChangeKind,
    InvestigationStatus,
    Observed,
    Outcome,
    OutcomeStatus,
    Proposal,
    ProposalStatus,
    Verdict,
    Via,
)
from agent.store.repository import Store
from agent.store.trust import subject_of_mode, subject_of_record
from tests.integration.test_store_cases import NOW, opened
from tests.integration.test_store_changes import proposal

LATER = NOW + timedelta(days=2)
PLACE = ("redis-reco", ChangeKind.RESOURCES.value, "production")


async def carried_out(
    store: Store, status: OutcomeStatus | None, number: int, **changes: object
) -> Proposal:
    """A change that was applied, and what was seen afterwards; None: it failed to apply."""
    investigation = (await opened(store, f"carried-out-{number}")).id
    at = NOW + timedelta(minutes=number)
    put = proposal(investigation, id=uuid4(), created_at=at, **changes)
    await store.proposals.add(put)
    ended = ProposalStatus.APPLIED if status else ProposalStatus.FAILED
    await store.proposals.set_status(put.id, ended)
    if status:
        seen = Outcome(
            proposal=put.id,
            status=status,
            statement="seen",
            observed_at=at + timedelta(minutes=15),
            watched_seconds=900,
        )
        await store.outcomes.add(seen)
    return put


def verdict(investigation: int, **changes: object) -> Verdict:
    values = {
        "investigation": investigation,
        "mode": "cache_memory_pressure",
        "entity": "redis-reco",
        "environment": "production",
        "confidence": 0.9,
        "probability": 0.95,
        "method": "by hand",
        "graded_at": NOW,
    }
    return Verdict.model_validate(values | changes)


async def test_a_record_counts_what_recovered_and_held_and_what_did_not(store: Store) -> None:
    for number, status in enumerate((*[OutcomeStatus.RECOVERED] * 4, OutcomeStatus.CANNOT_TELL)):
        await carried_out(store, status, number)
    record = await store.trust.record_of(*PLACE, now=LATER)
    assert (record.successes, record.failures, record.rollbacks) == (4, 0, 0)
    assert 0.5 < record.lower_bound < 0.52
    assert not record.withdrawn
    early = await store.trust.record_of(*PLACE, now=NOW + timedelta(minutes=20))
    assert early.successes == 0, "nothing held for an hour yet"
    elsewhere = await store.trust.record_of("redis-reco", "resources", "staging", now=LATER)
    assert elsewhere.successes == 0


async def test_a_way_back_and_a_failed_apply_are_failures_and_withdraw_it(store: Store) -> None:
    await carried_out(store, OutcomeStatus.RECOVERED, 0)
    bad = await carried_out(store, OutcomeStatus.RECOVERED, 1)
    assert (await store.trust.record_of(*PLACE, now=LATER)).successes == 2
    await carried_out(store, OutcomeStatus.RECOVERED, 2, reverts=bad.id)
    record = await store.trust.record_of(*PLACE, now=LATER)
    assert (record.successes, record.failures, record.rollbacks) == (1, 1, 1)
    assert not record.withdrawn
    await carried_out(store, None, 3)
    record = await store.trust.record_of(*PLACE, now=LATER)
    assert record.withdrawn.startswith("2 of the last 3 changes went wrong")


async def test_a_pull_request_that_could_not_be_opened_counts_for_nothing(store: Store) -> None:
    plan = proposal(1).plan.model_copy(update={"via": Via.PULL_REQUEST})
    await carried_out(store, None, 0, plan=plan)
    assert (await store.trust.record_of(*PLACE, now=LATER)).failures == 0
    await carried_out(store, OutcomeStatus.UNCHANGED, 1, plan=plan)
    assert (await store.trust.record_of(*PLACE, now=LATER)).failures == 1, "a merged one does"


async def test_a_relapse_that_a_verdict_saw_makes_a_success_a_failure(store: Store) -> None:
    put = await carried_out(store, OutcomeStatus.RECOVERED, 0)
    back = Observed(what="the alert came back", weight=-1.5, source="alert", at=NOW)
    await store.verdicts.save(verdict(put.investigation, observed=(back,)), 1)
    record = await store.trust.record_of(*PLACE, now=LATER)
    assert (record.successes, record.failures) == (0, 1)


async def test_worse_in_production_withdraws_at_once_until_an_engineer_restores_it(
    store: Store,
) -> None:
    await carried_out(store, OutcomeStatus.WORSE, 0)
    assert "made things worse" in (await store.trust.record_of(*PLACE, now=LATER)).withdrawn
    subject = subject_of_record(*PLACE)
    assert await store.trust.withdraw(subject, NOW, "it made things worse")
    assert not await store.trust.withdraw(subject, LATER, "again"), "it is said once"
    assert await store.trust.withdrawn() == {subject: "it made things worse"}
    await store.trust.restore(subject, "U-ann", LATER)
    assert not (await store.trust.record_of(*PLACE, now=LATER)).withdrawn
    assert await store.trust.withdrawn() == {}


async def test_findings_of_a_mode_that_were_wrong_withdraw_changes_for_it(store: Store) -> None:
    await carried_out(store, OutcomeStatus.RECOVERED, 0)
    wrong = [(await opened(store, f"wrong-{number}")).id for number in (1, 2)]
    for investigation in wrong:
        await store.investigations.set_status(investigation, InvestigationStatus.CLOSED, NOW)
        await store.verdicts.save(verdict(investigation, probability=0.1), 1)
    mode = "cache_memory_pressure"
    record = await store.trust.record_of(*PLACE, mode=mode, now=LATER)
    assert "2 of the last 2 findings of cache memory pressure went wrong" in record.withdrawn
    other = await store.trust.record_of(*PLACE, mode="bad_rollout", now=LATER)
    assert not other.withdrawn
    await store.trust.restore(subject_of_mode(mode), "U-ann", LATER)
    assert not (await store.trust.record_of(*PLACE, mode=mode, now=LATER)).withdrawn
    for investigation in wrong:  # looked at once more, after they were forgiven
        again = verdict(investigation, probability=0.1, graded_at=LATER + timedelta(days=1))
        await store.verdicts.save(again, 2)
    assert not (await store.trust.record_of(*PLACE, mode=mode, now=LATER)).withdrawn


async def test_the_last_verdict_on_an_investigation_is_kept(store: Store) -> None:
    investigation = (await opened(store)).id
    await store.verdicts.save(verdict(investigation), 1)
    last = verdict(investigation, probability=0.2, graded_at=LATER, disputed=True)
    await store.verdicts.save(last, 2)
    assert await store.verdicts.of(investigation) == last
    assert await store.verdicts.disputed(5) == [last]


async def test_all_records_are_listed_by_place(store: Store) -> None:
    await carried_out(store, OutcomeStatus.RECOVERED, 0)
    await carried_out(store, OutcomeStatus.RECOVERED, 1)
    await carried_out(store, OutcomeStatus.UNCHANGED, 2, environment="staging")
    found = await store.trust.records(LATER)
    assert [(r.environment, r.successes, r.failures) for r in found] == [
        ("production", 2, 0),
        ("staging", 0, 1),
    ]
    assert await store.trust.records(LATER, "else") == []


async def test_clear_verdicts_recalibrate_the_confidence_of_later_findings(store: Store) -> None:
    assert await store.verdicts.calibration() == Calibration()
    for number, (probability, disputed) in enumerate(
        [(0.95, False), (0.05, False), (0.1, False), (0.5, False), (0.95, True)]
    ):
        investigation = (await opened(store, f"judged-{number}")).id
        await store.verdicts.save(
            verdict(investigation, probability=probability, disputed=disputed), 1
        )
    curve = (await store.verdicts.calibration()).of("cache_memory_pressure")
    assert (curve.right, curve.of) == (1, 3), "what is open or disputed does not count"
    assert curve.at(0.9) < 0.8

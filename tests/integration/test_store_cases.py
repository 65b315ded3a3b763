"""The store keeps an investigation as it grows, on a real PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agent.errors import SrebotError
from agent.model import (
    Budget,
    Check,
    Claim,
    Conversation,
    Decision,
    Ending,
    Entity,
    Evidence,
    Finding,
    Hypothesis,
    Investigation,
    InvestigationStatus,
    Note,
    Reading,
    Relation,
    Series,
    Signal,
    SignalKind,
    Spent,
    Step,
    Triage,
    Window,
)
from agent.store.repository import Store

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def signal(key: str = "datadog:1", **changes: object) -> Signal:
    values = {
        "key": key,
        "kind": SignalKind.ALERT,
        "source": "datadog",
        "title": "Latency of recommendation is high",
        "service": "recommendation",
        "fingerprint": "monitor:7",
        "tags": {"env": "production"},
        "occurred_at": NOW,
        "conversation": Conversation(channel="C1"),
    }
    return Signal.model_validate(values | changes)


def step(number: int = 1, **reading: object) -> Step:
    values = {
        "source": "datadog",
        "query": "avg:redis.mem.used{*}",
        "observation": "memory 15.2 GiB of 16 GiB",
        "data": {"series": [{"last": 15.2}]},
        "series": (Series(metric="redis.mem.used", points=((1.0, 2.5), (2.0, float("nan")))),),
        "raw": '{"series": []}',
        "link": "https://app.datadoghq.com/metric",
        "window": Window(start=NOW - timedelta(hours=1), end=NOW),
    }
    return Step(
        number=number,
        round=1,
        check=Check(tool="datadog_metrics", arguments={"query": "q"}, reason="is it full?"),
        reading=Reading.model_validate(values | reading),
        started_at=NOW,
        seconds=0.25,
    )


TRIAGE = Triage(decision=Decision.INVESTIGATE, reason="tier 1", impact=0.9)


async def opened(store: Store, key: str = "k1", **changes: object) -> Investigation:
    found, fresh = await store.investigations.open(
        signal(f"datadog:{key}", **changes), TRIAGE, Budget(), key, NOW
    )
    assert fresh
    return found


async def test_a_signal_counts_once(store: Store) -> None:
    assert await store.signals.add(signal())
    assert not await store.signals.add(signal(title="said again"))
    assert await store.signals.get("datadog:1") == signal()


async def test_recent_signals_are_those_on_the_same_alert(store: Store) -> None:
    old = signal("old", occurred_at=NOW - timedelta(hours=2))
    for each in (old, signal("new"), signal("other", fingerprint="monitor:8")):
        await store.signals.add(each)
    recent = await store.signals.recent("monitor:7", NOW - timedelta(hours=1))
    assert [s.key for s in recent] == ["new"]


async def test_opening_twice_gives_the_same_investigation(store: Store) -> None:
    first = await opened(store)
    again, fresh = await store.investigations.open(
        signal("datadog:k1"), TRIAGE, Budget(usd=9), "k1", NOW + timedelta(seconds=5)
    )
    assert not fresh
    assert again == first
    assert first.signal == signal("datadog:k1")
    assert first.conversation == Conversation(channel="C1")


async def test_an_investigation_is_found_by_its_thread_and_its_open_alert(store: Store) -> None:
    one = await opened(store)
    place = Conversation(channel="C1", thread="17.1")
    await store.investigations.set_conversation(one.id, place)
    found = await store.investigations.by_thread("C1", "17.1")
    assert found is not None
    assert found.id == one.id
    assert found.conversation == place
    assert (await store.investigations.by_fingerprint_open("monitor:7")) == found
    await store.investigations.set_status(one.id, InvestigationStatus.CLOSED, NOW)
    assert await store.investigations.by_fingerprint_open("monitor:7") is None
    assert (await store.investigations.get(one.id)).ended_at == NOW


async def test_a_thread_is_about_its_investigation_not_about_questions_asked_beside_it(
    store: Store,
) -> None:
    place = Conversation(channel="C1", thread="17.1")
    looked_into = await opened(store, "k1")
    asked = await opened(store, "k2", kind=SignalKind.QUESTION)
    for each in (looked_into, asked):
        await store.investigations.set_conversation(each.id, place)
        await store.investigations.set_status(each.id, InvestigationStatus.CLOSED, NOW)
    found = await store.investigations.by_thread("C1", "17.1")
    assert found is not None
    assert found.id == looked_into.id


@pytest.mark.parametrize("status", ["waiting_for_input", "closed", "stopped", "failed"])
async def test_what_rests_is_taken_up_again_by_one_workflow(store: Store, status: str) -> None:
    one = await opened(store)
    await store.investigations.set_status(one.id, InvestigationStatus(status), NOW)
    assert await store.investigations.reopen(one.id, "again-1")
    assert not await store.investigations.reopen(one.id, "again-2")
    assert await store.investigations.reopen(one.id, "again-1")  # repeated after a crash
    found = await store.investigations.get(one.id)
    assert (found.status, found.ended_at) == (InvestigationStatus.RUNNING, None)
    assert await store.investigations.workflow(one.id) == "again-1"


async def test_what_is_under_way_is_not_taken_up_again(store: Store) -> None:
    one = await opened(store)
    assert not await store.investigations.reopen(one.id, "again-1")
    assert await store.investigations.workflow(one.id) == ""


async def test_investigations_are_listed_newest_first_by_status(store: Store) -> None:
    one, two = await opened(store, "k1"), await opened(store, "k2")
    await store.investigations.set_status(one.id, InvestigationStatus.WATCHING)
    assert [i.id for i in await store.investigations.list(10)] == [two.id, one.id]
    watching = await store.investigations.list(10, InvestigationStatus.WATCHING)
    assert [i.id for i in watching] == [one.id]


async def test_an_unknown_investigation_is_an_error_that_says_so(store: Store) -> None:
    with pytest.raises(SrebotError, match="no investigation 404"):
        await store.investigations.get(404)
    with pytest.raises(SrebotError, match="no investigation 404"):
        await store.cases.load(404, NOW)


async def test_a_case_comes_back_as_it_was_saved(store: Store) -> None:
    one = await opened(store)
    entity = Entity(name="redis-reco", kind="statefulset", namespace="production")
    relation = Relation(
        source="a", target=entity.key, kind="depends_on", origin="inferred",
        first_seen=NOW, last_confirmed=NOW,
    )  # fmt: skip
    hypotheses = [
        Hypothesis(id=f"H{n}", mode="cache_memory_pressure", statement=f"cause {n}", log_odds=n)
        for n in range(1, 12)
    ]
    evidence = Evidence(number=1, step=1, statement="it is full", weights={"H1": 1.6}, read_at=NOW)
    finding = Finding(
        ending=Ending.CAUSE_FOUND, headline="Redis is full", confidence=0.9,
        chain=(Claim(text="Redis is full", citations=(1,)),),
    )  # fmt: skip
    note = Note(user="U1", text="we doubled the catalogue", at=NOW)
    await store.investigations.set_neighbourhood(one.id, [entity], [relation])
    await store.investigations.set_reasoner(one.id, "rules")
    await store.investigations.spend(one.id, Spent(tool_calls=3))
    await store.cases.save_hypotheses(one.id, 2, hypotheses)
    await store.cases.save_step(one.id, step())
    await store.cases.save_evidence(one.id, [evidence])
    await store.cases.save_finding(one.id, finding)
    await store.cases.add_note(one.id, note)

    case = await store.cases.load(one.id, NOW)

    assert case.investigation.reasoner == "rules"
    assert case.investigation.spent == Spent(tool_calls=3)
    assert case.entities == (entity,)
    assert case.relations == (relation,)
    assert case.hypotheses == tuple(hypotheses)
    assert case.evidence == (evidence,)
    assert case.finding == finding
    assert case.notes == (note,)
    assert case.round == 2
    assert case.now == NOW


async def test_the_raw_answer_is_loaded_only_when_asked_for(store: Store) -> None:
    one = await opened(store)
    await store.cases.save_step(one.id, step())
    light = (await store.cases.load(one.id)).steps[0]
    (whole,) = await store.cases.load_steps(one.id)
    assert light.reading is not None
    assert light.reading.raw == ""
    assert whole.model_dump_json() == step().model_dump_json()


async def test_saving_again_changes_nothing(store: Store) -> None:
    one = await opened(store)
    evidence = Evidence(number=1, step=1, statement="full", weights={"H1": 0.7}, read_at=NOW)
    for _ in range(2):
        await store.cases.save_step(one.id, step())
        await store.cases.save_evidence(one.id, [evidence])
        await store.cases.add_note(one.id, Note(user="U1", text="hm", at=NOW))
    case = await store.cases.load(one.id, NOW)
    assert (len(case.steps), len(case.evidence), len(case.notes)) == (1, 1, 1)


async def test_another_call_takes_the_place_of_one_with_its_number(store: Store) -> None:
    one = await opened(store)
    await store.cases.save_step(one.id, step())
    same = step(observation="asked again after a crash")
    await store.cases.save_step(one.id, same)
    (kept,) = (await store.cases.load(one.id)).steps
    assert kept.reading is not None
    assert kept.reading.observation == "memory 15.2 GiB of 16 GiB"
    other = step().model_copy(update={"check": Check(tool="kubernetes_events")})
    await store.cases.save_step(one.id, other)
    (kept,) = (await store.cases.load(one.id)).steps
    assert kept.check.tool == "kubernetes_events"


async def test_what_the_signal_concerns_is_kept_once_it_is_found(store: Store) -> None:
    one = await opened(store, service="")
    found = one.signal.model_copy(update={"service": "reco", "namespace": "production"})
    await store.cases.save_investigation(
        one.model_copy(update={"signal": found, "reasoner": "rules", "spent": Spent(tool_calls=2)})
    )
    kept = await store.investigations.get(one.id)
    assert (kept.signal.service, kept.signal.namespace) == ("reco", "production")
    assert (kept.reasoner, kept.spent.tool_calls) == ("rules", 2)
    renamed = found.model_copy(update={"service": "other"})
    await store.cases.save_investigation(kept.model_copy(update={"signal": renamed}))
    assert (await store.investigations.get(one.id)).signal.service == "reco"


async def test_a_raised_budget_is_kept(store: Store) -> None:
    one = await opened(store)
    raised = one.model_copy(update={"budget": Budget(usd=9.0)})
    await store.cases.save_investigation(raised)
    assert (await store.investigations.get(one.id)).budget.usd == 9.0


async def test_known_evidence_gains_weights(store: Store) -> None:
    one = await opened(store)
    for weights in ({"H1": 0.7}, {"H2": -1.6}):
        found = Evidence(number=1, step=1, statement="full", weights=weights, read_at=NOW)
        await store.cases.save_evidence(one.id, [found])
    (kept,) = (await store.cases.load(one.id, NOW)).evidence
    assert kept.weights == {"H1": 0.7, "H2": -1.6}


async def test_a_step_without_a_reading_keeps_its_error(store: Store) -> None:
    one = await opened(store)
    failed = step().model_copy(
        update={"reading": None, "status": "denied", "error": "403 for pods"}
    )
    await store.cases.save_step(one.id, failed)
    assert (await store.cases.load(one.id)).steps == (failed,)


async def test_secrets_are_not_stored(store: Store) -> None:
    one = await opened(store, text="DSN postgres://app:hunter2@db/main")
    secret = step(
        raw="password=hunter2 Authorization: Bearer hunter2hunter2",
        observation="DSN is redis://:hunter2@redis-reco:6379/0",
        data={"env": {"DB_PASSWORD": {"value": "hunter2"}}},
    )
    await store.cases.save_step(one.id, secret)
    await store.cases.add_note(one.id, Note(user="U1", text="api_key: hunter2", at=NOW))
    (kept,) = await store.cases.load_steps(one.id)
    case = await store.cases.load(one.id)
    assert "hunter2" not in kept.model_dump_json() + case.model_dump_json()
    assert kept.reading is not None
    assert "redis-reco:6379" in kept.reading.observation


async def test_text_that_postgresql_refuses_is_made_storable(store: Store) -> None:
    one = await opened(store)
    hostile = step(raw="a\0b", observation="\0 \ud800", data={"x\0": ["\0", float("inf")]})
    await store.cases.save_step(one.id, hostile)
    (kept,) = await store.cases.load_steps(one.id)
    assert kept.reading is not None
    assert kept.reading.raw == "ab"
    assert kept.reading.data == {"x": ["", None]}


async def test_a_raw_answer_is_cut_at_a_megabyte(store: Store) -> None:
    one = await opened(store)
    await store.cases.save_step(one.id, step(raw="é" * 1_000_000))
    (kept,) = await store.cases.load_steps(one.id)
    assert kept.reading is not None
    assert len(kept.reading.raw.encode()) == 1_000_000

"""Looking back on closed investigations, on a real database: graded twice, told seldom, withdrawn once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from agent.chores import CHORES
from agent.knowledge.facts import ChangeType, EntityChange
from agent.learning.overview import Trusting
from agent.model import (
    AlertState,
    Budget,
    Change,
    ChangeKind,
    Decision,
    Ending,
    Entity,
    Expectation,
    Finding,
    InvestigationStatus,
    Outcome,
    OutcomeStatus,
    ProposalStatus,
    Triage,
    Verdict,
)
from agent.resolution.watch import Watched
from agent.store.repository import Store
from agent.store.trust import subject_of_mode, subject_of_record
from tests.integration.fake_house import (
    ENGINEER,
    LEAD,
    MONITOR,
    NOW,
    OUTSIDER,
    Outside,
    alert,
    outside,
)
from tests.integration.test_store_changes import proposal

MODE = "cache_memory_pressure"
REDIS = Entity(name="redis", kind="statefulset", namespace="development", environment="development")
END = NOW + timedelta(minutes=30)


@pytest.fixture
def outside_(store: Store) -> Outside:
    """A house on a fresh database."""
    return outside(store)


async def closed(out: Outside, number: int = 1, confidence: float = 0.9) -> int:
    """An investigation that found a cause, half an hour after it began."""
    store = out.store
    signal = alert(f"slack:C1:{number}", fingerprint=f"datadog:{number}", environment="development")
    triage = Triage(decision=Decision.INVESTIGATE, reason="tier 1")
    found, _ = await store.investigations.open(signal, triage, Budget(), signal.key, NOW)
    number = found.id
    finding = Finding(
        ending=Ending.CAUSE_FOUND,
        headline="Redis has no memory left",
        mode=MODE,
        entity="redis",
        confidence=confidence,
    )
    await store.cases.save_finding(number, finding)
    await store.investigations.set_neighbourhood(
        number, [REDIS, REDIS.model_copy(update={"name": "checkout", "kind": "deployment"})], []
    )
    await store.investigations.set_status(number, InvestigationStatus.CLOSED, END)
    return number


async def applied(out: Outside, number: int, status: OutcomeStatus, **changes: object) -> UUID:
    """A change that the investigation applied ten minutes before its end."""
    change = Change(kind=ChangeKind.RESOURCES, target=REDIS, arguments={"memory_bytes": 24 * 2**30})
    put = proposal(
        number, id=uuid4(), change=change, environment="development", created_at=NOW, **changes
    )
    await out.store.proposals.add(put)
    await out.store.proposals.set_status(put.id, ProposalStatus.APPLIED)
    seen = Outcome(
        proposal=put.id, status=status, statement="s", observed_at=END, watched_seconds=600
    )
    await out.store.outcomes.add(seen)
    return put.id


async def looked_back(out: Outside, **after: float) -> int:
    """The chore, so long after the end; how many it graded."""
    return await CHORES["verdicts"](out.house, END + timedelta(**after))


async def verdict_on(out: Outside, number: int) -> Verdict:
    found = await out.store.verdicts.of(number)
    assert found is not None
    return found


async def signals(out: Outside, number: int, **moments: float) -> None:
    """Messages on the alert of an investigation, by state: minutes after the end."""
    case = await out.store.cases.load(number)
    for state, minutes in moments.items():
        changes: dict[str, Any] = {
            "state": AlertState(state),
            "fingerprint": case.signal.fingerprint,
            "occurred_at": END + timedelta(minutes=minutes),
        }
        await out.store.signals.add(alert(f"slack:{number}:{state}", **changes))


async def test_it_looks_after_an_hour_and_after_a_day_and_never_twice(outside_: Outside) -> None:
    out = outside_
    number = await closed(out)
    await applied(out, number, OutcomeStatus.RECOVERED)
    assert await looked_back(out, minutes=59) == 0
    assert await looked_back(out, minutes=61) == 1
    first = await verdict_on(out, number)
    assert first.probability > 0.9
    assert (first.mode, first.entity, first.confidence) == (MODE, "redis", 0.9)
    assert await looked_back(out, hours=20) == 0
    assert await looked_back(out, hours=25) == 1
    assert await looked_back(out, hours=50) == 0
    assert out.notifier.said == {}, "nothing is said while it was right"


async def test_an_alert_that_comes_back_is_found_at_the_second_look(outside_: Outside) -> None:
    out = outside_
    number = await closed(out)
    await applied(out, number, OutcomeStatus.RECOVERED)
    await signals(out, number, recovered=-5)
    await looked_back(out, hours=2)
    before = await verdict_on(out, number)
    await signals(out, number, triggered=300)
    await looked_back(out, hours=25)
    after = await verdict_on(out, number)
    assert after.probability < before.probability
    assert any("came back" in o.what for o in after.observed)
    record = await out.store.trust.record_of("redis", "resources", "development", now=END)
    assert record.failures == 1


@pytest.mark.parametrize(("state", "right"), [("OK", True), ("Alert", False)])
async def test_the_watched_signals_are_read_again(
    outside_: Outside, state: str, right: bool
) -> None:
    out = outside_
    number = await closed(out)
    watched = Watched(name="monitor", tool="datadog_monitors", arguments={}, monitor=MONITOR)
    gone = watched.model_copy(update={"name": "gone", "tool": "no_such_tool"})
    signals = tuple(s.model_dump(mode="json") for s in (watched, gone))
    expected = Expectation(criterion="OK again", horizon_seconds=60, signals=signals)
    await applied(out, number, OutcomeStatus.RECOVERED, expectation=expected)
    out.monitors.states = [state]
    await looked_back(out, hours=2)
    seen = [o for o in (await verdict_on(out, number)).observed if o.source == "change"]
    assert [o.weight > 0 for o in seen] == [True, right]


async def test_what_was_probably_wrong_is_said_once_in_the_thread(outside_: Outside) -> None:
    out = outside_
    number = await closed(out)
    await applied(out, number, OutcomeStatus.WORSE)
    await looked_back(out, hours=2)
    await looked_back(out, hours=25)
    (said,) = out.notifier.lines("verdict-")
    assert said.startswith("Looking back, my finding was probably wrong (right with 1")
    assert "the watched signals got worse" in said


async def test_the_word_of_people_counts_at_the_next_look_and_outranks_the_rest(
    outside_: Outside,
) -> None:
    out = outside_
    number = await closed(out)
    await applied(out, number, OutcomeStatus.UNCHANGED)
    await out.store.feedback.add("U-ann", "finding", str(number), "right", "", END)
    assert await looked_back(out, minutes=30) == 0
    assert await looked_back(out, minutes=61) == 1
    assert (await verdict_on(out, number)).probability > 0.9
    assert await looked_back(out, minutes=70) == 0
    later = END + timedelta(minutes=75)
    await out.store.feedback.add("U-bob", "finding", str(number), "wrong", "", later)
    assert await looked_back(out, minutes=80) == 1, "the second look is not waited for"
    assert (await verdict_on(out, number)).disputed
    (said,) = out.notifier.lines("verdict-disputed")
    assert "U-ann said that it was right" in said
    assert "U-bob said that it was wrong" in said


async def test_what_people_say_is_wrong_is_not_told_to_them(outside_: Outside) -> None:
    out = outside_
    number = await closed(out)
    await out.store.feedback.add("U-ann", "finding", str(number), "wrong", "", END)
    await looked_back(out, minutes=65)
    assert (await verdict_on(out, number)).probability < 0.05
    assert out.notifier.said == {}


async def test_somebody_elses_change_elsewhere_speaks_against_it(outside_: Outside) -> None:
    out = outside_
    number = await closed(out)
    await signals(out, number, recovered=20)
    rollout = EntityChange(
        at=END + timedelta(minutes=10),
        entity="development/deployment/checkout",
        type=ChangeType.ROLLOUT,
        what="image of checkout: 4.2.0 -> 4.1.8",
        origin="kubernetes",
    )
    await out.store.graph.record([rollout])
    await looked_back(out, hours=2)
    verdict = await verdict_on(out, number)
    assert verdict.probability < 0.3
    assert "image of checkout: 4.2.0 -> 4.1.8" in verdict.observed[0].what


async def test_neighbours_that_begin_to_alert_after_the_change_are_seen(outside_: Outside) -> None:
    out = outside_
    number = await closed(out)
    await applied(out, number, OutcomeStatus.RECOVERED)
    at = END + timedelta(minutes=5)
    await out.store.signals.add(
        alert("slack:C9", service="checkout", fingerprint="other", occurred_at=at)
    )
    await looked_back(out, hours=2)
    assert any(
        o.source == "neighbours" and o.weight < 0 for o in (await verdict_on(out, number)).observed
    )


async def test_two_wrong_findings_withdraw_what_the_policy_would_do_unasked_and_it_is_said_once(
    outside_: Outside,
) -> None:
    out = outside_
    for number in (1, 2, 3):
        number = await closed(out, number)
        await applied(out, number, OutcomeStatus.WORSE)
    await looked_back(out, hours=2)
    await looked_back(out, hours=25)
    assert set(await out.store.trust.withdrawn()) == {
        subject_of_mode(MODE),
        "record:redis/resources/development",
    }
    assert (await out.actions()).count("automation_withdrawn") == 2
    said = out.notifier.lines("withdrawn-")
    assert len(said) == 2
    assert any("From now on I ask before each change of resources at redis" in s for s in said)
    assert await out.store.audit.verify() is None


async def test_what_was_withdrawn_comes_back_with_successes_and_is_entered(
    outside_: Outside,
) -> None:
    out = outside_
    for number in range(1, 8):
        number = await closed(out, number)
        wrong = number < 3
        await applied(out, number, OutcomeStatus.WORSE if wrong else OutcomeStatus.RECOVERED)
        await out.store.investigations.set_status(
            number, InvestigationStatus.CLOSED, END + timedelta(hours=number)
        )
        await CHORES["verdicts"](out.house, END + timedelta(hours=number + 1, minutes=1))
    assert subject_of_mode(MODE) not in await out.store.trust.withdrawn()
    assert "automation_returned" in await out.actions()


async def test_only_an_approver_gives_automation_back_and_it_is_audited(outside_: Outside) -> None:
    out, trusting = outside_, Trusting(outside_.house)
    subject = subject_of_record("redis", "resources", "staging")
    assert await trusting.restore(subject, LEAD) == "Nothing is withdrawn there."
    await out.store.trust.withdraw(subject, NOW, "2 of the last 2 changes went wrong")
    for stranger in (OUTSIDER, ENGINEER, ""):
        assert (await trusting.restore(subject, stranger)).startswith("Only people who may approve")
    assert subject in await out.store.trust.withdrawn()
    assert (await trusting.restore(subject, LEAD)).startswith("Done")
    assert await out.store.trust.withdrawn() == {}
    assert (await out.actions())[-1] == "automation_restored"


async def test_automation_on_a_mode_is_given_back_by_who_may_approve_in_production(
    outside_: Outside,
) -> None:
    out, trusting = outside_, Trusting(outside_.house)
    await out.store.trust.withdraw(subject_of_mode(MODE), NOW, "wrong twice")
    assert (await trusting.restore(subject_of_mode(MODE), LEAD)).startswith("Only")
    assert (await trusting.restore(subject_of_mode(MODE), ENGINEER)).startswith("Done")


async def test_the_overview_has_it_all(outside_: Outside) -> None:
    out = outside_
    for number in (1, 2):
        number = await closed(out, number)
        await applied(out, number, OutcomeStatus.RECOVERED)
    await looked_back(out, hours=2)
    out.clock.at = END + timedelta(hours=2)
    known = await Trusting(out.house).overview("redis")
    assert (known.whole.number, known.whole.right) == (2, 2)
    (level,) = known.levels
    assert level.record.successes == 2
    assert level.missing == "Somebody has to approve one first."
    assert (await Trusting(out.house).overview("else")).levels == []

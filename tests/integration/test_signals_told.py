"""What people are told of signals, and how their words move the next decision; on a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from dbos import DBOS

from agent import workflow
from agent.awareness import history, telling
from agent.awareness.changes import accept_changes
from agent.awareness.intake import Accepted, accept
from agent.awareness.telling import MOST_POINTERS, Telling
from agent.knowledge.facts import ChangeType, EntityChange, Seen
from agent.model import (
    AlertState,
    Budget,
    Conversation,
    Decision,
    Entity,
    Relation,
    Signal,
    SignalKind,
)
from agent.store.engine import normalise
from agent.store.repository import Store
from agent.workflows import QUEUE, Workflows, workflow_id
from tests.integration.dbos_process import dbos
from tests.integration.fake_house import NOW, Hands, Outside, alert, outside


@pytest.fixture
def told(store: Store) -> Outside:
    return outside(store)


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def firing(number: int, minutes: float = 0, **changes: Any) -> Signal:
    values = {
        "service": "cart",
        "fingerprint": f"datadog:{number}:",
        "occurred_at": at(minutes),
        "conversation": Conversation(channel="C1", thread=f"{number}.{minutes}"),
    }
    return alert(f"slack:C1:{number}.{minutes}", **(values | changes))


async def happens(told: Outside, signal: Signal) -> Accepted:
    """Take a signal in and tell of it, as the workflow does."""
    told.clock.at = max(told.clock.at, signal.occurred_at)
    accepted = await accept(told.store, signal, told.clock, Budget())
    speaking = Telling(told.house)
    number = speaking.concerns(accepted.joined)
    if accepted.opened and accepted.investigation is not None:
        await speaking.first_words(accepted.investigation, signal, accepted.joined)
        if accepted.joined is not None:
            await speaking.changes(accepted.investigation, accepted.joined.issue)
    elif number is not None and accepted.joined is not None:
        await speaking.beside(number, signal, accepted.joined)
    return accepted


async def test_of_a_storm_the_first_alerts_point_to_the_thread_and_the_rest_are_counted(
    told: Outside,
) -> None:
    for number in range(MOST_POINTERS + 15):
        await happens(told, firing(number, number / 60))
    await happens(told, firing(3, 5))
    assert len(told.notifier.lines("pointer-")) == MOST_POINTERS
    (issue,) = await told.store.issues.open_ones()
    assert (issue.signals, issue.duplicates) == (MOST_POINTERS + 15, 1)
    assert issue.conversation == Conversation(channel="C1", thread="0.0.0")


async def test_that_an_issue_is_over_is_said_once_when_all_of_it_is(told: Outside) -> None:
    for number in (1, 2):
        await happens(told, firing(number))
    over = {"state": AlertState.RECOVERED}
    await happens(told, firing(1, 5, **over))
    assert told.notifier.lines("recovered") == []
    await happens(told, firing(2, 6, **over))
    await happens(told, firing(2, 7, **over))
    assert told.notifier.lines("recovered") == [
        "Datadog says that the last of its 2 alerts recovered at 03:06 UTC."
    ]


async def test_flapping_is_said_once(told: Outside) -> None:
    for n in range(6):
        await happens(told, firing(1, 15 * n))
        await happens(told, firing(1, 15 * n + 5, state=AlertState.RECOVERED))
    assert len(told.notifier.lines("flapping")) == 1
    before_it_was_known = 3
    assert len(told.notifier.lines("recovered")) == before_it_was_known
    assert len(await told.store.issues.open_ones()) <= 1


async def test_what_changed_shortly_before_stands_in_the_thread(told: Outside) -> None:
    cart = Entity(name="cart", namespace="production", environment="production")
    await told.store.graph.take("kubernetes", Seen(entities=(cart,)))
    for minutes, version in ((-40, 1), (-4, 2), (3, 3)):
        if minutes > 0:
            await happens(told, firing(1))
        rollout = EntityChange(
            at=at(minutes),
            entity=cart.key,
            type=ChangeType.ROLLOUT,
            what=f"image of cart: 4.{version}",
            origin="kubernetes",
            before=f"4.{version - 1}",
            after=f"4.{version}",
            key=f"k/{version}",
        )
        near = await accept_changes(told.store, [rollout], Hands(at(minutes)))
        for signal in near:
            await happens(told, signal)
    assert told.notifier.lines("change-") == [
        "cart was rolled out 4 minutes before (4.1 → 4.2).",
        "cart was rolled out 3 minutes after it began (4.2 → 4.3).",
    ]


@pytest.mark.parametrize("shared", [False, True])
async def test_a_setting_is_told_where_what_it_configures_is_in_trouble(
    told: Outside, shared: bool
) -> None:
    names = ("cart", "mailer") if shared else ("cart",)
    cart, *others = (
        Entity(name=n, namespace="production", environment="production") for n in names
    )
    config = cart.model_copy(update={"name": "settings", "kind": "configmap"})
    ties = [
        Relation(
            source=user.key,
            target=config.key,
            kind="configured_by",
            origin="kubernetes",
            first_seen=at(0),
            last_confirmed=at(0),
        )
        for user in (cart, *others)
    ]
    seen = Seen(entities=(cart, *others, config), relations=tuple(ties))
    await told.store.graph.take("kubernetes", seen)
    await happens(told, firing(1))
    change = EntityChange(
        at=at(2),
        entity=config.key,
        type=ChangeType.CONFIG,
        what="config settings: POOL: 30 -> 50",
        origin="kubernetes",
        before="POOL: 30",
        after="POOL: 50",
        key="k/1",
    )
    for signal in await accept_changes(told.store, [change], Hands(at(2))):
        await happens(told, signal)
    whose = "settings" if shared else "cart"
    assert told.notifier.lines("change-") == [
        f"{whose} got a new configuration 2 minutes after it began (POOL: 30 → POOL: 50)."
    ]


async def test_what_emerges_is_announced_in_its_own_place_and_spoken_of_there(
    told: Outside,
) -> None:
    signal = firing(1, kind=SignalKind.EMERGING, source="srebot", conversation=None)
    accepted = await happens(told, signal)
    (issue,) = await told.store.issues.open_ones()
    assert issue.conversation == Conversation(channel="C-emerging", thread=f"{issue.id}.0")
    assert accepted.investigation is not None
    found = await told.store.investigations.get(accepted.investigation)
    assert found.conversation is not None
    await happens(told, firing(2, 5))
    assert len(told.notifier.lines("pointer-")) == 1


async def quietly(told: Outside, minutes: float) -> Accepted:
    """An alert in development that passes by itself, hours apart from the others."""
    place = {"environment": "staging", "namespace": "staging"}
    found = await happens(told, firing(7, minutes, **place))
    await happens(told, firing(7, minutes + 5, state=AlertState.RECOVERED, **place))
    return found


async def test_what_passes_by_itself_becomes_quiet_and_a_word_turns_it_back(told: Outside) -> None:
    found = [await quietly(told, 180 * n) for n in range(7)]
    assert [f.triage.decision for f in found[:3]] == [Decision.INVESTIGATE] * 3
    assert found[-1].triage.decision is Decision.QUIET
    assert found[-1].triage.reason == "Quiet: 6 of 6 like it recovered by themselves."
    quiet = await told.store.decisions.quiet(NOW)
    assert found[-1].triage.reason in [d.reason for d in quiet]
    decision = quiet[-1]
    assert decision.recovered_at is not None
    now = at(180 * 6 + 10)
    said = await history.judge(told.house, decision.id, "U1", False, now)
    assert said == (
        "Alerts like “Redis is slow” on cart stay quiet: "
        "7 of 7 like it recovered by themselves, you agreed once."
    )
    said = await history.judge(told.house, decision.id, "U1", True, now)
    assert "I should have told" in said
    assert "you agreed" not in said, "the last word of a person on a decision counts"
    again = await quietly(told, 180 * 8)
    assert again.triage.decision is Decision.INVESTIGATE


async def test_a_word_on_what_is_not_known_changes_nothing(told: Outside) -> None:
    said = await history.judge(told.house, 99, "U1", True, NOW)
    assert said == "I no longer know that decision, so nothing was changed."


async def test_decisions_shown_in_a_digest_are_not_shown_again(told: Outside) -> None:
    await happens(told, firing(1, state=AlertState.WARNING))
    (decided,) = await told.store.decisions.quiet(NOW, undigested=True)
    await told.store.decisions.mark_told([decided.id], at(1))
    assert await told.store.decisions.quiet(NOW, undigested=True) == []
    assert len(await told.store.decisions.quiet(NOW)) == 1


@pytest.fixture
async def workflows(
    told: Outside, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Workflows]:
    monkeypatch.setattr(workflow, "_FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(telling, "REFRESH_SECONDS", 0.05)
    url = normalise(database_url).render_as_string(hide_password=False)
    with dbos(url, "srebot-tests"):
        made = Workflows(told.house)
        DBOS.launch()
        await DBOS.register_queue_async(QUEUE, polling_interval_sec=0.05)
        yield made


async def done(*identities: str) -> None:
    for identity in identities:
        handle = await DBOS.retrieve_workflow_async(identity)
        await handle.get_result()


async def test_workflows_take_a_storm_in_and_investigate_once(
    workflows: Workflows, told: Outside
) -> None:
    signals = [firing(n, n / 60) for n in range(4)]
    for signal in signals:
        await workflows.receive(signal)
        await workflows.receive(signal)
    await done(*(workflow_id("signal", s.key) for s in signals))
    assert len(await told.store.investigations.list()) == 1
    assert len(told.notifier.lines("pointer-")) == 3
    await done("investigation-1")
    assert "report" in told.notifier.said
    decided = await told.store.decisions.of_signal(signals[1].key)
    assert decided is not None
    word = await workflows.judge_quiet(decided.id, "U1", "click", told=True)
    assert "full attention" in word

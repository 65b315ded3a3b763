"""Which signals belong together: storms, hubs, recovery, flapping, repeats, and many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from agent.awareness import correlation
from agent.awareness.changes import accept_changes
from agent.awareness.intake import Accepted, accept
from agent.awareness.issues import IssueKind, IssueStatus
from agent.knowledge.facts import ChangeType, EntityChange, Seen
from agent.model import (
    AlertState,
    Budget,
    Conversation,
    Decision,
    Entity,
    InvestigationStatus,
    Relation,
    Signal,
    SignalKind,
)
from agent.store.repository import Store
from tests.integration.fake_house import NOW, Hands, alert, outside

DEPENDS_ON = {
    "gateway": ("cart", "recommendation", "catalog"),
    "cart": ("redis-cart",),
    "checkout": ("redis-cart",),
    "recommendation": ("redis-reco",),
    "related": ("redis-reco",),
    "catalog": ("postgres",),
    "storefront": ("gateway",),
    "mailer": ("redis-mail", "rabbitmq"),
    "newsletter": ("redis-mail",),
}
KEYS = count()


def key_of(name: str, environment: str = "production") -> str:
    return f"{environment}/service/{name}"


@pytest.fixture
async def company(store: Store) -> Store:
    """A gateway over everything, and three stores with those that use them."""
    names = {*DEPENDS_ON, *(t for targets in DEPENDS_ON.values() for t in targets)}
    entities = [
        Entity(name=n, namespace=e, environment=e, properties={"tier": 2})
        for n in sorted(names)
        for e in ("production", "staging")
    ]
    relations = [
        Relation(
            source=key_of(source, e),
            target=key_of(target, e),
            kind="depends_on",
            origin="kubernetes",
            first_seen=NOW,
            last_confirmed=NOW,
        )
        for source, targets in DEPENDS_ON.items()
        for target in targets
        for e in ("production", "staging")
    ]
    await store.graph.take("kubernetes", Seen(entities=tuple(entities), relations=tuple(relations)))
    return store


def after(seconds: float = 0, **more: float) -> datetime:
    return NOW + timedelta(seconds=seconds, **more)


def firing(service: str, at: datetime = NOW, **changes: Any) -> Signal:
    number = next(KEYS)
    values = {
        "service": service,
        "title": f"{service} is slow",
        "fingerprint": f"datadog:{service}:",
        "occurred_at": at,
        "conversation": Conversation(channel="C1", thread=f"{number}.0"),
    }
    return alert(f"slack:C1:{number}.0", **(values | changes))


async def take(store: Store, signal: Signal) -> Accepted:
    return await accept(store, signal, Hands(signal.occurred_at), Budget())


async def take_all(store: Store, services: Iterable[str], **changes: Any) -> list[Accepted]:
    return [await take(store, firing(s, after(n), **changes)) for n, s in enumerate(services)]


def issues_of(found: Iterable[Accepted]) -> list[int]:
    return [a.joined.issue.id for a in found if a.joined is not None]


async def test_a_storm_from_one_cause_is_one_issue_and_one_investigation(company: Store) -> None:
    found = await take_all(company, ["recommendation", "related", "redis-reco", "gateway"])
    assert len(set(issues_of(found))) == 1
    assert [a.opened for a in found] == [True, False, False, False]
    assert {a.investigation for a in found} == {found[0].investigation}
    (issue,) = await company.issues.open_ones()
    assert issue.signals == 4
    assert [k.rsplit("/", 1)[-1] for k in issue.suspects] == ["redis-reco"]


async def test_what_lies_beyond_the_reach_of_the_cause_joins_by_what_the_trouble_came_through(
    company: Store,
) -> None:
    found = await take_all(company, ["recommendation", "related", "gateway", "storefront"])
    assert len(set(issues_of(found))) == 1
    last = found[-1].joined
    assert last is not None
    assert last.reason == "storefront depends on gateway (alerting since 03:00)"
    assert [k.rsplit("/", 1)[-1] for k in last.issue.suspects] == ["redis-reco"]


async def test_a_backlog_belongs_to_the_trouble_of_who_empties_the_queue(company: Store) -> None:
    found = await take_all(company, ["mailer", "newsletter"])
    backlog = await take(company, firing("rabbitmq", after(60), tags={"queue": "mails.new"}))
    assert issues_of([backlog]) == issues_of(found[:1])
    assert backlog.joined is not None
    assert backlog.joined.reason == "mailer (alerting since 03:00) depends on rabbitmq"
    broker = await take(company, firing("rabbitmq", after(61), fingerprint="datadog:disk:"))
    assert broker.joined is not None
    assert broker.joined.reason == "same service rabbitmq"


async def test_a_broker_in_trouble_of_its_own_is_another_issue(company: Store) -> None:
    found = await take_all(company, ["mailer", "newsletter", "rabbitmq"])
    assert len(set(issues_of(found))) == 2


async def test_each_joins_with_the_reason_why(company: Store) -> None:
    found = await take_all(company, ["recommendation", "related", "redis-reco", "recommendation"])
    reasons = [a.joined.reason for a in found if a.joined]
    assert reasons == [
        "",
        "related and recommendation (alerting since 03:00) both depend on redis-reco",
        "recommendation (alerting since 03:00) depends on redis-reco",
        "same alert",
    ]


@pytest.mark.parametrize(
    "order",
    [
        ("gateway", "cart", "recommendation", "checkout", "related"),
        ("cart", "gateway", "recommendation", "checkout", "related"),
        ("cart", "recommendation", "gateway", "checkout", "related"),
    ],
)
async def test_two_causes_behind_one_gateway_stay_two_issues(
    company: Store, order: tuple[str, ...]
) -> None:
    found = dict(zip(order, issues_of(await take_all(company, order)), strict=True))
    assert found["cart"] == found["checkout"]
    assert found["recommendation"] == found["related"]
    assert found["cart"] != found["recommendation"]
    assert found["gateway"] in (found["cart"], found["recommendation"])


async def test_environments_are_never_mixed(company: Store) -> None:
    here = await take(company, firing("cart"))
    there = await take(company, firing("cart", environment="staging", fingerprint="datadog:c:s"))
    assert len({*issues_of([here, there])}) == 2


async def test_what_comes_later_than_the_window_is_another_issue(company: Store) -> None:
    first = await take(company, firing("cart"))
    near = await take(company, firing("checkout", after(minutes=9)))
    late = await take(company, firing("redis-cart", after(minutes=30)))
    same = await take(company, firing("cart", after(minutes=38), fingerprint="datadog:other:"))
    first_id, near_id, late_id, same_id = issues_of([first, near, late, same])
    assert first_id == near_id != late_id
    assert same_id == first_id, "the same service counts for longer"


async def test_what_cannot_be_located_joins_by_its_fingerprint_only(company: Store) -> None:
    title = "Something is wrong"
    await take(company, firing("cart"))
    lost = [await take(company, firing("", title=title, fingerprint=f"x:{n}:")) for n in (1, 2, 1)]
    one, two, again = issues_of(lost)
    assert one != two
    assert again == one


async def test_the_same_alert_by_slack_and_webhook_is_a_duplicate(company: Store) -> None:
    await take(company, firing("cart"))
    twin = firing("cart", after(2), conversation=None).model_copy(update={"key": "webhook:1"})
    found = await take(company, twin)
    assert found.joined is not None
    assert found.joined.duplicate
    assert not found.opened
    (issue,) = await company.issues.open_ones()
    assert (issue.signals, issue.duplicates) == (1, 1)


async def test_an_issue_has_recovered_when_the_last_of_its_alerts_has(company: Store) -> None:
    await take_all(company, ["cart", "checkout"])
    over = {"state": AlertState.RECOVERED}
    one = await take(company, firing("cart", after(60), **over))
    assert one.joined is not None
    assert one.joined.issue.status is IssueStatus.OPEN
    last = await take(company, firing("checkout", after(90), **over))
    assert last.joined is not None
    assert last.joined.issue.status is IssueStatus.RECOVERED
    assert last.joined.issue.closed_at == after(90)
    again = await take(company, firing("checkout", after(95), **over))
    assert again.joined is not None
    assert again.joined.issue.closed_at == after(90), "it is over once"


async def test_a_recovery_of_what_nobody_saw_belongs_nowhere(company: Store) -> None:
    found = await take(company, firing("cart", state=AlertState.RECOVERED))
    assert found.joined is None
    assert await company.issues.open_ones() == []


async def test_an_alert_that_comes_and_goes_is_flapping_and_keeps_one_issue(
    company: Store,
) -> None:
    found = []
    for n in range(5):
        found.append(await take(company, firing("cart", after(minutes=20 * n))))
        over = firing("cart", after(minutes=20 * n + 5), state=AlertState.RECOVERED)
        await take(company, over)
    assert len(set(issues_of(found))) == 1
    flapping = [a.joined.issue.flapping for a in found if a.joined]
    assert flapping == [False, False, False, True, True]
    assert not found[-1].opened


async def test_after_hours_the_same_alert_is_another_issue(company: Store) -> None:
    first = await take(company, firing("cart"))
    await take(company, firing("cart", after(60), state=AlertState.RECOVERED))
    again = await take(company, firing("cart", after(hours=3)))
    assert issues_of([first]) != issues_of([again])
    assert again.opened


async def test_what_nobody_hears_of_expires(company: Store) -> None:
    await take(company, firing("cart"))
    house = outside(company).house
    assert await correlation.expire(house, after(hours=5)) == 0
    assert await correlation.expire(house, after(hours=7)) == 1
    assert await company.issues.open_ones() == []


async def test_of_many_at_once_one_opens_the_issue_and_none_is_lost(company: Store) -> None:
    services = ["recommendation", "related", "redis-reco"] * 10
    signals = [
        firing(s, after(n / 10), fingerprint=f"datadog:{n}:{s}") for n, s in enumerate(services)
    ]
    found = await asyncio.gather(*(take(company, s) for s in signals))
    assert sum(a.opened for a in found) == 1
    assert len(set(issues_of(found))) == 1
    (issue,) = await company.issues.open_ones()
    assert issue.signals == len(signals)
    assert len(await company.investigations.list()) == 1


async def test_two_stores_as_two_processes_have_still_take_turns(company: Store) -> None:
    other = Store(company.engine)
    signals = [firing("cart", after(n / 10), fingerprint=f"datadog:{n}:") for n in range(20)]
    found = await asyncio.gather(*(take((company, other)[n % 2], s) for n, s in enumerate(signals)))
    assert sum(a.opened for a in found) == 1
    (issue,) = await company.issues.open_ones()
    assert issue.signals == len(signals)


async def test_accepting_again_changes_nothing(company: Store) -> None:
    signals = [firing("cart"), firing("checkout", after(1)), firing("cart", after(2))]
    first = [await take(company, s) for s in signals]
    (before,) = await company.issues.open_ones()
    second = [await take(company, s) for s in signals]
    (now,) = await company.issues.open_ones()
    assert now == before
    assert [(a.opened, a.investigation, a.triage) for a in second] == [
        (a.opened, a.investigation, a.triage) for a in first
    ]


@pytest.mark.parametrize(
    "status",
    [
        InvestigationStatus.RUNNING,
        InvestigationStatus.WAITING_FOR_APPROVAL,
        InvestigationStatus.WATCHING,
        InvestigationStatus.CLOSED,
        InvestigationStatus.WAITING_FOR_INPUT,
    ],
)
async def test_what_is_or_was_just_looked_into_starts_no_other(
    company: Store, status: InvestigationStatus
) -> None:
    first = await take(company, firing("cart"))
    assert first.investigation is not None
    ended = NOW if status is InvestigationStatus.CLOSED else None
    await company.investigations.set_status(first.investigation, status, ended)
    more = await take(company, firing("checkout", after(minutes=8)))
    assert not more.opened
    assert more.triage.decision is Decision.WATCH
    assert f"investigation {first.investigation}" in more.triage.reason


async def test_a_warning_opens_a_watched_issue_which_an_alert_has_investigated(
    company: Store,
) -> None:
    warned = await take(company, firing("cart", state=AlertState.WARNING))
    assert not warned.opened
    alerted = await take(company, firing("checkout", after(60)))
    assert issues_of([warned]) == issues_of([alerted])
    assert alerted.opened
    (issue,) = await company.issues.open_ones()
    assert issue.investigation == alerted.investigation
    assert issue.triage.decision is Decision.INVESTIGATE


async def test_three_tickets_within_an_hour_are_looked_into(company: Store) -> None:
    def ticket(minutes: float) -> Signal:
        words = {"title": "I cannot pay", "fingerprint": "", "kind": SignalKind.TICKET}
        return firing("checkout", after(minutes=minutes), **words)

    found = [await take(company, ticket(m)) for m in (0, 20, 40)]
    assert [a.opened for a in found] == [False, False, True]
    assert found[2].triage.reason == "Investigated: 3 tickets on checkout within an hour."
    (issue,) = await company.issues.open_ones()
    assert issue.kind is IssueKind.REPORTED


async def test_a_ticket_joins_what_alerts_already(company: Store) -> None:
    first = await take(company, firing("redis-cart"))
    ticket = firing("checkout", after(120), kind=SignalKind.TICKET, fingerprint="")
    found = await take(company, ticket)
    assert issues_of([found]) == issues_of([first])
    assert not found.opened


async def test_what_emerges_is_investigated_and_joined_by_the_alert_that_follows(
    company: Store,
) -> None:
    seen = firing("redis-reco", kind=SignalKind.EMERGING, source="srebot", conversation=None)
    emerging = await take(company, seen)
    assert emerging.opened
    assert emerging.joined is not None
    assert emerging.joined.issue.kind is IssueKind.EMERGING
    alerted = await take(company, firing("recommendation", after(minutes=8)))
    assert not alerted.opened
    assert alerted.investigation == emerging.investigation


async def test_a_change_near_an_open_issue_belongs_to_it_and_starts_nothing(
    company: Store,
) -> None:
    first = await take(company, firing("recommendation"))
    told: list[Signal] = []

    async def tell(signal: Signal) -> None:
        told.append(signal)

    rollouts = [
        EntityChange(
            at=after(minutes=4),
            entity=key_of(name),
            type=ChangeType.ROLLOUT,
            what=f"image of {name}: 1 -> 2",
            origin="kubernetes",
            before="1",
            after="2",
            key=f"kubernetes/{name}/7",
        )
        for name in ("redis-reco", "catalog")
    ]
    near = await accept_changes(company, rollouts, Hands(after(minutes=5)), tell)
    assert [s.service for s in near] == ["redis-reco"]
    assert told == near
    assert await accept_changes(company, rollouts, Hands(after(minutes=5)), tell) == []
    again = await take(company, near[0])
    assert (again.opened, issues_of([again])) == (False, issues_of([first]))
    assert again.triage.decision is Decision.QUIET
    (issue,) = await company.issues.open_ones()
    assert issue.signals == 1
    assert len(await company.investigations.list()) == 1

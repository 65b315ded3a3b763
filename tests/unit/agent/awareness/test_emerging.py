"""From weak signals to the intake: raised once, kept open while it goes on, closed when it has turned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import cast

from agent.awareness.emerging import LOAD_PROFILE, look
from agent.awareness.issues import Issue, IssueKind
from agent.awareness.triage import Known, judged
from agent.house import House
from agent.knowledge.facts import Seen
from agent.model import (
    AlertState,
    Decision,
    Entity,
    Relation,
    Severity,
    Signal,
    SignalKind,
    Triage,
)
from agent.ports import Indicator
from tests.unit.agent.awareness.test_weak import (
    CACHE,
    CART,
    NOW,
    latency,
    memory,
    pool,
    requests,
)

EMERGING = [memory(CACHE, 2.0), pool(CART, 6), latency(CART, 0.15), requests(CACHE)]
CALM = [memory(CACHE), pool(CART), latency(CART), requests(CACHE)]


class Graph:
    """Two services, one depending on the other through its Deployment."""

    def __init__(self) -> None:
        self.entities_by_key = {
            key: Entity(
                name=key.rsplit("/", 1)[-1], namespace="production", environment="production"
            )
            for key in (CACHE, CART)
        }
        self.taken: list[tuple[str, Seen]] = []

    async def entities(self, kinds: Sequence[str]) -> tuple[Entity, ...]:
        assert kinds == ("service",)
        return tuple(self.entities_by_key.values())

    async def around(
        self, name: str, namespace: str = ""
    ) -> tuple[tuple[Entity, ...], tuple[Relation, ...]]:
        def tie(source: str, target: str) -> Relation:
            return Relation(
                source=source,
                target=target,
                kind="depends_on",
                origin="kubernetes",
                first_seen=NOW,
                last_confirmed=NOW,
            )

        backup = "production/cronjob/backup"
        relations = (tie("production/deployment/cart", CACHE), tie(backup, CACHE))
        return tuple(self.entities_by_key.values()), relations

    async def take(self, origin: str, seen: Seen) -> int:
        self.taken.append((origin, seen))
        for entity in seen.entities:
            self.entities_by_key[entity.key] = entity
        return len(seen.entities)


class Source:
    """Gives the same indicators at each read (``agent.ports.Indicators``)."""

    def __init__(self, indicators: Sequence[Indicator]) -> None:
        self._indicators = indicators

    async def read(
        self, entities: Sequence[Entity], now: datetime, days: float, step_seconds: int
    ) -> Sequence[Indicator]:
        assert {e.key for e in entities} == {CACHE, CART}
        return self._indicators


def house(
    indicators: Sequence[Indicator], open_issues: Sequence[Issue] = (), graph: Graph | None = None
) -> House:
    graph = graph or Graph()

    async def open_ones() -> Sequence[Issue]:
        return open_issues

    store = SimpleNamespace(graph=graph, memory=graph, issues=SimpleNamespace(open_ones=open_ones))
    return cast("House", SimpleNamespace(store=store, indicators=Source(indicators)))


def issue(signal: Signal, entity: str, age: timedelta = timedelta(0)) -> Issue:
    """The open Issue that a signal made."""
    return Issue(
        id=7,
        kind=IssueKind.EMERGING,
        title=signal.title,
        triage=Triage(decision=Decision.INVESTIGATE, reason="it emerges"),
        entities=(entity,),
        fingerprints=(signal.fingerprint,),
        opened_at=NOW - age,
        last_signal_at=NOW - age,
    )


async def raised() -> Signal:
    (signal,) = (await look(house(EMERGING), NOW)).signals
    return signal


async def test_what_emerges_is_handed_in_once_as_a_signal_with_its_numbers() -> None:
    found = await look(house(EMERGING), NOW)
    (signal,) = found.signals
    assert found.emerging == 1
    assert found.indicators == len(EMERGING)
    assert (signal.kind, signal.source, signal.state) == (
        SignalKind.EMERGING,
        "srebot",
        AlertState.TRIGGERED,
    )
    assert signal.fingerprint == f"emerging:{CACHE}"
    assert (signal.service, signal.namespace, signal.environment) == (
        "cache",
        "production",
        "production",
    )
    assert signal.severity is Severity.HIGH
    assert signal.text.startswith("Minor now, critical at ")
    assert "cart depends on it" in signal.text, "the Deployment is its service; jobs don't count"
    assert (await look(house(EMERGING), NOW)).signals[0].key == signal.key


async def test_it_is_not_raised_again_while_an_issue_on_it_is_open() -> None:
    signal = await raised()
    for entity in (CACHE, "production/statefulset/cache", CART):
        known = issue(signal, entity)
        assert (await look(house(EMERGING, [known]), NOW)).signals == ()
    other = issue(signal, "production/service/mail").model_copy(update={"fingerprints": ()})
    assert len((await look(house(EMERGING, [other]), NOW)).signals) == 1


async def test_an_open_issue_hears_that_it_goes_on_before_it_would_expire() -> None:
    signal = await raised()
    old = issue(signal, CACHE, timedelta(hours=3))
    (again,) = (await look(house(EMERGING, [old]), NOW)).signals
    assert again.state is AlertState.RENOTIFIED
    assert again.fingerprint == signal.fingerprint
    assert judged(signal, Known()).decision is Decision.INVESTIGATE
    assert judged(again, Known()).decision is Decision.QUIET, "it is heard, not looked into anew"
    alerts = old.model_copy(update={"fingerprints": ("datadog:1001",)})
    assert (await look(house(EMERGING, [alerts]), NOW)).signals == (), "an alert's Issue is its own"


async def test_it_closes_when_it_has_turned_and_not_when_nothing_is_read() -> None:
    signal = await raised()
    known = issue(signal, CACHE)
    (over,) = (await look(house(CALM, [known]), NOW)).signals
    assert over.state is AlertState.RECOVERED
    assert over.fingerprint == signal.fingerprint
    assert (await look(house([pool(CART)], [known]), NOW)).signals == ()


async def test_load_profiles_are_kept_in_the_graph_once() -> None:
    graph = Graph()
    await look(house(CALM, graph=graph), NOW)
    ((origin, seen),) = graph.taken
    assert origin == "load"
    assert not seen.complete, "it adds to what others know"
    (entity,) = seen.entities
    assert entity.key == CACHE
    profile = entity.properties[LOAD_PROFILE]
    assert set(profile) == {str(hour) for hour in range(24)}
    ahead = str((NOW + timedelta(hours=9)).hour)
    assert profile[ahead] / profile[str(NOW.hour)] > 5
    await look(house(CALM, graph=graph), NOW + timedelta(minutes=5))
    assert len(graph.taken) == 1, "nothing moved"


async def test_without_indicators_nothing_is_looked_at() -> None:
    blind = cast("House", SimpleNamespace(indicators=None))
    assert (await look(blind, NOW)).signals == ()

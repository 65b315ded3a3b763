"""What outlives an investigation: patterns, feedback, the graph, the audit log, the outbox."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import pairwise

import psycopg
import pytest

from agent.knowledge.facts import Seen
from agent.model import Entity, Pattern, Relation
from agent.store.repository import Store
from tests.integration.test_store_cases import NOW, opened


def pattern(investigation: int = 1, **changes: object) -> Pattern:
    values = {
        "symptoms": ("latency of recommendation is high",),
        "mode": "cache_memory_pressure",
        "entity": "redis-reco",
        "checks": ("redis.mem.used",),
        "investigation": investigation,
        "last_seen": NOW,
    }
    return Pattern.model_validate(values | changes)


def entity(name: str, **changes: object) -> Entity:
    values = {"name": name, "namespace": "production", "environment": "production"}
    return Entity.model_validate(values | changes)


def relation(source: str, target: str, **changes: object) -> Relation:
    values = {
        "source": f"production/service/{source}",
        "target": f"production/service/{target}",
        "kind": "depends_on",
        "origin": "datadog",
        "first_seen": NOW,
        "last_confirmed": NOW,
    }
    return Relation.model_validate(values | changes)


async def test_an_equal_pattern_is_strengthened_once_per_investigation(store: Store) -> None:
    first = await store.patterns.learn(pattern(1))
    assert first == pattern(1, id=first.id)
    await store.patterns.learn(pattern(1))
    again = await store.patterns.learn(
        pattern(2, symptoms=("evictions",), fix="memory 24Gi", last_seen=NOW + timedelta(days=1))
    )
    assert again.times_seen == 2
    assert again.symptoms == ("evictions", "latency of recommendation is high")
    assert again.fix == "memory 24Gi"
    assert again.last_seen == NOW + timedelta(days=1)


async def test_the_most_alike_pattern_comes_first_and_the_unlike_not_at_all(store: Store) -> None:
    await store.patterns.learn(pattern(1, entity="redis-cart"))
    await store.patterns.learn(pattern(2))
    await store.patterns.learn(
        pattern(3, mode="disk_full", entity="kafka", symptoms=("disk is full",))
    )
    found = await store.patterns.similar(
        symptoms=("recommendation latency is high",), entity="redis-reco"
    )
    assert [p.entity for p in found] == ["redis-reco", "redis-cart"]
    assert [p.mode for p in await store.patterns.similar(mode="disk_full")] == ["disk_full"]
    assert await store.patterns.similar() == ()


async def test_a_case_recalls_the_patterns_learnt_before_it(store: Store) -> None:
    one = await opened(store)
    await store.patterns.learn(pattern(7, last_seen=NOW - timedelta(days=3)))
    await store.patterns.learn(pattern(8, mode="own", last_seen=NOW + timedelta(minutes=9)))
    recalled = (await store.cases.load(one.id, NOW)).patterns
    assert [p.investigation for p in recalled] == [7]


async def test_the_last_click_of_a_person_wins(store: Store) -> None:
    late = NOW + timedelta(minutes=1)
    await store.feedback.add("U1", "finding", "7", "wrong", "it was DNS", late)
    await store.feedback.add("U1", "finding", "7", "right", "", NOW)
    await store.feedback.add("U2", "finding", "7", "right", "", NOW)
    verdicts = {f.user: f.verdict for f in await store.feedback.of("finding", "7")}
    assert verdicts == {"U1": "wrong", "U2": "right"}


async def test_the_audit_log_is_a_chain_even_when_many_write_at_once(store: Store) -> None:
    await asyncio.gather(
        *(
            store.audit.append(
                f"U{n}", "approve", f"p{n}", {"n": 1e22, "é": "\0", "token": "x"}, NOW
            )
            for n in range(12)
        )
    )
    entries = await store.audit.entries()
    assert len(entries) == 12
    assert entries[0].previous_hash == entries[1].hash
    assert entries[0].details["token"] == "[redacted]"
    assert await store.audit.verify() is None


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"]
)
async def test_the_audit_log_refuses_changes(
    store: Store, database_url: str, statement: str
) -> None:
    await store.audit.append("U1", "approve", "p", {}, NOW)
    with (
        psycopg.connect(database_url.replace("+psycopg", "")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"),
    ):
        connection.execute(statement)


async def test_a_forged_entry_is_found(store: Store, database_url: str) -> None:
    for n in range(3):
        await store.audit.append("U1", "approve", f"p{n}", {}, NOW)
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        connection.execute("ALTER TABLE audit_log DISABLE TRIGGER ALL")
        connection.execute("UPDATE audit_log SET actor = 'U2' WHERE id = 2")
    assert await store.audit.verify() == 2


async def test_a_message_is_claimed_once_and_remembers_where_it_went(store: Store) -> None:
    claims = await asyncio.gather(
        *(store.messages.claim("i1:report", "C1", "17.1", "report") for _ in range(5))
    )
    assert [c.fresh for c in claims].count(True) == 1
    assert {c.state for c in claims} == {"sending"}
    await store.messages.sent("i1:report", "18.2")
    again = await store.messages.claim("i1:report", "C1", "17.1", "report")
    assert (again.state, again.ts, again.thread_ts, again.fresh) == ("sent", "18.2", "17.1", False)
    assert await store.messages.get("i1:report") == again
    assert await store.messages.get("unknown") is None


async def test_memory_locates_the_longest_name_said_as_a_word(store: Store) -> None:
    known = (
        entity("cart"),
        entity("cart-worker", kind="deployment"),
        entity("cart-worker", kind="configmap"),
        entity("checkout", namespace="staging", environment="staging"),
    )
    await store.graph.take("kubernetes", Seen(entities=known))
    found = await store.memory.locate("Why is Cart-Worker slow, says cart?")
    assert found is not None
    assert (found.name, found.kind) == ("cart-worker", "deployment")
    assert await store.memory.locate("carts are fine") is None
    assert await store.memory.locate("checkout is slow", "production") is None
    assert await store.memory.locate("checkout is slow", "staging") is not None


async def test_memory_shows_what_is_around_a_name_in_its_namespace(store: Store) -> None:
    names = ("web", "cart", "redis", "node", "far")
    edges = [relation(a, b) for a, b in pairwise(names)]
    staging = entity("cart", namespace="staging", environment="staging")
    known = (*map(entity, names), staging)
    await store.graph.take("kubernetes", Seen(entities=known, relations=tuple(edges)))
    entities, relations = await store.memory.around("cart", "production")
    assert [e.name for e in entities] == ["cart", "redis", "web", "node"]
    assert len(relations) == 3
    assert (await store.memory.around("cart", "staging"))[0] == (staging,)
    assert await store.memory.around("nobody") == ((), ())


async def test_memory_recalls_patterns_like_the_signal(store: Store) -> None:
    await store.patterns.learn(pattern(1))
    one = await opened(store)
    assert [p.mode for p in await store.memory.recall(one.signal)] == ["cache_memory_pressure"]

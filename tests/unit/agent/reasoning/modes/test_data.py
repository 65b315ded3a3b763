"""What the modes of stores, queues and memory read of answers that are whole, odd, or not there at all."""

from __future__ import annotations

from typing import Any

import pytest

from agent.model import Case
from agent.reasoning.modes import (
    disk,
    eviction,
    fragmentation,
    hot_key,
    leaks,
    locks,
    queries,
    queues,
    replication,
)
from agent.reasoning.modes.disk import DISK_FULL
from agent.reasoning.modes.eviction import CACHE_EVICTION
from agent.reasoning.modes.fragmentation import CACHE_FRAGMENTATION
from agent.reasoning.modes.hot_key import HOT_KEY
from agent.reasoning.modes.leaks import MEMORY_LEAK
from agent.reasoning.modes.locks import LOCK_CONTENTION
from agent.reasoning.modes.mode import DECISIVE, Mode
from agent.reasoning.modes.queries import SLOW_QUERY
from agent.reasoning.modes.queues import POISON_MESSAGE, QUEUE_BACKLOG
from agent.reasoning.modes.replication import REPLICATION_LAG
from agent.reasoning.modes.view import View
from tests.unit.agent.reasoning.modes.cases import (
    Asked,
    advice,
    arises,
    balance,
    case,
    signs,
    workload,
)

ALL = (
    *queries.MODES,
    *locks.MODES,
    *replication.MODES,
    *disk.MODES,
    *eviction.MODES,
    *fragmentation.MODES,
    *hot_key.MODES,
    *queues.MODES,
    *leaks.MODES,
)
GIB = 2.0**30
SINCE = "2026-11-24T02:20:00Z"
MESSAGE = "cannot handle message 7f3a91c2e05d of orders.new: rejected and requeued"


def metric(name: str, last: float, baseline: float, of: str = "app-db", **facts: Any) -> Asked:
    changed = {"at": SINCE, "before": baseline, "after": last, "ratio": None, "gradual": False}
    series = {
        "metric": name,
        "tags": {},
        "unit": "",
        "last": last,
        "baseline": baseline,
        "change": changed if last != baseline else None,
        **facts,
    }
    query = f"avg:{name}{{service:{of},env:production}}"
    return "datadog_metrics", {"query": query, "minutes": 720}, {"series": [series]}


def lines(
    *texts: str, of: str = "app-db", number: int = 40, query: str = "", total: int | None = None
) -> Asked:
    templates = [{"template": t, "example": t, "count": number, "service": of} for t in texts]
    asked = f"service:{of} env:production {query or 'lock'}"
    data = {"total": number if total is None else total, "templates": templates, "rare": []}
    return "datadog_logs", {"query": asked, "minutes": 60}, data


@pytest.mark.parametrize("mode", ALL, ids=lambda m: m.id)
@pytest.mark.parametrize(
    "asked",
    [
        (),
        (("datadog_metrics", {"query": "nonsense", "minutes": 720}, {}),),
        (("datadog_logs", {"query": "x", "minutes": 60}, {"templates": None}),),
        (("datadog_logs", {"query": "x", "minutes": 60}, {"templates": [{}]}),),
        (workload("app-db", containers=[]), workload("app-redis", containers=None)),
        (
            metric("redis.mem.used", 0.0, 0.0, "app-redis"),
            metric("redis.mem.maxmemory", 0.0, 0.0, "app-redis"),
        ),
        (
            metric("kubernetes.kubelet.volume.stats.used_bytes", 1.0, 1.0),
            metric("kubernetes.kubelet.volume.stats.capacity_bytes", 0.0, 0.0),
        ),
    ],
    ids=["nothing", "no-series", "no-templates", "empty-template", "bare", "no-limit", "no-volume"],
)
def test_odd_answers_say_nothing_and_break_nothing(mode: Mode, asked: tuple[Asked, ...]) -> None:
    for name in ("app-db", "app-redis", "app"):
        on = case(name, *asked)
        view = View(on)
        target = view.target(name)
        mode.arises(target, view)
        assert all(abs(s.weight) < DECISIVE for s in mode.signs(target, view))
        list(mode.fixes(target, view))
        assert all(isinstance(c.arguments, dict) for c in mode.checks(target, view))
        list(mode.advice(target, view))


SLOW = metric("postgresql.queries.time", 90.0, 6.0)


def database(*asked: Asked) -> Case:
    return case("app-db", SLOW, *asked)


def test_queries_that_wait_are_a_lock_and_not_a_slow_query() -> None:
    on = database(metric("postgresql.waiting_queries", 30.0, 0.0))
    assert balance(signs(LOCK_CONTENTION, "app-db", on)) > DECISIVE
    assert balance(signs(SLOW_QUERY, "app-db", on)) < 0


def test_whole_tables_read_are_a_slow_query_and_not_a_lock() -> None:
    on = database(
        metric("postgresql.waiting_queries", 0.0, 0.0), metric("postgresql.seq_scans", 60.0, 0.8)
    )
    assert balance(signs(SLOW_QUERY, "app-db", on)) > DECISIVE
    assert balance(signs(LOCK_CONTENTION, "app-db", on)) < 0
    assert "ANALYZE" in advice(SLOW_QUERY, "app-db", on)[0]


@pytest.mark.parametrize(("waiting", "is_one"), [(1.0, False), (2.9, False), (3.0, True)])
def test_a_query_that_waits_for_a_moment_is_no_contention(waiting: float, is_one: bool) -> None:
    on = database(metric("postgresql.waiting_queries", waiting, 0.0))
    assert (balance(signs(LOCK_CONTENTION, "app-db", on)) > DECISIVE) == is_one


def test_the_holder_of_a_lock_is_named_where_the_log_does() -> None:
    held = "DETAIL: Process holding the lock: 3871. Wait queue: 4127."
    on = database(metric("postgresql.waiting_queries", 30.0, 0.0), lines(held))
    assert "pg_terminate_backend(3871)" in advice(LOCK_CONTENTION, "app-db", on)[0]
    unknown = advice(LOCK_CONTENTION, "app-db", database())
    assert "pg_blocking_pids" in unknown[0]


def test_locks_come_into_question_only_where_something_waits_or_is_slow() -> None:
    usual = metric("postgresql.queries.time", 6.0, 6.0)
    assert not arises(LOCK_CONTENTION, "app-db", case("app-db", usual))
    assert arises(LOCK_CONTENTION, "app-db", database())
    told = lines("LOG: process 41 still waiting for ShareLock on transaction 9")
    assert arises(LOCK_CONTENTION, "app-db", case("app-db", usual, told))


@pytest.mark.parametrize(("seconds", "is_behind"), [(0.05, False), (12.0, False), (1800.0, True)])
def test_a_standby_is_behind_from_half_a_minute_on(seconds: float, is_behind: bool) -> None:
    on = case("app-db", metric("postgresql.replication_delay", seconds, 0.05))
    assert (balance(signs(REPLICATION_LAG, "app-db", on)) > 0) == is_behind


def volume(used_gib: float, **facts: Any) -> tuple[Asked, Asked]:
    return (
        metric("kubernetes.kubelet.volume.stats.used_bytes", used_gib * GIB, 40 * GIB, **facts),
        metric("kubernetes.kubelet.volume.stats.capacity_bytes", 100 * GIB, 100 * GIB),
    )


@pytest.mark.parametrize(
    ("used", "least", "most"),
    [(97.0, 3.0, 4.0), (88.0, 2.0, 3.0), (82.0, -1.0, 1.0), (60.0, -9.0, -2.0)],
)
def test_how_full_a_volume_is_decides(used: float, least: float, most: float) -> None:
    on = case("app-db", *volume(used))
    assert least <= balance(signs(DISK_FULL, "app-db", on)) < most


def test_the_replication_slot_that_holds_back_the_log_is_named() -> None:
    query = "max:postgresql.replication_slot.restart_delay_bytes{service:app-db,env:production} by {slot_name}"
    series = [
        {"metric": "m", "tags": {"slot_name": "dead_cdc"}, "last": 50 * GIB},
        {"metric": "m", "tags": {"slot_name": "standby_1"}, "last": 0.1 * GIB},
        {"metric": "m", "tags": {}, "last": 70 * GIB},
        {"metric": "m", "tags": {"slot_name": "new"}, "last": None},
    ]
    slots = ("datadog_metrics", {"query": query, "minutes": 720}, {"series": series})
    on = case("app-db", *volume(97.0), slots)
    told = [s.statement for s in signs(DISK_FULL, "app-db", on) if "slot" in s.statement]
    assert told == [
        "the replication slot dead_cdc of app-db holds back 50.0 GiB of its write-ahead log"
    ]
    assert "pg_drop_replication_slot('dead_cdc')" in advice(DISK_FULL, "app-db", on)[0]


def test_evictions_come_into_question_only_once_they_happen() -> None:
    none = metric("redis.keys.evicted", 0.0, 0.0, "app-redis")
    some = metric("redis.keys.evicted", 900.0, 0.0, "app-redis")
    as_ever = metric("redis.keys.evicted", 900.0, 880.0, "app-redis")
    assert not arises(CACHE_EVICTION, "app-redis", case("app-redis", none))
    assert arises(CACHE_EVICTION, "app-redis", case("app-redis", some))
    assert not arises(CACHE_EVICTION, "app-redis", case("app-redis", as_ever))


def redis(saving: float, used_gb: float = 8.0, **facts: Any) -> Case:
    return case(
        "app-redis",
        metric("redis.mem.fragmentation_ratio", 2.2, 1.1, "app-redis"),
        metric("redis.rdb.bgsave", saving, saving, "app-redis"),
        metric("redis.mem.used", used_gb * 1e9, used_gb * 1e9, "app-redis", **facts),
        metric("redis.mem.maxmemory", 16e9, 16e9, "app-redis"),
    )


def test_a_snapshot_under_way_explains_the_memory_beside_the_data() -> None:
    assert balance(signs(CACHE_FRAGMENTATION, "app-redis", redis(saving=0.0))) > DECISIVE
    assert balance(signs(CACHE_FRAGMENTATION, "app-redis", redis(saving=1.0))) == -DECISIVE


def test_data_that_grows_to_the_limit_is_not_fragmentation() -> None:
    growing = redis(saving=0.0, used_gb=14.0, slope_per_hour=5e8, slope_r2=0.95)
    assert balance(signs(CACHE_FRAGMENTATION, "app-redis", growing)) < balance(
        signs(CACHE_FRAGMENTATION, "app-redis", redis(saving=0.0))
    )


def hot(*texts: str) -> Case:
    busy = metric("redis.cpu.user_main_thread", 0.97, 0.3, "app-redis")
    return case("app-redis", busy, lines(*texts, of="app-redis"))


def test_one_key_in_all_slow_commands_is_a_hot_key_and_many_are_not() -> None:
    one = hot("slow command: HGETALL trends:home took 90 ms")
    many = hot(
        "slow command: HGETALL trends:home took 90 ms", "slow command: GET cart:list took 80 ms"
    )
    assert balance(signs(HOT_KEY, "app-redis", one)) > DECISIVE
    assert balance(signs(HOT_KEY, "app-redis", many)) <= 0
    assert "trends:home" in advice(HOT_KEY, "app-redis", one)[0]


def test_a_thread_with_time_left_speaks_against_a_hot_key() -> None:
    idle = metric("redis.cpu.user_main_thread", 0.3, 0.3, "app-redis")
    assert balance(signs(HOT_KEY, "app-redis", case("app-redis", idle))) == -DECISIVE


def queue(acked: float, consumers: float, redelivered: float = 0.01, *asked: Asked) -> Case:
    rate = "rabbitmq.queue.messages"
    return case(
        "orders",
        metric(rate, 9000.0, 40.0, "orders"),
        metric(f"{rate}.publish.rate", 30.0, 30.0, "orders"),
        metric(f"{rate}.ack.rate", acked, 30.0, "orders"),
        metric(f"{rate}.redeliver.rate", redelivered, 0.01, "orders"),
        metric("rabbitmq.queue.consumers", consumers, 12.0, "orders"),
        *asked,
    )


def test_fewer_consumers_are_a_backlog_and_no_poison() -> None:
    on = queue(18.0, 4.0)
    assert any("4 consumers" in s.statement for s in signs(QUEUE_BACKLOG, "orders", on))
    assert balance(signs(QUEUE_BACKLOG, "orders", on)) > 2 * DECISIVE
    assert balance(signs(POISON_MESSAGE, "orders", on)) < 0


@pytest.mark.parametrize(("named", "is_one"), [(40, True), (3, False)])
def test_it_is_poison_only_where_it_is_the_same_message_each_time(named: int, is_one: bool) -> None:
    complaints = lines(MESSAGE, of="orders", query="requeue")
    same = lines(MESSAGE, of="orders", query='"7f3a91c2e05d"', number=40, total=named)
    on = queue(5.0, 12.0, 2.0, same, complaints)
    found = signs(POISON_MESSAGE, "orders", on)
    assert any(s.weight == DECISIVE for s in found) == is_one
    assert "7f3a91c2e05d" in advice(POISON_MESSAGE, "orders", on)[0]


def growing(since: str) -> Case:
    name = "kubernetes.memory.working_set"
    change = {"at": since, "before": GIB, "after": 1.8 * GIB, "ratio": 1.8, "gradual": True}
    facts = {"change": change, "slope_per_hour": 0.15 * GIB, "slope_r2": 0.98}
    containers = [{"name": "app", "image": "shop/app:1", "limits": {"memory_bytes": 2 * GIB}}]
    asked, arguments, data = metric(name, 1.8 * GIB, GIB, "app", **facts)
    return case("app", (asked, arguments, data), workload("app", containers=containers))


def test_memory_that_grows_for_hours_is_a_leak() -> None:
    assert balance(signs(MEMORY_LEAK, "app", growing("2026-11-23T20:00:00Z"))) > 0


def test_a_service_without_a_limit_says_nothing_of_a_leak() -> None:
    on = case(
        "app", metric("kubernetes.memory.working_set", 1.8 * GIB, GIB, "app"), workload("app")
    )
    assert signs(MEMORY_LEAK, "app", on) == []

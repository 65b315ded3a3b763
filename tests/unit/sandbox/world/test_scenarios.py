"""The stories: what the telemetry says now, what a fix does, and what a wrong one does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from sandbox.world.scenario import load_scenario, scenario_names
from tests.unit.sandbox.world.stage import Stage

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def redis_now() -> Stage:
    """To be read only."""
    return Stage("redis-memory-pressure")


@pytest.fixture(scope="module")
def login_now() -> Stage:
    """To be read only."""
    return Stage("login-failure")


@pytest.fixture
def redis() -> Stage:
    return Stage("redis-memory-pressure")


@pytest.fixture
def login() -> Stage:
    return Stage("login-failure")


def test_redis_story_holds_now(redis_now: Stage) -> None:
    assert redis_now.value("redis.info.latency_ms", "redis-reco") == pytest.approx(2.3, abs=0.08)
    assert redis_now.value("redis.mem.fragmentation_ratio", "redis-reco") == pytest.approx(
        1.89, abs=0.03
    )
    assert redis_now.value("redis.mem.used", "redis-reco") == pytest.approx(12.8e9, rel=0.01)
    assert redis_now.value("redis.mem.maxmemory", "redis-reco") == 16e9
    assert redis_now.value("redis.keys.evicted", "redis-reco") == 0


def test_redis_was_well_before_the_backup_began(redis_now: Stage) -> None:
    before = timedelta(hours=3)
    assert redis_now.value("redis.info.latency_ms", "redis-reco", ago=before) == pytest.approx(
        0.8, abs=0.05
    )
    used = redis_now.value("redis.mem.used", "redis-reco", ago=before)
    assert used / 16e9 == pytest.approx(0.68, abs=0.01)


def test_weak_signals_of_the_redis_story(redis_now: Stage) -> None:
    queue = "rabbitmq.queue.messages"
    assert redis_now.value(queue, "cart") / redis_now.value(
        queue, "cart", ago=HOUR
    ) == pytest.approx(1.15, abs=0.04)
    half = timedelta(minutes=30)
    assert redis_now.ratio("session") - redis_now.ratio("session", ago=half) == pytest.approx(
        1e-4, abs=6e-5
    )
    for service in ("recommendation", "session", "cart"):
        grown = redis_now.value("redis.pool.in_use", service)
        assert grown > redis_now.value("redis.pool.in_use", service, ago=3 * HOUR) + 4
        assert grown < 0.8 * redis_now.value("redis.pool.size", service)


def test_memory_stays_within_the_containers_limit(redis_now: Stage) -> None:
    usage = redis_now.value("kubernetes.memory.usage", "redis-reco")
    assert usage < redis_now.value("kubernetes.memory.limits", "redis-reco")


def test_morning_traffic_is_thirty_times_that_of_now(redis_now: Stage) -> None:
    hits = "trace.http.request.hits"
    morning = redis_now.value(hits, "gateway", ago=timedelta(hours=18))
    assert morning / redis_now.value(hits, "gateway") == pytest.approx(30, rel=0.1)


def test_backup_runs_while_the_redis_suffers(redis_now: Stage) -> None:
    job = redis_now.store.get("Job", "production", redis_now.latest_job("redis-reco-backup"))
    assert job is not None and job["status"]["active"] == 1
    assert redis_now.value("kubernetes.cpu.usage.total", "redis-reco-backup") > 1e9


def test_left_alone_the_redis_runs_full_and_evicts_sessions(redis: Stage) -> None:
    redis.wait(5.5 * 3600)
    assert redis.value("redis.mem.used", "redis-reco") == pytest.approx(16e9, rel=0.01)
    assert redis.value("redis.keys.evicted", "redis-reco") > 0


@pytest.mark.parametrize("kind", ["CronJob", "Job"])
def test_stopping_the_backup_mends_the_redis_within_two_minutes(redis: Stage, kind: str) -> None:
    assert redis.monitor(1001) == "Alert"
    name = "redis-reco-backup"
    redis.suspend(kind, redis.latest_job(name) if kind == "Job" else name)
    redis.wait(120)
    assert redis.monitor(1001) == "OK"
    assert redis.value("redis.mem.used", "redis-reco") / 16e9 == pytest.approx(0.68, abs=0.02)
    assert redis.value("redis.info.latency_ms", "redis-reco") == pytest.approx(0.8, abs=0.1)


def test_undoing_the_fix_brings_the_fault_back(redis: Stage) -> None:
    redis.suspend("CronJob", "redis-reco-backup")
    redis.wait(200)
    redis.change("CronJob", "redis-reco-backup", lambda m: m["spec"].update(suspend=False))
    redis.wait(200)
    assert redis.monitor(1001) == "Alert"


def _set_env(key: str, value: str) -> Callable[[dict[str, Any]], None]:
    def edit(manifest: dict[str, Any]) -> None:
        container = manifest["spec"]["template"]["spec"]["containers"][0]
        container["env"].append({"name": key, "value": value})

    return edit


WRONG_FOR_REDIS = {
    "another job": ("CronJob", "catalog-reindex", lambda m: m["spec"].update(suspend=True)),
    "scaling a victim": ("Deployment", "session", lambda m: m["spec"].update(replicas=9)),
    "a restart": ("Deployment", "recommendation", _set_env("RESTARTED", "1")),
    "rolling search back": ("Deployment", "search", _set_env("DD_VERSION", "9.2.0")),
}


@pytest.mark.parametrize("fix", WRONG_FOR_REDIS.values(), ids=WRONG_FOR_REDIS)
def test_a_wrong_fix_does_not_mend_the_redis(redis: Stage, fix: tuple[str, str, Any]) -> None:
    redis.change(*fix)
    redis.wait(300)
    assert redis.monitor(1001) == "Alert"


def test_login_story_holds_now(login_now: Stage) -> None:
    assert login_now.value("hikaricp.connections.active", "auth") == pytest.approx(95, abs=1.5)
    assert login_now.value("hikaricp.connections.max", "auth") == 100
    queries = "postgresql.queries.time"
    slower = login_now.value(queries, "auth-db") / login_now.value(queries, "auth-db", ago=HOUR)
    assert slower == pytest.approx(5, abs=0.3)
    assert login_now.ratio("auth") > 0.08
    assert login_now.ratio("auth", ago=HOUR) < 0.002


def test_nothing_of_auth_was_rolled_out_lately(login_now: Stage) -> None:
    day = login_now.now - timedelta(days=1)
    assert [c for c in login_now.world.company.changes if c.service == "auth" and c.at > day] == []


def test_logins_fail_from_when_the_pool_was_at_95_percent(login_now: Stage) -> None:
    start = login_now.now - timedelta(hours=2)
    records = login_now.world.logs(
        start, login_now.now, service="auth", namespace="production", limit=10**6
    )
    failures = [r["timestamp"] for r in records if "Connection is not available" in r["message"]]
    series = login_now.world.series(
        "hikaricp.connections.active",
        {"service": "auth", "env": "production"},
        (),
        start,
        login_now.now,
        60,
    )
    full = next(at for at, value in series[0][1] if value >= 93.5)
    assert abs(failures[0] - full) < timedelta(minutes=3)


LOGIN_FIXES = {
    "suspend the report": ("CronJob", "auth-report", lambda m: m["spec"].update(suspend=True)),
    "scale auth": ("Deployment", "auth", lambda m: m["spec"].update(replicas=6)),
    "raise the pool": ("ConfigMap", "auth-config", lambda m: m["data"].update(DB_POOL_SIZE="160")),
    "raise it in env": ("Deployment", "auth", _set_env("DB_POOL_SIZE", "160")),
}


@pytest.mark.parametrize("fix", LOGIN_FIXES.values(), ids=LOGIN_FIXES)
def test_each_acceptable_fix_mends_logins_within_two_minutes(
    login: Stage, fix: tuple[str, str, Any]
) -> None:
    assert login.monitor(1003) == "Alert"
    login.change(*fix)
    login.wait(120)
    assert login.monitor(1003) == "OK"
    pool = login.value("hikaricp.connections.active", "auth")
    assert pool < 0.7 * login.value("hikaricp.connections.max", "auth")


@pytest.mark.parametrize("value", ["105", "50"])
def test_a_pool_of_about_the_same_size_does_not_mend_logins(login: Stage, value: str) -> None:
    login.change("ConfigMap", "auth-config", lambda m: m["data"].update(DB_POOL_SIZE=value))
    login.wait(300)
    assert login.monitor(1003) == "Alert"


def test_blip_is_over_by_itself() -> None:
    blip = Stage("blip")
    assert blip.monitor(1005) == "Alert"
    assert blip.value("trace.http.request.duration", "search") == pytest.approx(0.12, abs=0.02)
    blip.wait(240)
    assert blip.monitor(1005) == "OK"


@pytest.mark.parametrize("name", scenario_names())
def test_each_scenario_begins_with_its_alerts_and_no_other(name: str) -> None:
    stage = Stage(name)
    specs = load_scenario(name).alerts
    mine = {spec.monitor for spec in specs if spec.monitor and spec.state == "triggered"}
    alerting = {m.id for m in stage.world.company.monitors if stage.monitor(m.id) == "Alert"}
    assert alerting == mine

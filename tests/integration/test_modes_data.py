"""The failure modes of stores, queues and memory, each proven on its scenario: found by evidence alone, bystanders left in peace.

Each scenario is served over HTTP and read by the real clients; the rules know nothing of it but what these answer.
"""

from __future__ import annotations

import pytest

from agent.model import ChangeKind, Ending
from agent.reasoning.modes.catalogue import CATALOGUE
from tests.scenarios import Played, investigate, judge, truth_of

PROVEN: dict[str, tuple[ChangeKind, ...]] = {
    "cache-eviction": (ChangeKind.CONFIG_VALUE,),
    "cache-fragmentation": (),
    "disk-filling": (),
    "disk-full": (),
    "hot-key": (),
    "lock-contention": (),
    "memory-leak": (ChangeKind.ROLLBACK,),
    "poison-message": (),
    "queue-backlog": (ChangeKind.REPLICAS,),
    "queue-surge": (ChangeKind.REPLICAS,),
    "replication-lag": (ChangeKind.SUSPEND_JOB,),
    "slow-query": (),
}
"""Scenario -> the kinds of change that are proposed; none where only people can mend it."""
SAID = {
    "cache-fragmentation": "activedefrag",
    "disk-filling": "Expand the volume of auth-db",
    "disk-full": "orders_db_cdc",
    "hot-key": "trending:homepage",
    "lock-contention": "pg_terminate_backend(3871)",
    "poison-message": "7f3a91c2e05d",
    "slow-query": "ANALYZE",
}
"""What the next steps have to name."""
FORECAST = ("disk-filling", "memory-leak")
"""Where nothing has happened yet, and it is told when it will."""
SURE = 0.8
MOST_TOOL_CALLS = 60


@pytest.mark.parametrize("scenario", PROVEN)
async def test_the_mode_is_found_at_its_entity(scenario: str) -> None:
    played = await investigate(scenario)
    mode = truth_of(scenario).kind.replace("-", "_")
    assert played.finding.ending is Ending.CAUSE_FOUND, played.explain()
    assert played.finding.mode == mode, played.explain()
    assert played.finding.confidence >= SURE - 0.005, played.explain()
    assert mode in CATALOGUE
    _is_right(played)
    assert tuple(c.kind for c in played.changes) == PROVEN[scenario], played.explain()
    if scenario in SAID:
        assert SAID[scenario] in "\n".join(played.finding.next_steps), played.explain()
    if scenario in FORECAST:
        told = "\n".join(c.text for c in played.finding.forecast)
        assert "reaches its limit" in told, played.explain()
    assert played.tool_calls <= MOST_TOOL_CALLS, played.explain()


async def test_the_report_that_only_reads_much_is_not_taken_for_a_lock() -> None:
    """Many locks are held on auth-db, yet nobody waits for one: the pool of auth is full because queries are slow."""
    played = await investigate("login-failure")
    found = {h.mode: h.confidence for h in played.case.hypotheses if h.entity == "auth-db"}
    assert found["slow_query"] > 0.8, played.explain()
    assert found["lock_contention"] < 0.4, played.explain()


async def test_pages_copied_for_a_snapshot_are_not_taken_for_fragmentation() -> None:
    played = await investigate("redis-memory-pressure")
    found = {h.mode: h.confidence for h in played.case.hypotheses if h.entity == "redis-reco"}
    assert found["cache_memory_pressure"] > 0.8, played.explain()
    assert found["cache_fragmentation"] < 0.4, played.explain()


def _is_right(played: Played) -> None:
    judged = judge(played)
    assert judged.right_cause, played.explain()
    assert judged.right_entity, played.explain()
    assert judged.fix_score == 100, played.explain()
    assert judged.invented_citations == 0, played.explain()
    assert judged.false_claims == (), played.explain()

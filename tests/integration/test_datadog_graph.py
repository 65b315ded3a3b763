"""What Datadog's builder sees of the sandbox's company: use against limits, monitors, hosts, calls, owners."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from agent.knowledge.facts import Seen
from agent.model import Entity
from integrations.datadog.client import DatadogClient
from integrations.datadog.graph import DatadogGraph
from sandbox.serving import running


@pytest.fixture(scope="module")
def seen() -> Iterator[Seen]:
    with running("redis-memory-pressure", posts_alerts=False) as company:
        client = DatadogClient("sandbox-api-key", "sandbox-app-key", host=f"{company.url}/datadog")
        yield asyncio.run(DatadogGraph(client, ("production", "staging")).build())
        client.close()


def entity(seen: Seen, key: str) -> Entity:
    return next(e for e in seen.entities if e.key == key)


def test_use_is_known_against_limit_and_request(seen: Seen) -> None:
    usage = entity(seen, "production/service/redis-reco").properties["usage"]
    memory = usage["memory_bytes"]
    assert memory["p50"] <= memory["p95"] < memory["limit"]
    assert memory["p95_of_limit"] == pytest.approx(memory["p95"] / memory["limit"], abs=0.01)
    assert memory["request"] <= memory["limit"]
    assert 0 < usage["cpu_cores"]["p95"] < 64, "cores, not nanocores"


def test_use_in_staging_is_not_that_of_production(seen: Seen) -> None:
    staging = [e for e in seen.entities if e.environment == "staging" and "usage" in e.properties]
    assert staging
    assert all(e.namespace == "staging" for e in staging)


def test_a_monitor_watches_the_service_of_its_scope(seen: Seen) -> None:
    monitor = entity(seen, "-/monitor/monitor-1002")
    assert monitor.properties["critical"] == 15_200_000_000
    tie = next(r for r in seen.relations if r.source == monitor.key)
    assert (tie.kind, tie.target) == ("watches", "production/service/redis-reco")
    assert tie.evidence.endswith("/monitors/1002")


def test_hosts_of_the_cluster_are_its_nodes(seen: Seen) -> None:
    nodes = [e for e in seen.entities if e.kind == "node"]
    assert nodes
    assert all(e.key.startswith("-/node/") and e.properties["datadog_link"] for e in nodes)


def test_all_kinds_were_looked_at(seen: Seen) -> None:
    assert seen.complete
    assert not seen.unseen_kinds


def test_a_definition_without_traces_stands_for_the_main_environment_only(seen: Seen) -> None:
    keys = {e.key for e in seen.entities}
    assert "production/service/auth-report" in keys
    assert "staging/service/auth-report" not in keys

"""A recorded case behind the vendors' APIs: the bot's real clients see it, and the rules find its cause."""

from __future__ import annotations

import json
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sandbox.recorded import building, case
from sandbox.recorded.building import build_recorded
from sandbox.recorded.case import read_case
from sandbox.serving import served
from sandbox.world.parts import Entity
from sandbox.world.scenario import ScenarioError
from tests.scenarios import investigate, judge

EXAMPLE = Path(building.__file__).parent / "examples" / "login-failure"


PODS = "/k8s/api/v1/namespaces/production/pods"


def request(url: str, method: str = "GET") -> Any:
    asked = urllib.request.Request(url, method=method)
    asked.add_header("Authorization", "Bearer sandbox-write")
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return json.load(answer)


def pods(url: str) -> list[str]:
    return [pod["metadata"]["name"] for pod in request(f"{url}{PODS}")["items"]]


async def test_the_rules_find_the_cause_of_the_example() -> None:
    played = await investigate(build_recorded(read_case(EXAMPLE), posts_alerts=False))
    judged = judge(played)
    assert judged.right_cause, played.explain()
    assert judged.invented_citations == 0
    workload = played.reading("kubernetes_workload")
    assert workload is not None
    assert "auth:5.8.1" in workload.raw


def test_its_end_is_now_and_nothing_in_it_is_later() -> None:
    sandbox = build_recorded(read_case(EXAMPLE))
    now = datetime.now(UTC)
    assert abs((now - sandbox.world.started_at).total_seconds()) < 5
    seen = sandbox.store.current("Pod", "production")
    created = [datetime.fromisoformat(p["metadata"]["creationTimestamp"]) for p in seen]
    assert max(created) <= now


def test_the_cluster_stays_as_it_was_seen() -> None:
    with served(build_recorded(read_case(EXAMPLE))) as company:
        before = pods(company.url)
        request(f"{company.url}{PODS}/{before[0]}", "DELETE")
        assert set(pods(company.url)) <= set(before)  # nothing makes another


def test_an_entity_of_the_truth_is_what_it_was() -> None:
    assert read_case(EXAMPLE).scenario.truth.entity == Entity(kind="Deployment", name="auth")


def test_a_case_without_an_alert_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"no alert\.json"):
        read_case(tmp_path)


def test_a_case_without_a_truth_is_read_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "alert.json").write_text('{"title": "It is slow", "labels": {"service": "auth"}}')
    (tmp_path / "logs" / "production").mkdir(parents=True)
    line = "2026-11-24T03:00:00.123456789Z ERROR no connection left\n"
    (tmp_path / "logs" / "production" / "auth-1.log").write_text(line)
    found = read_case(tmp_path)
    assert not found.has_truth
    assert found.scenario.truth.cause == case.UNKNOWN
    assert found.ended_at == datetime(2026, 11, 24, 3, 0, 0, 123456, tzinfo=UTC)
    assert found.logs[0]["status"] == "error"

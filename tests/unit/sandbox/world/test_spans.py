"""Traces are whole, and say who answered: pod, node, version, status; a call is made again when it fails."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from statistics import median
from typing import Any

import pytest

from tests.unit.sandbox.world.stage import Stage

HOUR = timedelta(hours=1)


def seen(stage: Stage, service: str | None, since: timedelta = HOUR / 2, **more: Any) -> list[Any]:
    return stage.world.spans(stage.now - since, stage.now, service=service, limit=10**6, **more)


def test_a_trace_is_the_same_whoever_asks_for_it() -> None:
    stage = Stage("quiet-week")
    own = seen(stage, "orders", HOUR / 6)
    traces = {span["trace_id"] for span in own}
    whole = seen(stage, None, HOUR / 6, traces=traces)
    assert {span["trace_id"] for span in whole} == traces
    assert [span for span in whole if span["service"] == "orders"] == own
    assert {"gateway", "checkout"} <= {span["service"] for span in whole}


def test_a_call_that_fails_is_made_again_and_one_that_works_is_not() -> None:
    calls: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for span in seen(Stage("retry-storm"), "payments"):
        if span["operation"] == "http.request":
            calls[span["trace_id"], span["parent_id"]].append(span["error"])
    assert all(len(c) == 1 for c in calls.values() if not c[0])
    assert all(len(c) > 2 for c in calls.values() if c[0])
    mean = sum(map(len, calls.values())) / len(calls)
    assert mean == pytest.approx(3.6, rel=0.25), "as the metric of its requests has it"


def test_a_third_party_that_refuses_answers_429() -> None:
    spans = seen(Stage("third-party-rate-limit"), "payments", HOUR / 3)
    abroad = [span["tags"] for span in spans if span["operation"] == "http.client.request"]
    assert {tags["peer.hostname"] for tags in abroad} == {"api.cardpay.example"}
    codes = Counter(tags["http.status_code"] for tags in abroad)
    assert 0.15 < codes["429"] / codes.total() < 0.55


def test_spans_have_the_version_that_answered() -> None:
    stage = Stage("bad-rollout")
    at, versions = stage.now - 24 * timedelta(minutes=1), defaultdict(set)
    for span in seen(stage, "orders", HOUR):
        side = "before" if span["start"] < at - timedelta(seconds=30) else "after"
        versions[side].add(span["tags"]["version"])
    assert versions["before"] == {"8.0.4"}
    assert "8.1.0" in versions["after"]


def test_what_happens_beside_a_job_happens_to_the_pods_on_its_node() -> None:
    stage = Stage("noisy-neighbour-on-node")
    job = stage.latest_job("orders-export")
    pods = stage.store.current("Pod", "production")
    of_job = "batch.kubernetes.io/job-name"
    node = next(p["spec"]["nodeName"] for p in pods if p["metadata"]["labels"].get(of_job) == job)
    by_host: dict[str, list[int]] = defaultdict(list)
    for span in seen(stage, "frontend", HOUR / 4):
        by_host[span["tags"]["host"]].append(span["duration_ns"])
    beside = median(by_host.pop(node))
    assert all(beside > 2 * median(times) for times in by_host.values())

"""Series, logs, spans and events: pure functions of seed and time that agree with each other."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from typing import Any

import pytest

from sandbox.world.metrics import metrics
from tests.unit.sandbox.world.stage import START, Stage

HOUR = timedelta(hours=1)
PRODUCTION = {"env": "production"}


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage("redis-memory-pressure")


def everything(stage: Stage) -> str:
    world, now = stage.world, stage.now
    series = [
        world.series(name, {}, ("service", "env"), now - HOUR, now, 300) for name in metrics()
    ]
    logs = world.logs(now - HOUR, now, limit=10**6)
    spans = world.spans(now - HOUR, now, limit=10**6)
    return json.dumps([series, logs, spans, list(world.kubernetes_events(None))], default=str)


def test_the_same_seed_gives_the_same_bytes(stage: Stage) -> None:
    assert everything(stage) == everything(Stage("redis-memory-pressure"))


def test_another_seed_gives_other_noise(stage: Stage) -> None:
    other = Stage("redis-memory-pressure", seed=5)
    metric = "trace.http.request.hits"
    assert other.value(metric, "cart") != stage.value(metric, "cart")
    assert other.value(metric, "cart") == pytest.approx(stage.value(metric, "cart"), rel=0.1)


@pytest.mark.parametrize("metric", metrics())
def test_every_metric_is_reported_with_sound_values(stage: Stage, metric: str) -> None:
    found = stage.world.series(metric, PRODUCTION, ("service",), START - HOUR, START, 300)
    assert found
    for tags, points in found:
        assert tags.keys() == {"service"}
        assert all(math.isfinite(value) and value >= 0 for _, value in points)
    assert all(tags["env"] and tags["service"] for tags in stage.world.metric_tags(metric))


def test_points_lie_on_whole_steps_and_never_ahead_of_now(stage: Stage) -> None:
    series = stage.world.series("redis.mem.used", PRODUCTION, (), START - HOUR, START + HOUR, 60)
    times = [at.timestamp() for at, _ in series[0][1]]
    assert all(at % 60 == 0 for at in times)
    assert times[-1] < START.timestamp()


def test_overlapping_questions_share_their_values(stage: Stage) -> None:
    def ask(start: Any, step: int) -> dict[Any, float]:
        return dict(stage.world.series("redis.mem.used", PRODUCTION, (), start, START, step)[0][1])

    fine, coarse = ask(START - HOUR, 60), ask(START - 3 * HOUR, 300)
    assert all(coarse[at] == fine[at] for at in coarse.keys() & fine.keys())
    assert coarse.keys() & fine.keys()


def test_tag_values_may_end_in_a_star(stage: Stage) -> None:
    tags = {"service": "redis-*", "env": "production"}
    found = stage.world.series(
        "kubernetes.memory.usage", tags, ("service",), START - HOUR, START, 60
    )
    assert [group["service"] for group, _ in found] == ["redis-reco", "redis-reco-backup"]


def test_aggregators_agree(stage: Stage) -> None:
    tags = {"service": "session", "env": "production"}

    def at_start(aggregator: Any) -> float:
        found = stage.world.series(
            "kubernetes.memory.usage", tags, (), START - HOUR, START, 60, aggregator
        )
        return found[0][1][0][1]

    assert at_start("min") <= at_start("avg") <= at_start("max")
    assert at_start("sum") == pytest.approx(3 * at_start("avg"))


def test_unknown_metrics_and_tags_have_no_series(stage: Stage) -> None:
    assert stage.world.series("no.such.metric", {}, (), START - HOUR, START, 60) == []
    assert stage.world.series("redis.mem.used", {"env": "mars"}, (), START - HOUR, START, 60) == []
    assert stage.world.metric_tags("no.such.metric") == []


def test_metric_names_by_tags(stage: Stage) -> None:
    names = stage.world.metric_names({"service": "auth"})
    assert "hikaricp.connections.active" in names
    assert "redis.mem.used" not in names


def test_pod_metrics_carry_the_usual_tags(stage: Stage) -> None:
    tags = next(
        t
        for t in stage.world.metric_tags("kubernetes.memory.usage")
        if t["service"] == "cart" and t["env"] == "production"
    )
    pods = {p["metadata"]["name"]: p for p in stage.store.current("Pod", "production")}
    pod = pods[tags["pod_name"]]
    assert tags["host"] == pod["spec"]["nodeName"]
    assert tags["kube_deployment"] == "cart"
    assert tags["kube_namespace"] == "production"
    assert tags["version"] == "4.6.3"


def test_limits_and_replicas_follow_the_cluster() -> None:
    stage = Stage("blip")

    def edit(manifest: dict[str, Any]) -> None:
        manifest["spec"]["replicas"] = 5
        resources = manifest["spec"]["template"]["spec"]["containers"][0]["resources"]
        resources["limits"]["memory"] = "3Gi"

    stage.change("Deployment", "cart", edit)
    stage.wait(90)
    assert stage.value("kubernetes.memory.limits", "cart") == 3 * 2**30
    assert stage.value("kubernetes_state.deployment.replicas_available", "cart") == 5
    before = stage.world.series(
        "kubernetes.memory.limits",
        {"service": "cart", "env": "production"},
        (),
        START - HOUR,
        START,
        60,
    )
    assert {value for _, value in before[0][1]} == {2**30}


def test_more_pods_do_less_work_each() -> None:
    stage = Stage("blip")
    cpu = "kubernetes.cpu.usage.total"
    busy = stage.value(cpu, "cart")
    stage.change("Deployment", "cart", lambda m: m["spec"].update(replicas=6))
    stage.wait(90)
    assert stage.value(cpu, "cart") == pytest.approx(busy / 2, rel=0.15)


def test_logs_are_ordered_and_of_what_was_asked_for(stage: Stage) -> None:
    records = stage.world.logs(START - HOUR, START, service="session", namespace="production")
    times = [record["timestamp"] for record in records]
    assert times == sorted(times)
    assert all(START - HOUR <= at < START for at in times)
    assert {record["service"] for record in records} == {"session"}
    pod = records[0]["pod"]
    of_pod = stage.world.logs(START - HOUR, START, pod=pod, limit=10**6)
    assert {record["pod"] for record in of_pod} == {pod}


def test_the_log_limit_keeps_the_newest(stage: Stage) -> None:
    every = stage.world.logs(START - HOUR, START, limit=10**6)
    assert stage.world.logs(START - HOUR, START, limit=7) == every[-7:]


def test_two_halves_of_a_window_hold_all_its_logs(stage: Stage) -> None:
    middle = START - timedelta(minutes=17, seconds=3)
    halves = [
        *stage.world.logs(START - HOUR, middle, limit=10**6),
        *stage.world.logs(middle, START, limit=10**6),
    ]
    assert halves == stage.world.logs(START - HOUR, START, limit=10**6)


def test_decisive_lines_are_rare_among_the_ordinary(stage: Stage) -> None:
    records = stage.world.logs(START - HOUR, START, namespace="production", limit=10**6)
    decisive = [
        r for r in records if r["service"] == "redis-reco-backup" and "behind" in r["message"]
    ]
    assert 0 < len(decisive) < 0.05 * len(records)


def test_spans_form_trees_whose_children_lie_inside(stage: Stage) -> None:
    spans = stage.world.spans(START - HOUR, START - 0.5 * HOUR, limit=10**6)
    by_id = {span["span_id"]: span for span in spans}
    children = [span for span in spans if span["parent_id"]]
    assert children
    for child in children:
        parent = by_id[child["parent_id"]]
        assert parent["trace_id"] == child["trace_id"]
        end = child["start"] + timedelta(microseconds=child["duration_ns"] / 1e3)
        parent_end = parent["start"] + timedelta(microseconds=parent["duration_ns"] / 1e3)
        assert parent["start"] <= child["start"]
        assert end <= parent_end + timedelta(microseconds=2)


def test_spans_of_a_store_show_its_latency(stage: Stage) -> None:
    spans = stage.world.spans(START - HOUR / 4, START, service="redis-reco", limit=10**6)
    mean_ms = sum(span["duration_ns"] for span in spans) / len(spans) / 1e6
    assert mean_ms == pytest.approx(2.3, rel=0.15)
    assert {span["operation"] for span in spans} == {"redis.command"}


def test_a_bystander_has_its_own_events(stage: Stage) -> None:
    found = list(stage.world.kubernetes_events("production"))
    assert found and all(e["involvedObject"]["name"].startswith("notifications-") for e in found)
    assert list(stage.world.kubernetes_events("staging")) == []


def test_pods_are_healthy_and_strangers_unknown(stage: Stage) -> None:
    pod = stage.store.current("Pod", "production")[0]
    assert stage.world.pod_status(pod)["ready"]
    stranger = {"metadata": {"name": "x", "namespace": "production", "labels": {}}}
    assert stage.world.pod_status(stranger) == {}

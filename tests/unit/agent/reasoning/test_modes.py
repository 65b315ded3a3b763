"""Each failure mode of the catalogue wins on its own symptoms, with an unrelated rollout and a foreign job about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from agent.model import ChangeKind, Ending
from agent.reasoning.modes.catalogue import CATALOGUE
from agent.resolution.taint import refuse_tainted
from tests.unit.agent.investigation.company import (
    DECOY_ROLLOUT,
    GIB,
    Company,
    cron_job,
    flat,
    monitor,
    ramp,
    step,
    workload,
)
from tests.unit.agent.investigation.house import NOW, House, signal_on

SINCE = NOW - timedelta(minutes=35)
CHECKOUT = signal_on("checkout", "Checkout latency is high", fingerprint="1008")


def slow_checkout() -> Company:
    """Checkout is slow; all else is as ever."""
    c = Company()
    query = "avg(last_5m):avg:trace.http.request.duration{service:checkout,env:production} > 1"
    c.monitors = [monitor(1008, "Checkout latency is high", query)]
    c.workloads["checkout"] = workload("checkout", "Deployment", "shop/checkout:6.1.0")
    c.configs["checkout-config"] = {"LOG_LEVEL": "info"}
    c.calls_of = {"checkout": ["payments", "rabbitmq"], "gateway": ["checkout"]}
    c.rollouts = [{**DECOY_ROLLOUT, "workload": "search"}]
    c.cron_jobs = [cron_job("orders-export", "orders-db", SINCE)]
    c.metrics = {
        ("trace.http.request.duration", "checkout"): step(0.32, 1.6, SINCE),
        ("trace.http.request.errors", "checkout"): flat(0.1),
        ("trace.http.request.hits", "checkout"): flat(110),
        ("trace.http.request.duration", "payments"): flat(0.18),
        ("trace.http.request.errors", "payments"): flat(0.1),
        ("kubernetes.memory.working_set", "checkout"): flat(1.0 * GIB),
        ("kubernetes.cpu.cfs.throttled.seconds", "checkout"): flat(0.01),
    }
    return c


def oom_kill(c: Company) -> None:
    pod = c.workloads["checkout"]["pods"][0]
    pod["restarts"] = 4
    c.events = [
        {"at": NOW.isoformat(), "type": "Warning", "reason": "BackOff", "object": "Pod/checkout-0",
         "message": "Back-off restarting failed container", "count": 9}
    ]  # fmt: skip
    finished = (NOW - timedelta(minutes=20)).isoformat()
    pod["last_state"] = {"reason": "OOMKilled", "exit_code": 137, "finished_at": finished}


def memory_limit_near(c: Company) -> None:
    c.metrics[("kubernetes.memory.working_set", "checkout")] = ramp(1.1 * GIB, 1.93 * GIB, SINCE)


def cpu_throttling(c: Company) -> None:
    c.metrics[("kubernetes.cpu.cfs.throttled.seconds", "checkout")] = step(0.01, 0.9, SINCE)


def crash_loop(c: Company) -> None:
    message = "Back-off restarting failed container checkout"
    c.events = [
        {"at": NOW.isoformat(), "type": "Warning", "reason": "BackOff", "object": "Pod/checkout-0",
         "message": message, "count": 40}
    ]  # fmt: skip
    for pod in c.workloads["checkout"]["pods"][:2]:
        pod.update(phase="Pending", ready=False, reason="CrashLoopBackOff", restarts=11)


def replicas_insufficient(c: Company) -> None:
    c.workloads["checkout"]["autoscaler"] = {
        "name": "checkout", "min": 3, "max": 3, "current": 3, "desired": 3, "metrics_text": "",
    }  # fmt: skip


def traffic_surge(c: Company) -> None:
    c.metrics[("trace.http.request.hits", "checkout")] = step(110, 420, SINCE)


def queue_backlog(c: Company) -> None:
    c.metrics[("rabbitmq.queue.messages", "checkout")] = step(90, 5200, SINCE)


def dependency_latency_or_errors(c: Company) -> None:
    c.metrics[("trace.http.request.duration", "payments")] = step(0.18, 1.4, SINCE)
    c.metrics[("trace.http.request.errors", "payments")] = step(0.1, 2.0, SINCE)


def bad_config_change(c: Company) -> None:
    at = (SINCE - timedelta(minutes=4)).isoformat()
    c.changes = [
        {"at": at, "kind": "ConfigMap", "name": "checkout-config", "what": "", "by": "mira"}
    ]


def bad_rollout(c: Company) -> None:
    at = (SINCE - timedelta(minutes=4)).isoformat()
    c.rollouts = [{**DECOY_ROLLOUT, "workload": "checkout", "revision": 31, "at": at}]


CASES: dict[str, tuple[Callable[[Company], None], str, ChangeKind | None]] = {
    "oom_kill": (oom_kill, "checkout", ChangeKind.RESOURCES),
    "memory_limit_near": (memory_limit_near, "checkout", ChangeKind.RESOURCES),
    "cpu_throttling": (cpu_throttling, "checkout", ChangeKind.RESOURCES),
    "crash_loop": (crash_loop, "checkout", ChangeKind.RESTART),
    "replicas_insufficient": (replicas_insufficient, "checkout", ChangeKind.REPLICAS),
    "traffic_surge": (traffic_surge, "checkout", ChangeKind.REPLICAS),
    "queue_backlog": (queue_backlog, "checkout", ChangeKind.REPLICAS),
    "dependency_latency_or_errors": (dependency_latency_or_errors, "payments", None),
    "bad_config_change": (bad_config_change, "checkout", None),
    "bad_rollout": (bad_rollout, "checkout", ChangeKind.ROLLBACK),
}


@pytest.mark.parametrize("mode", CASES)
async def test_the_mode_leads_on_its_own_symptoms(mode: str) -> None:
    spoil, entity, kind = CASES[mode]
    company = slow_checkout()
    spoil(company)
    result = await House(company, CHECKOUT).investigate()
    top = result.case.ranked()[0]
    assert (top.mode, top.entity) == (mode, entity)
    finding = result.case.finding
    assert finding is not None
    assert (finding.ending is Ending.CAUSE_FOUND) == (mode != "replicas_insufficient")
    if finding.ending is Ending.CAUSE_FOUND and kind is not None:
        assert result.changes[0].kind is kind
        refuse_tainted(result.changes[0], result.case.steps)


async def test_with_no_symptom_of_any_mode_it_asks_instead_of_guessing() -> None:
    result = await House(slow_checkout(), CHECKOUT).investigate()
    finding = result.case.finding
    assert finding is not None
    assert finding.ending is Ending.INPUT_NEEDED
    assert finding.question
    assert result.changes == ()


def test_every_mode_says_what_it_is() -> None:
    assert len(CATALOGUE) >= 14
    for mode in CATALOGUE.values():
        assert "{name}" in mode.statement
        assert mode.short
        assert mode.flavours
        assert mode.prior < 0

"""What the modes of traffic, dependencies and third parties read in whole, partial and empty answers."""

from __future__ import annotations

from typing import Any

import pytest

from agent.model import Json
from agent.reasoning.modes import dependencies, harmless, neighbours, retries, third_party
from agent.reasoning.modes.mode import Mode
from agent.reasoning.modes.versions import version_signs
from agent.reasoning.modes.view import View
from tests.unit.agent.reasoning.modes.cases import Asked, advice, balance, case, signs, workload

SPANS = "datadog_spans"


def operation(service: str, own: float, count: int = 40, begun: float = 0.0) -> Json:
    return {
        "service": service,
        "resource": "GET /",
        "count": count,
        "self_total_seconds": own,
        "error_origin_ratio": begun,
    }


def call(caller: str, callee: str, attempts: float = 1.0, repeated: float = 0.0) -> Json:
    return {
        "caller": caller,
        "callee": callee,
        "count": 40,
        "attempts": attempts,
        "repeated_ratio": repeated,
    }


def traces(service: str, **data: Any) -> Asked:
    arguments = {"service": service, "environment": "production", "minutes": 60}
    return SPANS, arguments, {"spans_read": 90, "operations": [], "calls": [], **data}


THROUGH_ORDERS = traces(
    "checkout",
    operations=[
        operation("gateway", 90.0),
        operation("checkout", 2.0),
        operation("orders", 3.0, begun=0.02),
        operation("rabbitmq", 50.0, begun=0.5),
    ],
    calls=[call("gateway", "checkout"), call("checkout", "orders"), call("orders", "rabbitmq")],
)


def places(mode: Mode, *asked: Asked) -> list[str]:
    assert mode.elsewhere is not None
    return [t.name for t in mode.elsewhere(View(case("checkout", *asked)))]


def test_the_deepest_that_spends_the_time_is_looked_at_and_no_caller() -> None:
    assert places(dependencies.LATENCY, THROUGH_ORDERS) == ["rabbitmq"]
    (found,) = signs(dependencies.LATENCY, "rabbitmq", case("checkout", THROUGH_ORDERS))
    assert found.statement.startswith("91 % of the time")
    assert found.weight > 0
    (waits,) = signs(dependencies.LATENCY, "orders", case("checkout", THROUGH_ORDERS))
    assert waits.weight < 0


def test_failures_belong_to_where_they_begin() -> None:
    assert places(dependencies.ERRORS, THROUGH_ORDERS) == ["rabbitmq"]
    (found,) = signs(dependencies.ERRORS, "rabbitmq", case("checkout", THROUGH_ORDERS))
    assert found.statement.startswith("96 % of the failures")


def test_one_failure_among_thousands_makes_nobody_a_suspect() -> None:
    calm = traces(
        "checkout",
        operations=[operation("orders", 3.0, begun=0.01)],
        calls=[call("checkout", "orders")],
    )
    assert places(dependencies.ERRORS, calm) == []


@pytest.mark.parametrize("mode", [dependencies.LATENCY, dependencies.ERRORS, retries.STORM])
@pytest.mark.parametrize("asked", [(), (traces("checkout", spans_read=0),), (traces("checkout"),)])
def test_without_traces_nothing_below_is_suspected(mode: Mode, asked: tuple[Asked, ...]) -> None:
    assert [p for p in places(mode, *asked) if p != "checkout"] == []
    assert balance(signs(mode, "orders", case("checkout", *asked))) <= 0


def test_calls_in_a_circle_end() -> None:
    circle = traces(
        "checkout",
        operations=[operation("checkout", 1.0), operation("orders", 9.0)],
        calls=[call("checkout", "orders"), call("orders", "checkout")],
    )
    assert places(dependencies.LATENCY, circle) == ["orders"]


def peer(statuses: Json, count: int = 40) -> Json:
    return {"caller": "payments", "value": "api.example", "count": count, "statuses": statuses}


@pytest.mark.parametrize(
    ("statuses", "is_refused"),
    [
        ({"200": 20, "429": 20}, True),
        ({"200": 39, "429": 1}, False),
        ({"503": 40}, False),
        ({}, False),
        (None, False),
    ],
)
def test_only_too_many_requests_is_a_rate_limit(statuses: Json, is_refused: bool) -> None:
    on = case("payments", traces("payments", peers=[peer(statuses)]))
    assert (balance(signs(third_party.RATE_LIMIT, "payments", on)) > 0) is is_refused


def test_a_service_that_calls_nobody_outside_says_nothing_of_rate_limits() -> None:
    on = case("payments", traces("payments", peers=[{**peer({"429": 9}), "caller": "mail"}]))
    assert signs(third_party.RATE_LIMIT, "payments", on) == []


def test_the_advice_repeats_how_long_the_provider_would_have_one_wait() -> None:
    line = 'POST answered 429 Too Many Requests, Retry-After: 30, "quota exceeded"'
    template = {"service": "payments", "level": "error", "count": 9, "example": line}
    logs = ("datadog_logs", {"query": "service:payments"}, {"templates": [template]})
    on = case("payments", traces("payments", peers=[peer({"429": 30})]), logs)
    higher, back_off = advice(third_party.RATE_LIMIT, "payments", on)
    assert "api.example" in higher
    assert "30 s" in back_off


STORMING = traces("checkout", calls=[call("checkout", "payments", attempts=3.4, repeated=0.7)])


def config(values: Json) -> Asked:
    arguments = {"namespace": "production", "name": "checkout-config"}
    return "kubernetes_config", arguments, {"name": "checkout-config", "values": values}


def test_a_storm_is_calls_made_again_not_many_calls() -> None:
    assert places(retries.STORM, STORMING) == ["checkout", "payments"]
    loop = traces("checkout", calls=[call("checkout", "payments", attempts=8.0)])
    assert places(retries.STORM, loop) == ["checkout"]
    assert balance(signs(retries.STORM, "payments", case("checkout", loop))) < 0


@pytest.mark.parametrize(
    ("values", "lowered"),
    [
        ({"PAYMENTS_MAX_ATTEMPTS": "6"}, ["PAYMENTS_MAX_ATTEMPTS"]),
        ({"HTTP_RETRIES": "5", "HTTP_RETRY_DELAY_MS": "900"}, ["HTTP_RETRIES"]),
        ({"HTTP_RETRIES": "2"}, []),
        ({"HTTP_RETRIES": "many"}, []),
        ({}, []),
        (None, []),
    ],
)
def test_only_a_number_of_attempts_is_lowered(values: Json, lowered: list[str]) -> None:
    caller = workload("checkout", config_maps=["checkout-config"])
    view = View(case("checkout", STORMING, caller, config(values)))
    changes = list(retries.STORM.fixes(view.target("payments"), view))
    assert [c.arguments["key"] for c in changes] == lowered
    assert all(c.arguments["value"] == "2" for c in changes)


def version(value: str, errors: float, first_at: str, count: int = 30, p50: float = 0.1) -> Json:
    return {
        "value": value,
        "count": count,
        "error_ratio": errors,
        "p50_seconds": p50,
        "first_at": first_at,
    }


@pytest.mark.parametrize(
    ("versions", "speaks"),
    [
        ([version("2", 0.2, "03:00"), version("1", 0.0, "02:00")], 1),
        ([version("2", 0.0, "03:00", p50=0.4), version("1", 0.0, "02:00")], 1),
        ([version("2", 0.0, "03:00"), version("1", 0.2, "02:00")], -1),
        ([version("2", 0.9, "03:00", count=2), version("1", 0.0, "02:00")], 0),
        ([version("1", 0.4, "02:00")], 0),
        ([], 0),
        (None, 0),
    ],
)
def test_versions_are_set_side_by_side(versions: list[Json] | None, speaks: int) -> None:
    view = View(case("orders", traces("orders", versions=versions)))
    total = balance(list(version_signs(view.target("orders"), view)))
    assert (total > 0) - (total < 0) == speaks


JOBS = (
    "kubernetes_jobs",
    {"namespace": "production"},
    {
        "cron_jobs": [
            {
                "name": "export",
                "targets": ["other-db"],
                "active": [{"name": "export-1", "started_at": "2026-11-24T02:40:00Z"}],
            }
        ]
    },
)
NODES = ("kubernetes_nodes", {}, {"nodes": [{"name": "node-1", "allocatable": {"cpu_cores": 16}}]})


def processors(node: str, cores: float) -> Asked:
    query = "sum:kubernetes.cpu.usage.total{kube_cronjob:export,env:production} by {host}"
    series = [{"metric": "cpu", "tags": {"host": node}, "last": cores * 1e9}]
    return "datadog_metrics", {"query": query, "minutes": 180}, {"series": series}


def host(name: str, p50: float) -> Json:
    return {"value": name, "count": 20, "p50_seconds": p50}


@pytest.mark.parametrize(
    ("asked", "speaks"),
    [
        ((processors("node-1", 12.0), NODES), 1),
        ((processors("node-1", 0.4), NODES), -1),
        ((processors("node-9", 12.0), NODES), -1),
        ((processors("node-1", 12.0),), 0),
        ((NODES,), 0),
    ],
)
def test_a_loud_neighbour_is_one_on_a_node_of_the_subjects(
    asked: tuple[Asked, ...], speaks: int
) -> None:
    total = balance(signs(neighbours.ON_NODE, "export", case("web", workload(), JOBS, *asked)))
    assert (total > 0) - (total < 0) == speaks


@pytest.mark.parametrize(("elsewhere", "speaks"), [(0.1, 1), (0.7, -1)])
def test_pods_beside_the_job_are_set_against_those_elsewhere(elsewhere: float, speaks: int) -> None:
    asked = traces("web", hosts=[host("node-1", 0.8), host("node-2", elsewhere)])
    found = signs(
        neighbours.ON_NODE,
        "export",
        case("web", workload(), JOBS, processors("node-1", 12.0), asked),
    )
    assert (balance(found) > 0) - (balance(found) < 0) == speaks


def test_a_healthy_day_is_not_claimed_without_a_number() -> None:
    assert balance(signs(harmless.HEALTHY, "web", case("web"))) == 0
    empty = ("datadog_metrics", {"query": "sum:x{service:web}", "minutes": 720}, {"series": []})
    assert signs(harmless.HEALTHY, "web", case("web", empty)) == []
    assert signs(harmless.TEST_ENVIRONMENT, "web", case("web", empty)) == []
    assert signs(harmless.UNFIT_THRESHOLD, "web", case("web", empty)) == []
    assert signs(harmless.FLAPPING, "web", case("web", empty)) == []

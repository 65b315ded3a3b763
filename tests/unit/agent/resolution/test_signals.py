"""Which signals a change is judged by, and how the queries behind them are read and rewritten."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agent.house import Terms
from agent.model import Change, ChangeKind, Check, Entity, Reading, Step
from agent.resolution.comparing import grouped_by_service, in_buckets
from agent.resolution.expecting import expectation_of
from agent.resolution.signals import Alerting, alerting, name_of_query, neighbour_signals
from agent.resolution.watch import Look, Watched
from tests.unit.agent.investigation.house import case_of, signal_on

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
P95 = "avg:trace.http.request.duration{service:search,env:production}"
RATIO = (
    "avg:trace.http.request.errors{service:cart,env:production}"
    " / avg:trace.http.request.hits{service:cart,env:production}"
)
TARGET = Entity(name="search", kind="deployment", namespace="production", environment="production")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (f"avg(last_5m):{P95} > 0.4", Alerting(P95, True, 0.4, 300.0)),
        (f"max(last_1h):{RATIO} >= 5e-2", Alerting(RATIO, True, 0.05, 3600.0)),
        (f"min(last_30s):{P95} < 1", Alerting(P95, False, 1.0, 30.0)),
        ("change(avg(last_5m),last_1h):sum:q{*} > 3", None),
        ("", None),
    ],
)
def test_a_monitor_s_query_says_when_it_alerts(query: str, found: Alerting | None) -> None:
    assert alerting(query) == found


def test_a_query_is_named_by_metric_and_service() -> None:
    assert name_of_query(P95) == "trace.http.request.duration of search"
    said = "trace.http.request.errors / trace.http.request.hits of cart"
    assert name_of_query(RATIO) == said


@pytest.mark.parametrize(
    ("query", "wide"),
    [
        (P95, "avg:trace.http.request.duration{env:production} by {service}"),
        ("sum:x{service:a}", "sum:x{*} by {service}"),
        ("avg:x{env:production,service:a} by {pod_name}", ""),
        ("avg:x{service:a,pod_name:p}", ""),
        ("avg:x{*}", ""),
        ("nonsense", ""),
    ],
)
def test_siblings_are_asked_for_by_the_same_query_for_all_services(query: str, wide: str) -> None:
    assert grouped_by_service(query) == wide


def test_each_term_is_put_into_buckets_by_its_own_aggregation() -> None:
    assert in_buckets(P95) == f"{P95}.rollup(avg, 600)"
    assert (
        in_buckets("sum:a{*} / sum:b{*}") == "sum:a{*}.rollup(sum, 600) / sum:b{*}.rollup(sum, 600)"
    )
    assert in_buckets("sum:a{*}.as_rate()") == "sum:a{*}.as_rate().rollup(sum, 600)"
    assert in_buckets("avg:a{*}.rollup(max, 60)") == ""


def case_with(*dependencies: tuple[str, str]):  # type: ignore[no-untyped-def]
    def step(number: int, service: str, caller: str) -> Step:
        data = {"calls": [], "called_by": [caller]}
        reading = Reading(source="datadog", query="", observation="", data=data)
        check = Check(tool="datadog_dependencies", arguments={"service": service})
        return Step(number=number, round=0, check=check, reading=reading, started_at=NOW)

    steps = tuple(step(n, of, by) for n, (by, of) in enumerate(dependencies, 1))
    return case_of(signal_on("search", "slow")).model_copy(update={"steps": steps})


def test_neighbours_are_dependants_first_then_what_stands_on_the_same() -> None:
    case = case_with(("gateway", "search"), ("search", "redis"), ("cart", "redis"))
    names = dict.fromkeys(s.service for s in neighbour_signals(case, TARGET, "production"))
    assert list(names) == ["gateway", "cart"]


def test_an_environment_that_is_no_name_reaches_no_query() -> None:
    case = case_with(("gateway", "search"))
    assert neighbour_signals(case, TARGET, "production} by {host") == ()


def expected(kind: ChangeKind = ChangeKind.RESTART, settles: float = 300.0, **terms: float):  # type: ignore[no-untyped-def]
    signal = Watched(
        name="p95 of search",
        tool="datadog_metrics",
        arguments={"query": P95},
        good_below=0.3,
        unit="second",
        settles_seconds=settles,
    )
    look = Look(values=(1.2,), at=NOW)
    return expectation_of(
        case_with(), Change(kind=kind, target=TARGET), (signal,), look, Terms(**terms)
    )


def test_the_criterion_has_numbers() -> None:
    assert expected().criterion == "p95 of search is back below 300 ms (now 1.2 s) for 2 minutes."


def test_the_horizon_fits_the_signals_within_the_settings() -> None:
    assert expected(ChangeKind.SUSPEND_JOB, 60.0).horizon_seconds == 300.0
    assert expected(ChangeKind.SUSPEND_JOB, 300.0).horizon_seconds == 720.0
    assert expected(ChangeKind.RESTART, 300.0).horizon_seconds == 900.0
    assert expected(ChangeKind.RESTART, 36_000.0).horizon_seconds == Terms().watch_seconds
    short = expected(watch_seconds=60.0)
    assert (short.horizon_seconds, short.held_seconds) == (60.0, 15.0)

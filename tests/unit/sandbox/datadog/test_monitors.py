"""Monitors: their queries and the state that the telemetry puts them in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.datadog.errors import BadRequest
from sandbox.datadog.monitors.query import LogMonitor, MetricMonitor, parse_monitor_query
from sandbox.datadog.monitors.state import state_of
from tests.unit.sandbox.datadog.fake_world import NOW, FakeWorld, monitor


def test_a_metric_query() -> None:
    query = parse_monitor_query("max(last_10m):sum:a{b:c}.as_count() / sum:d{*} >= 0.05")
    assert isinstance(query, MetricMonitor)
    assert (query.method, query.window_seconds, query.threshold) == ("max", 600, 0.05)
    assert query.comparison.operator == ">="


def test_a_change_query() -> None:
    query = parse_monitor_query("pct_change(avg(last_5m),last_1h):avg:a{*} > 50")
    assert isinstance(query, MetricMonitor)
    assert (query.change, query.earlier_seconds) == ("pct_change", 3600)


def test_a_log_query() -> None:
    query = parse_monitor_query(
        r'logs("service:cart \"pool timeout\"").index("*").rollup("count").last("5m") > 10'
    )
    assert isinstance(query, LogMonitor)
    assert (query.window_seconds, query.threshold) == (300, 10.0)


@given(st.text(max_size=80))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        parse_monitor_query(text)


@pytest.mark.parametrize(
    ("query", "critical", "warning", "status"),
    [
        ("avg(last_5m):avg:cpu{host:web-1} > 9", 9, None, "Alert"),
        ("avg(last_5m):avg:cpu{host:web-1} > 12", 12, 8, "Warn"),
        ("avg(last_5m):avg:cpu{host:web-1} > 12", 12, 11, "OK"),
        ("avg(last_5m):avg:cpu{host:web-1} < 12", 12, None, "Alert"),
        ("avg(last_5m):avg:gone{*} > 12", 12, None, "No Data"),
        ("change(avg(last_5m),last_1h):avg:clock{*} > 30", 30, None, "Alert"),
        ("pct_change(avg(last_5m),last_1h):avg:cpu{*} > 1", 1, None, "OK"),
        ('"check".over("x").last(2).count_by_status()', 1, None, "Unknown"),
    ],
)
def test_state(query: str, critical: float, warning: float | None, status: str) -> None:
    found = state_of(FakeWorld(), monitor(1, query, critical=critical, warning=warning))
    assert found.overall == status


def test_an_alert_knows_since_when_to_five_minutes() -> None:
    # The clock passes 120 at two o'clock, an hour ago.
    found = state_of(FakeWorld(), monitor(1, "avg(last_5m):avg:clock{*} > 120", critical=120.0))
    assert found.triggered_at is not None
    assert abs(found.triggered_at - (NOW - timedelta(hours=1))) <= timedelta(minutes=5)


def test_the_worst_group_is_the_monitors_state() -> None:
    query = "avg(last_5m):avg:cpu{*} by {host} > 80"
    found = state_of(FakeWorld(), monitor(1, query, critical=80.0, warning=40.0))
    assert found.overall == "Alert"
    assert {name: group.status for name, group in found.groups.items()} == {
        "host:web-1": "OK",
        "host:web-2": "OK",
        "host:web-3": "Warn",
        "host:db-1": "Alert",
    }

"""Which services a monitor watches."""

from __future__ import annotations

import pytest

from agent.model import Json
from integrations.datadog.graph.monitors import monitor_entity, watched


@pytest.mark.parametrize(
    ("query", "tags", "expected"),
    [
        ("avg(last_5m):avg:redis.mem.used{service:redis,env:staging} > 1", [], [("redis", "staging")]),
        ("avg(last_5m):avg:cpu{service:cart} > 1", ["env:staging"], [("cart", "staging")]),
        ("avg(last_5m):avg:cpu{service:cart} > 1", [], [("cart", "production")]),
        (
            "avg(last_5m):avg:errors{service:cart,env:production} / avg:hits{service:auth} > 1",
            [],
            [("cart", "production"), ("auth", "production")],
        ),
        ('logs("service:cart").index("*").rollup("count").last("5m") > 9', ["service:cart"], [("cart", "production")]),
        ("avg(last_5m):avg:cpu{kube_deployment:search} by {pod_name} > 1", [], [("search", "production")]),
        ("avg(last_5m):avg:system.load.1{*} by {host} > 8", [], []),
    ],
)  # fmt: skip
def test_its_scope_and_its_tags_say_what_it_watches(
    query: str, tags: list[str], expected: list[tuple[str, str]]
) -> None:
    assert list(watched({"query": query, "tags": tags}, "production")) == expected


def test_a_monitors_state_is_not_knowledge() -> None:
    monitor: Json = {"id": 7, "name": "CPU", "overall_state": "Alert", "options": None}
    entity = monitor_entity(monitor, "https://app.datadoghq.eu/monitors/7")
    assert entity.key == "-/monitor/monitor-7"
    assert entity.properties == {
        "title": "CPU",
        "datadog_link": "https://app.datadoghq.eu/monitors/7",
    }

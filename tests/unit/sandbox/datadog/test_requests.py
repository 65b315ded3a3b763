"""Whatever is sent to Datadog's APIs gets a clean answer, never a server error."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from sandbox.datadog.api import create_app
from sandbox.rate_limit import RateLimit
from tests.unit.sandbox.datadog.fake_world import NOW, FakeWorld

UNLIMITED = RateLimit(requests=10**9, period_seconds=60)
HEADERS = {"DD-API-KEY": "sandbox-api-key", "DD-APPLICATION-KEY": "sandbox-app-key"}
CLIENT = TestClient(create_app(FakeWorld(), UNLIMITED), headers=HEADERS)
END = int(NOW.timestamp())

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)


def assert_clean(answer: Any) -> None:
    assert answer.status_code in {200, 400, 404}
    if answer.status_code != 200:
        assert all(isinstance(error, str) for error in answer.json()["errors"])


@settings(deadline=None, max_examples=150)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "filter": JSON
            | st.fixed_dictionaries({"query": JSON, "from": JSON, "to": st.just("now")}),
            "page": JSON | st.fixed_dictionaries({"limit": JSON, "cursor": JSON}),
            "sort": JSON,
            "compute": JSON
            | st.lists(
                st.fixed_dictionaries(
                    {"aggregation": st.sampled_from(["count", "pc95", "sum", "x", 1])},
                    optional={"metric": JSON, "type": JSON, "interval": JSON},
                ),
                max_size=2,
            ),
            "group_by": JSON
            | st.lists(st.fixed_dictionaries({"facet": JSON, "limit": JSON}), max_size=2),
        },
    )
)
def test_searches(body: dict[str, Any]) -> None:
    assert_clean(CLIENT.post("/api/v2/logs/events/search", json=body))
    assert_clean(CLIENT.post("/api/v2/logs/analytics/aggregate", json=body))
    assert_clean(CLIENT.post("/api/v2/events/search", json=body))
    spans = {"data": {"type": "search_request", "attributes": body}}
    assert_clean(CLIENT.post("/api/v2/spans/events/search", json=spans))


@settings(deadline=None, max_examples=150)
@given(
    st.fixed_dictionaries(
        {"from": st.just((END - 3600) * 1000) | JSON, "to": st.just(END * 1000) | JSON},
        optional={
            "interval": JSON,
            "formulas": JSON
            | st.lists(
                st.fixed_dictionaries(
                    {"formula": st.sampled_from(["a", "a/b", "top(a,1,'x','desc')", "zz"]) | JSON},
                    optional={"limit": JSON},
                ),
                max_size=2,
            ),
            "queries": JSON
            | st.lists(
                st.fixed_dictionaries(
                    {
                        "data_source": st.just("metrics"),
                        "query": st.sampled_from(["avg:cpu{*}", "avg:cpu{*} by {host}", "b", "1"])
                        | JSON,
                    },
                    optional={"name": JSON, "aggregator": JSON},
                ),
                max_size=2,
            ),
        },
    )
)
def test_metric_queries(attributes: dict[str, Any]) -> None:
    for kind in ("timeseries", "scalar"):
        body = {"data": {"type": f"{kind}_request", "attributes": attributes}}
        assert_clean(CLIENT.post(f"/api/v2/query/{kind}", json=body))


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/query?query=avg:cpu{*}&from=1&to=9999999999999",
        "/api/v1/query?query=avg:cpu{*}&from=5&to=4",
        "/api/v1/query?query=&from=1&to=2",
        "/api/v1/query?from=x&to=2&query=a{*}",
        "/api/v1/metrics",
        "/api/v1/monitor?page_size=-1",
        "/api/v1/monitor/search?query=(",
        "/api/v1/monitor/search?sort=colour,asc",
        "/api/v1/events?start=1",
        "/api/v1/service_dependencies",
        "/api/v2/metrics?page[cursor]=%25%25",
        "/api/v2/metrics?filter[tags]=a AND",
        "/api/v2/logs/events?page[limit]=1001",
        "/api/v2/logs/events?page[cursor]=bm9uZQ==",
        "/api/v2/logs/events?filter[from]=soon",
        "/api/v2/services/definitions?schema_version=v9",
    ],
)
def test_refusals(path: str) -> None:
    answer = CLIENT.get(path)
    assert answer.status_code == 400
    assert answer.json()["errors"]


def test_a_cursor_keeps_its_window_while_time_goes_on() -> None:
    first = CLIENT.get("/api/v2/logs/events?filter[from]=now-1h&page[limit]=20").json()
    cursor = first["meta"]["page"]["after"]
    path = f"/api/v2/logs/events?filter[from]=now&page[limit]=20&page[cursor]={cursor}"
    second = CLIENT.get(path).json()
    assert len(first["data"]) + len(second["data"]) == 30
    assert "page" not in second["meta"]

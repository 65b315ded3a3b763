"""Whatever is sent to PagerDuty's APIs gets a clean answer, never a server error."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from sandbox.pagerduty.api import create_app
from sandbox.rate_limit import RateLimit
from tests.unit.sandbox.datadog.fake_world import FakeWorld

UNLIMITED = RateLimit(requests=10**9, period_seconds=60)
HEADERS = {"Authorization": "Token token=sandbox-pd-token", "From": "mira@sundial.example"}
CLIENT = TestClient(create_app(FakeWorld(), rate_limit=UNLIMITED), headers=HEADERS)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
REFERENCE = st.sampled_from([{"id": "PSCART1"}, {"id": "PNO"}, {"id": 5}, "PSCART1", None])


@settings(deadline=None, max_examples=150)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "title": JSON,
            "service": REFERENCE,
            "urgency": st.sampled_from(["high", "low", "x", 1]) | JSON,
            "incident_key": JSON,
            "body": JSON,
            "assignments": JSON,
            "status": JSON,
            "escalation_level": JSON,
            "escalation_policy": REFERENCE,
        },
    )
)
def test_incident_writes(fields: dict[str, Any]) -> None:
    assert CLIENT.post("/incidents", json={"incident": fields}).status_code in {201, 400}
    assert CLIENT.put("/incidents/QINC000", json={"incident": fields}).status_code in {200, 400}
    assert CLIENT.put("/incidents", json={"incidents": [fields]}).status_code in {400, 404}


@settings(deadline=None, max_examples=150)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "routing_key": st.sampled_from(["pscart1-key", "x", 5]),
            "event_action": st.sampled_from(["trigger", "acknowledge", "resolve", "x", []]),
            "dedup_key": JSON,
            "payload": JSON
            | st.fixed_dictionaries(
                {"summary": JSON, "source": JSON, "severity": st.sampled_from(["info", "x", 1])},
                optional={"custom_details": JSON, "timestamp": JSON},
            ),
            "links": JSON,
        },
    )
)
def test_events(event: dict[str, Any]) -> None:
    for path in ("/v2/enqueue", "/v2/change/enqueue"):
        answer = CLIENT.post(path, json=event)
        assert answer.status_code in {202, 400}
        assert answer.json()["status"] in {"success", "invalid event"}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=x", 400),
        ("offset=-1", 400),
        ("offset=9990&limit=25", 400),
        ("limit=1000", 200),
        ("since=yesterday", 400),
        ("statuses[]=closed", 400),
        ("sort_by=title", 400),
        ("date_range=all", 200),
    ],
)
def test_list_parameters(query: str, status: int) -> None:
    assert CLIENT.get(f"/incidents?{query}").status_code == status


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b'"x"', b"\xff"])
def test_bodies_that_are_no_objects(body: bytes) -> None:
    answer = CLIENT.post("/incidents", content=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 2001)

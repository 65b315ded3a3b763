"""No value in any place of an object makes the server stumble."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from sandbox.kubernetes.api import create_app
from tests.unit.sandbox.kubernetes.support import TOKENS, FakeWorld, seeded_store

SCALARS = st.integers() | st.text(max_size=3)
VALUES = (
    st.none()
    | st.booleans()
    | SCALARS
    | st.lists(SCALARS | st.fixed_dictionaries({"name": SCALARS}), max_size=2)
    | st.dictionaries(st.text(max_size=3), SCALARS, max_size=2)
)
POD = "/spec/template/spec"
PLACES = [
    "/spec",
    "/spec/replicas",
    "/spec/selector",
    "/spec/selector/matchLabels",
    "/spec/selector/matchExpressions",
    "/spec/strategy",
    "/spec/strategy/type",
    "/spec/strategy/rollingUpdate",
    "/spec/strategy/rollingUpdate/maxSurge",
    "/spec/template",
    "/spec/template/metadata",
    "/spec/template/metadata/labels",
    POD,
    f"{POD}/containers",
    f"{POD}/containers/0",
    f"{POD}/containers/0/env",
    f"{POD}/containers/0/ports",
    f"{POD}/containers/0/resources",
    f"{POD}/containers/0/resources/limits",
    f"{POD}/volumes",
    f"{POD}/nodeSelector",
    "/metadata",
    "/metadata/name",
    "/metadata/labels",
    "/metadata/finalizers",
    "/metadata/ownerReferences",
    "/metadata/managedFields",
    "/metadata/resourceVersion",
    "/status",
]


@cache
def server() -> TestClient:
    app = create_app(seeded_store(), FakeWorld(), TOKENS)  # type: ignore[arg-type]
    return TestClient(app, headers={"Authorization": "Bearer admin"})


def answer(content_type: str, body: Any, query: str = "") -> int:
    response = server().patch(
        f"/apis/apps/v1/namespaces/production/deployments/web?dryRun=All{query}",
        headers={"Content-Type": content_type},
        content=json.dumps(body),
    )
    if response.status_code >= 300:
        assert response.json()["kind"] == "Status"
    return response.status_code


def nested(place: str, value: Any) -> Any:
    for part in reversed(place.split("/")[1:]):
        named = {"name": "web", **value} if isinstance(value, dict) else value
        value = [named] if part == "0" else {part: value}
    return value


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(PLACES), VALUES)
def test_any_value_anywhere_is_taken_or_refused(place: str, value: Any) -> None:
    allowed = {200, 400, 409, 422}
    operation = {"op": "add", "path": place, "value": value}
    assert answer("application/json-patch+json", [operation]) in allowed
    document = nested(place, value)
    assert answer("application/merge-patch+json", document) in allowed
    assert answer("application/strategic-merge-patch+json", document) in allowed
    intent = {"apiVersion": "apps/v1", "kind": "Deployment", **document}
    applied = answer("application/apply-patch+yaml", intent, "&fieldManager=me&force=true")
    assert applied in allowed


def test_a_body_that_is_no_json_is_a_bad_request() -> None:
    response = server().post("/api/v1/namespaces/production/configmaps", content=b"{")
    assert response.status_code == 400


def test_an_unknown_media_type_is_refused() -> None:
    assert answer("text/plain", {}) == 415


def test_unknown_paths_are_404_and_wrong_methods_405() -> None:
    client = server()
    assert client.get("/apis/nope/v1/things").status_code == 404
    assert client.get("/api/v1/namespaces/production/gizmos").status_code == 404
    assert client.post("/api/v1/nodes/node-1").status_code == 405


def test_health_needs_no_token_and_the_rest_does() -> None:
    client = server()
    assert client.get("/readyz", headers={"Authorization": ""}).text == "ok"
    assert client.get("/api", headers={"Authorization": ""}).status_code == 401

"""Vendors that do not answer, roles that may not see, and logs that never arrive, as scenarios have them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from sandbox.app import build
from sandbox.datadog.errors import error_response
from sandbox.datadog.shipping import Unshipped
from sandbox.kubernetes.roles import sandbox_tokens
from sandbox.refusing import refusing
from sandbox.world.outages import LogGap, Outage
from sandbox.world.scenario import load_scenario

DATADOG = {"DD-API-KEY": "sandbox-api-key", "DD-APPLICATION-KEY": "sandbox-app-key"}
READER = {"Authorization": "Bearer sandbox-read"}


async def _fine(_: object) -> Response:
    return JSONResponse({"fine": True})


def client(*outages: Outage) -> TestClient:
    vendor = Starlette(routes=[Route("/api/v1/query", _fine), Route("/api/v2/logs/x", _fine)])
    door = refusing(vendor, "datadog", outages, error_response)
    return TestClient(Starlette(routes=[Mount("/datadog", door)]))


def test_a_vendor_that_is_down_refuses_everything_in_its_own_words() -> None:
    answer = client(Outage(vendor="datadog", status=503)).get("/datadog/api/v1/query")
    assert (answer.status_code, answer.json()) == (503, {"errors": ["Service Unavailable"]})


def test_an_outage_of_a_part_leaves_the_rest_alone() -> None:
    door = client(Outage(vendor="datadog", status=403, what=("/api/v2/logs",)))
    assert door.get("/datadog/api/v2/logs/x").status_code == 403
    assert door.get("/datadog/api/v1/query").status_code == 200


def test_another_vendors_outage_is_none() -> None:
    door = client(Outage(vendor="pagerduty", status=503))
    assert door.get("/datadog/api/v1/query").status_code == 200


@pytest.mark.parametrize("token", ["sandbox-read", "sandbox-write"])
def test_a_role_may_lose_sight_of_a_resource_and_of_nothing_else(token: str) -> None:
    role = sandbox_tokens()[token].without({"configmaps", "pods/log"})
    assert not role.allows("list", "", "configmaps")
    assert not role.allows("get", "", "pods/log")
    assert role.allows("list", "", "pods")
    assert role.allows("list", "apps", "deployments")


def test_logs_that_were_not_shipped_stay_in_the_cluster() -> None:
    sandbox = build("quiet-week", posts_alerts=False)
    world = sandbox.world
    now, hour = world.now(), timedelta(hours=1)
    gap = LogGap(service="cart", ago=timedelta(minutes=30))
    seen = Unshipped(world, [gap])
    written = world.logs(now - hour, now, service="cart", namespace="production")
    shipped = seen.logs(now - hour, now, service="cart", namespace="production")
    assert 0 < len(shipped) < len(written)
    assert all(r["timestamp"] < now - timedelta(minutes=29) for r in shipped)
    assert seen.logs(now - hour, now, service="auth") == world.logs(now - hour, now, service="auth")
    assert seen.company is world.company


def test_a_scenarios_outages_are_on_the_wire() -> None:
    down = TestClient(build("datadog-down", posts_alerts=False).app)
    assert down.get("/datadog/api/v1/monitor", headers=DATADOG).status_code == 503
    hidden = TestClient(build("forbidden-configmaps", posts_alerts=False).app)
    path = "/k8s/api/v1/namespaces/production/configmaps"
    answer = hidden.get(path, headers=READER)
    assert (answer.status_code, answer.json()["reason"]) == (403, "Forbidden")
    assert hidden.get(path.replace("configmaps", "pods"), headers=READER).status_code == 200


def test_an_apply_leaves_the_file_that_later_edits_differ_from() -> None:
    store = build(load_scenario("config-pool-too-small"), posts_alerts=False).store
    item = store.get("ConfigMap", "production", "session-config")
    assert item is not None
    text = item["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]
    assert item["data"]["REDIS_POOL_SIZE"] == "5"
    assert '"REDIS_POOL_SIZE":"50"' in text
    managers = {e["manager"] for e in item["metadata"]["managedFields"]}
    assert managers >= {"kubectl-client-side-apply", "kubectl-edit"}

"""The tools on the ways between workloads and on what scales them, over the wire."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from integrations.kubernetes.client import KubernetesClient, configure
from integrations.kubernetes.tools import KubernetesTools
from sandbox.kubernetes.store import ObjectStore
from tests.unit.sandbox.kubernetes.support import FakeWorld, seeded_store, serving, simple

NOW = datetime.now(UTC)


@pytest.fixture
def store() -> ObjectStore:
    store = seeded_store()
    hour_ago = NOW - timedelta(hours=1)
    peers = [{"podSelector": {"matchLabels": {"app": "web"}}}]
    policy = {"podSelector": {"matchLabels": {"app": "redis"}}, "ingress": [{"from": peers}]}
    store.load(simple("NetworkPolicy", "redis", spec=policy), hour_ago)
    certificate = {
        "spec": {"secretName": "web-tls", "dnsNames": ["web.production.svc"]},
        "status": {"notAfter": "2026-01-01T00:00:00Z"},
    }
    store.load(simple("Certificate", "web-tls", **certificate), hour_ago)
    scaler = {
        "spec": {
            "scaleTargetRef": {"kind": "Deployment", "name": "web"},
            "minReplicas": 3,
            "maxReplicas": 6,
        },
        "status": {
            "currentReplicas": 6,
            "conditions": [
                {"type": "ScalingLimited", "status": "True", "reason": "TooManyReplicas"}
            ],
        },
    }
    store.load(simple("HorizontalPodAutoscaler", "web", **scaler), hour_ago)
    return store


@pytest.fixture
def url(store: ObjectStore) -> Iterator[str]:
    with serving(store, FakeWorld()) as address:
        yield address


def tools_of(url: str, token: str) -> KubernetesTools:
    return KubernetesTools(KubernetesClient(configure(host=url, token=token)))


async def test_a_namespaces_network_is_told_in_one_answer(url: str) -> None:
    reading = await tools_of(url, "sandbox-read").kubernetes_network("production")
    services = {s["name"]: s for s in reading.data["services"]}
    assert (services["web"]["ready"], services["web"]["selects"]) == (3, ["web"])
    assert services["web"]["ports"][0]["listens"] is True
    (policy,) = reading.data["policies"]
    assert (policy["isolates"], policy["admits"]) == (["redis"], ["web"])
    (certificate,) = reading.data["certificates"]
    assert certificate["served_by"] == ["web"]
    assert "certificate web-tls of web.production.svc EXPIRED 2026-01-01" in reading.observation
    assert reading.data["unseen"] == []


async def test_one_service_is_told_without_the_others(url: str) -> None:
    reading = await tools_of(url, "sandbox-read").kubernetes_network("production", "web")
    assert [s["name"] for s in reading.data["services"]] == ["web"]
    assert reading.data["policies"] == []


async def test_no_secret_is_asked_for(url: str) -> None:
    reading = await tools_of(url, "sandbox-read").kubernetes_network("production")
    assert "aHVudGVyMg" not in reading.raw + reading.observation


async def test_autoscalers_and_budgets_tell_where_they_stand(url: str) -> None:
    reading = await tools_of(url, "sandbox-read").kubernetes_autoscaling("production")
    (scaler,) = reading.data["autoscalers"]
    assert (scaler["workload"], scaler["max"], scaler["limited"]) == ("web", 6, "TooManyReplicas")
    (budget,) = reading.data["budgets"]
    assert (budget["protects"], budget["min_available"]) == (["redis"], 2)
    of_web = await tools_of(url, "sandbox-read").kubernetes_autoscaling("production", "web")
    assert of_web.data["budgets"] == []


async def test_what_may_not_be_seen_is_named_and_hides_nothing_else(url: str) -> None:
    narrow = tools_of(url, "narrow")
    network = await narrow.kubernetes_network("production")
    assert network.data["unseen"] == ["certificates", "endpointslices", "networkpolicies"]
    assert "may not be seen" in network.observation
    (web,) = network.data["services"]
    assert (web["name"], web["selects"], web["ready"]) == ("web", ["web"], None)
    assert "endpoints not seen, selects web" in network.observation
    scaling = await narrow.kubernetes_autoscaling("production")
    assert scaling.data["unseen"] == ["horizontalpodautoscalers", "poddisruptionbudgets"]
    assert (await narrow.kubernetes_workload("production", "web")).data["autoscaler"] is None

"""Faults of what stands around pods: Services, autoscalers, budgets, rollouts, certificates, the cluster's DNS."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.kubernetes.clock import parse_time
from tests.unit.sandbox.world.stage import START
from tests.unit.sandbox.world.test_pods import Cluster

ERRORS_MENDED = 0.02


def found(cluster: Cluster, kind: str, name: str, namespace: str = "production") -> dict[str, Any]:
    manifest = cluster.store.get(kind, namespace, name)
    assert manifest is not None, f"there is no {kind} {name}"
    return manifest


def conditions(manifest: dict[str, Any]) -> dict[str, tuple[str, str]]:
    told = manifest["status"]["conditions"]
    return {c["type"]: (c["status"], c["reason"]) for c in told}


def slice_of(cluster: Cluster, service: str) -> dict[str, Any]:
    (found_slice,) = [
        s
        for s in cluster.store.current("EndpointSlice", "production")
        if s["metadata"]["labels"]["kubernetes.io/service-name"] == service
    ]
    return found_slice


def test_a_service_whose_label_no_pod_has_gets_its_endpoints_back_with_its_selector() -> None:
    cluster = Cluster("service-selector-mismatch")
    assert slice_of(cluster, "payments")["endpoints"] == []
    assert all(p["status"]["phase"] == "Running" for p in cluster.pods("payments"))
    assert cluster.ratio("checkout") > 0.5
    cluster.change("Service", "payments", lambda m: m["spec"]["selector"].pop("track"))
    cluster.wait(180)
    assert len(slice_of(cluster, "payments")["endpoints"]) == 3
    assert cluster.ratio("checkout") < ERRORS_MENDED


def test_a_port_name_that_no_container_has_leads_nowhere() -> None:
    cluster = Cluster("service-port-mismatch")
    stands = slice_of(cluster, "auth")
    assert len(stands["endpoints"]) == 3
    assert stands["ports"] == []
    cluster.change(
        "Service", "auth", lambda m: m["spec"]["ports"][0].update({"targetPort": "main"})
    )
    cluster.wait(180)
    assert [p["port"] for p in slice_of(cluster, "auth")["ports"]] == [8080]
    assert cluster.ratio("session") < ERRORS_MENDED


def test_an_autoscaler_at_its_maximum_says_so_and_since_when() -> None:
    cluster = Cluster("hpa-at-maximum")
    hpa = found(cluster, "HorizontalPodAutoscaler", "search")
    assert conditions(hpa)["ScalingLimited"] == ("True", "TooManyReplicas")
    status = hpa["status"]
    assert (status["currentReplicas"], status["desiredReplicas"]) == (9, 9)
    measured = status["currentMetrics"][0]["resource"]["current"]["averageUtilization"]
    assert measured > 77
    (limited,) = [c for c in status["conditions"] if c["type"] == "ScalingLimited"]
    assert (START - parse_time(limited["lastTransitionTime"])).total_seconds() == 47 * 60
    cluster.wait(2)
    cluster.change("HorizontalPodAutoscaler", "search", lambda m: m["spec"].update(maxReplicas=14))
    cluster.wait(600)
    assert cluster.value("trace.http.request.duration", "search") < 0.2
    replicas = found(cluster, "Deployment", "search")["spec"]["replicas"]
    assert 9 < replicas <= 14, "it follows the load, which has not gone"
    assert len(cluster.pods("search")) == replicas


def test_an_autoscaler_is_blind_with_a_container_that_requests_no_cpu() -> None:
    cluster = Cluster("hpa-blind")
    hpa = found(cluster, "HorizontalPodAutoscaler", "catalog")
    assert conditions(hpa)["ScalingActive"] == ("False", "FailedGetResourceMetric")
    assert "currentMetrics" not in hpa["status"]
    events = [
        e
        for e in cluster.store.current("Event", "production")
        if e["involvedObject"]["kind"] == "HorizontalPodAutoscaler"
        and e["involvedObject"]["name"] == "catalog"
    ]
    assert {e["reason"] for e in events} == {
        "FailedGetResourceMetric",
        "FailedComputeMetricsReplicas",
    }
    assert all(e["count"] >= 5 * 60 * 4 for e in events)
    cluster.roll_back("catalog", "4.12.1")
    cluster.wait(40)
    assert conditions(found(cluster, "HorizontalPodAutoscaler", "catalog"))["ScalingActive"] == (
        "True",
        "ValidMetricFound",
    )


def test_an_autoscaler_with_nothing_to_do_rests_within_its_bounds() -> None:
    cluster = Cluster("quiet-week")
    for hpa in cluster.store.current("HorizontalPodAutoscaler", "production"):
        status, spec = hpa["status"], hpa["spec"]
        assert status["currentReplicas"] == status["desiredReplicas"]
        assert spec["minReplicas"] <= status["desiredReplicas"] <= spec["maxReplicas"]
        assert conditions(hpa)["ScalingActive"] == ("True", "ValidMetricFound")


def test_a_paused_rollout_stays_half_done_until_it_is_resumed() -> None:
    cluster = Cluster("stuck-rollout")
    orders = found(cluster, "Deployment", "orders")
    assert conditions(orders)["Progressing"] == ("Unknown", "DeploymentPaused")
    versions = {
        p["metadata"]["labels"]["app.kubernetes.io/version"] for p in cluster.pods("orders")
    }
    assert versions == {"8.0.4", "8.1.0"}
    cluster.change("Deployment", "orders", lambda m: m["spec"].pop("paused"))
    cluster.wait(30)
    versions = {
        p["metadata"]["labels"]["app.kubernetes.io/version"] for p in cluster.pods("orders")
    }
    assert versions == {"8.1.0"}
    assert conditions(found(cluster, "Deployment", "orders"))["Progressing"][0] == "True"


def test_a_drained_node_keeps_the_pods_that_their_budget_does_not_let_go() -> None:
    cluster = Cluster("pdb-deadlock")
    node = found(cluster, "Node", "ip-10-0-1-13", "")
    assert node["spec"]["unschedulable"] is True
    staying = {
        p["metadata"]["labels"]["app.kubernetes.io/name"]
        for p in cluster.store.current("Pod", "production")
        if p["spec"].get("nodeName") == "ip-10-0-1-13"
        and p["metadata"]["ownerReferences"][0]["kind"] == "ReplicaSet"
    }
    assert staying == {"auth"}
    assert cluster.unready("auth") == []
    budget = found(cluster, "PodDisruptionBudget", "auth")
    assert budget["status"]["disruptionsAllowed"] == 0
    cluster.change("PodDisruptionBudget", "auth", lambda m: m["spec"].update(minAvailable=2))
    cluster.wait(4)
    budget = found(cluster, "PodDisruptionBudget", "auth")
    assert budget["status"]["disruptionsAllowed"] == 1


def test_moments_in_an_edit_count_from_the_start() -> None:
    cluster = Cluster("expired-certificate")
    status = found(cluster, "Certificate", "shop-tls")["status"]
    assert (START - parse_time(status["notAfter"])).total_seconds() == 23 * 60
    assert status["conditions"][0]["message"] == f"Certificate expired on {status['notAfter']}"


def test_the_clusters_dns_is_killed_for_memory_until_it_may_have_more() -> None:
    cluster = Cluster("dns-failure")
    pods = cluster.store.current("Pod", "kube-system")
    assert len(pods) == 2
    for pod in pods:
        ended = pod["status"]["containerStatuses"][0]["lastState"]["terminated"]
        assert ended["reason"] == "OOMKilled"
    assert cluster.ratio("checkout") > 0.25


@pytest.mark.parametrize("scenario", ["network-policy"])
def test_a_policy_that_lets_the_caller_in_again_mends_it(scenario: str) -> None:
    cluster = Cluster(scenario)
    assert cluster.ratio("orders") > 0.5
    peer = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "orders"}}}
    cluster.change(
        "NetworkPolicy", "orders-db", lambda m: m["spec"]["ingress"][0]["from"].append(peer)
    )
    cluster.wait(180)
    assert cluster.ratio("orders") < ERRORS_MENDED

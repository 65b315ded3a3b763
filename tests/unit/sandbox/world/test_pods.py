"""Pods that fall ill, as the cluster's objects show it, and how they get well."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest

from sandbox.kubernetes.controllers import Controllers
from sandbox.world.scenario import load_scenario, scenario_names
from tests.unit.sandbox.world.stage import Stage

ILL = [name for name in scenario_names() if any(f.pods for f in load_scenario(name).faults)]


class Cluster(Stage):
    """A stage whose controllers act while it waits."""

    def __init__(self, scenario: str) -> None:
        super().__init__(scenario)
        self._controllers = Controllers(self.store, self.world)
        self._controllers.advance(self.now)

    def wait(self, seconds: float) -> None:
        for _ in range(int(seconds // 2)):
            super().wait(2)
            self._controllers.advance(self.now)

    def pods(self, workload: str) -> list[dict[str, Any]]:
        return [
            p
            for p in self.store.current("Pod", "production")
            if p["metadata"]["labels"].get("app.kubernetes.io/name") == workload
        ]

    def unready(self, workload: str) -> list[dict[str, Any]]:
        return [p for p in self.pods(workload) if not _is_ready(p)]

    def reasons(self, workload: str) -> set[str]:
        return {
            event["reason"]
            for event in self.store.current("Event", "production")
            if event["involvedObject"]["name"].startswith(f"{workload}-")
        }

    def roll_back(self, deployment: str, version: str) -> None:
        sets = [
            s
            for s in self.store.current("ReplicaSet", "production")
            if s["metadata"]["labels"]["app.kubernetes.io/name"] == deployment
            and s["metadata"]["labels"]["app.kubernetes.io/version"] == version
        ]
        template = sets[-1]["spec"]["template"]

        def edit(manifest: dict[str, Any]) -> None:
            labels = {k: v for k, v in template["metadata"]["labels"].items() if "hash" not in k}
            metadata = {**template["metadata"], "labels": labels}
            manifest["spec"]["template"] = {**template, "metadata": metadata}

        self.change("Deployment", deployment, edit)


def _is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _waiting(pod: dict[str, Any]) -> dict[str, Any]:
    waiting: dict[str, Any] = pod["status"]["containerStatuses"][0]["state"]["waiting"]
    return waiting


def test_a_container_waits_for_a_secret_and_starts_once_it_is_there() -> None:
    cluster = Cluster("missing-secret")
    (pod,) = cluster.unready("payments")
    assert pod["status"]["phase"] == "Pending"
    assert _waiting(pod) == {
        "reason": "CreateContainerConfigError",
        "message": 'secret "payments-webhook" not found',
    }
    key = base64.b64encode(b"x").decode()
    metadata = {"name": "payments-webhook", "namespace": "production"}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"other": key}}
    cluster.store.create(secret)
    cluster.wait(4)
    (pod,) = cluster.unready("payments")
    told = "couldn't find key signing-key in Secret production/payments-webhook"
    assert _waiting(pod)["message"] == told
    cluster.change("Secret", "payments-webhook", lambda m: m["data"].update({"signing-key": key}))
    cluster.wait(40)
    assert cluster.unready("payments") == []
    assert {p["metadata"]["labels"]["app.kubernetes.io/version"] for p in cluster.pods("payments")} == {"3.10.0"}  # fmt: skip


def test_an_image_that_is_not_there_is_tried_again_and_again() -> None:
    cluster = Cluster("image-name-or-tag")
    (pod,) = cluster.unready("catalog")
    status = pod["status"]["containerStatuses"][0]
    assert status["state"]["waiting"]["reason"] in ("ImagePullBackOff", "ErrImagePull")
    assert status["imageID"] == ""
    assert {"Pulling", "Failed", "BackOff"} <= cluster.reasons("catalog")
    cluster.roll_back("catalog", "4.12.2")
    cluster.wait(30)
    assert cluster.unready("catalog") == []


def test_restarts_rise_while_a_container_crashes() -> None:
    cluster = Cluster("crash-bad-config")
    (pod,) = cluster.unready("payments")
    before = pod["status"]["containerStatuses"][0]
    assert before["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert "back-off 5m0s restarting failed container=payments" in _waiting(pod)["message"]
    assert before["lastState"]["terminated"]["exitCode"] == 1
    cluster.wait(330)
    (pod,) = cluster.unready("payments")
    assert pod["status"]["containerStatuses"][0]["restartCount"] > before["restartCount"]


def test_a_crashing_container_writes_its_last_words_and_nothing_else() -> None:
    cluster = Cluster("crash-bad-config")
    (pod,) = cluster.unready("payments")
    name = pod["metadata"]["name"]
    lines = cluster.world.logs(
        cluster.now - timedelta(hours=1), cluster.now, namespace="production", pod=name
    )
    assert any("DB_POOL_SIZE" in line["message"] for line in lines)
    assert not any("payment captured" in line["message"] for line in lines)


def test_an_init_container_holds_its_pod_up() -> None:
    cluster = Cluster("failed-migration")
    (pod,) = cluster.unready("orders")
    status = pod["status"]
    assert status["phase"] == "Pending"
    assert status["initContainerStatuses"][0]["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert _waiting(pod) == {"reason": "PodInitializing"}
    initialized = next(c for c in status["conditions"] if c["type"] == "Initialized")
    assert (initialized["status"], initialized["reason"]) == ("False", "ContainersNotInitialized")


@pytest.mark.parametrize(
    ("scenario", "workload", "said"),
    [
        ("pending-resources", "recommendation", "5 Insufficient memory"),
        ("pending-taints", "search-index", "2 node(s) had untolerated taint {dedicated: batch}"),
        ("pending-affinity", "frontend", "5 node(s) didn't match Pod's node affinity/selector"),
        ("pending-volume", "notifications", "pod has unbound immediate PersistentVolumeClaims"),
        ("node-cordoned", "rabbitmq", "2 node(s) were unschedulable"),
    ],
)
def test_the_scheduler_says_why_a_pod_is_pending(scenario: str, workload: str, said: str) -> None:
    cluster = Cluster(scenario)
    unready = cluster.unready(workload)
    # A rollout of four replicas makes one too many and takes one away: two new pods at once.
    assert 1 <= len(unready) <= 2
    for pod in unready:
        (condition,) = pod["status"]["conditions"]
        assert (condition["type"], condition["reason"]) == ("PodScheduled", "Unschedulable")
        assert condition["message"].startswith("0/5 nodes are available: ")
        assert said in condition["message"]
    assert "FailedScheduling" in cluster.reasons(workload)


def test_a_pod_comes_once_a_node_takes_it() -> None:
    cluster = Cluster("node-cordoned")
    node = cluster.store.get("Node", "", "ip-10-0-2-21")
    assert node is not None
    cluster.store.update({**node, "spec": {**node["spec"], "unschedulable": False}})
    cluster.wait(60)
    assert cluster.unready("rabbitmq") == []
    assert cluster.monitor(1202) in ("Alert", "OK")


def test_a_used_up_quota_lets_no_pod_be_made_until_it_is_raised() -> None:
    cluster = Cluster("quota-exceeded")
    deployment = cluster.store.get("Deployment", "production", "search")
    assert deployment is not None
    failure = next(c for c in deployment["status"]["conditions"] if c["type"] == "ReplicaFailure")
    assert "exceeded quota: compute, requested: requests.cpu=1" in failure["message"]
    versions = {
        p["metadata"]["labels"]["app.kubernetes.io/version"] for p in cluster.pods("search")
    }
    assert versions == {"9.2.1"}
    quota = cluster.store.get("ResourceQuota", "production", "compute")
    assert quota is not None
    cluster.store.update({**quota, "spec": {"hard": {"requests.cpu": "60"}}})
    cluster.wait(60)
    versions = {
        p["metadata"]["labels"]["app.kubernetes.io/version"] for p in cluster.pods("search")
    }
    assert versions == {"9.3.0"}


def test_pods_of_a_lost_node_hang_and_those_of_deployments_come_up_elsewhere() -> None:
    cluster = Cluster("node-not-ready")
    (pod,) = cluster.pods("catalog-db")
    assert pod["metadata"]["deletionTimestamp"]
    assert not _is_ready(pod)
    cluster.wait(20)
    assert [p["metadata"]["name"] for p in cluster.pods("catalog-db")] == ["catalog-db-0"]
    well = [p for p in cluster.pods("gateway") if _is_ready(p)]
    assert len(well) == 4
    assert all(p["spec"]["nodeName"] != "ip-10-0-2-22" for p in well)


def test_evicted_pods_stay_as_failed_and_are_replaced() -> None:
    cluster = Cluster("node-pressure")
    evicted = [p for p in cluster.pods("recommendation") if p["status"].get("reason") == "Evicted"]
    assert evicted
    assert all(p["status"]["phase"] == "Failed" for p in evicted)
    assert len([p for p in cluster.pods("recommendation") if _is_ready(p)]) == 4


def test_a_restart_mends_pods_that_are_never_ready_again() -> None:
    cluster = Cluster("failing-readiness")
    assert len(cluster.unready("recommendation")) == 2
    assert not any(p["status"]["containerStatuses"][0]["restartCount"] for p in cluster.unready("recommendation"))  # fmt: skip
    stamp = {"kubectl.kubernetes.io/restartedAt": "2026-11-24T21:10:00Z"}
    cluster.change(
        "Deployment",
        "recommendation",
        lambda m: m["spec"]["template"]["metadata"].setdefault("annotations", {}).update(stamp),
    )
    cluster.wait(60)
    assert cluster.unready("recommendation") == []


@pytest.mark.parametrize("scenario", ILL)
def test_the_metrics_say_what_the_objects_say(scenario: str) -> None:
    cluster = Cluster(scenario)
    for fault in load_scenario(scenario).faults:
        for ailment in fault.pods:
            for pod in cluster.pods(ailment.workload):
                statuses = pod["status"].get("containerStatuses") or [{"restartCount": 0}]
                if pod["status"]["phase"] != "Running" or ailment.container:
                    continue
                name = pod["metadata"]["name"]
                counted = cluster.value(
                    "kubernetes.containers.restarts", ailment.workload, pod_name=name
                )
                assert counted == pytest.approx(statuses[0]["restartCount"], abs=1.0)


def test_the_pod_that_hangs_is_well_again_once_it_is_made_anew_and_no_other_falls_ill() -> None:
    cluster = Cluster("stuck-pod")
    (pod,) = cluster.unready("session")
    cluster.wait(60)
    assert [p["metadata"]["name"] for p in cluster.unready("session")] == [pod["metadata"]["name"]]
    cluster.store.delete("Pod", "production", pod["metadata"]["name"])
    cluster.wait(30)
    assert len(cluster.pods("session")) == 3
    assert cluster.unready("session") == []


def test_a_pod_finds_a_node_once_one_is_uncordoned() -> None:
    cluster = Cluster("node-cordoned")
    assert len(cluster.unready("rabbitmq")) == 1
    node = cluster.store.get("Node", "", "ip-10-0-2-21") or {}
    opened = {**node, "spec": {k: v for k, v in node["spec"].items() if k != "unschedulable"}}
    cluster.store.update(opened)
    cluster.wait(30)
    assert cluster.unready("rabbitmq") == []
    taints = (cluster.store.get("Node", "", "ip-10-0-2-21") or {})["spec"].get("taints") or []
    assert "node.kubernetes.io/unschedulable" not in [t["key"] for t in taints]

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.kubernetes.clock import parse_time
from sandbox.kubernetes.controllers import Controllers, expand
from sandbox.kubernetes.store import ObjectStore
from tests.unit.sandbox.kubernetes.support import (
    FakeWorld,
    cron_job,
    deployment,
    simple,
    stateful_set,
)

NOW = datetime(2026, 11, 24, 3, 17, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)
REVISION = "deployment.kubernetes.io/revision"


class Machine:
    """A store, its controllers, and a clock that only the test turns."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store
        self.world = FakeWorld()
        self.controllers = Controllers(store, self.world)  # type: ignore[arg-type]
        self.now = NOW

    def run(self, seconds: int) -> None:
        for _ in range(seconds):
            self.controllers.advance(self.now)
            self.now += timedelta(seconds=1)

    def pods(self, app: str = "web") -> list[dict[str, Any]]:
        found = self.store.current("Pod", "production")
        return [pod for pod in found if pod["metadata"].get("labels", {}).get("app") == app]


@pytest.fixture
def store() -> ObjectStore:
    store = ObjectStore(clock=lambda: NOW)
    for number in (1, 2, 3):
        store.load(simple("Node", f"node-{number}", None), YESTERDAY)
    return store


def status(store: ObjectStore, kind: str, name: str) -> dict[str, Any]:
    found = store.get(kind, "production", name)
    assert found is not None
    got: dict[str, Any] = found["status"]
    return got


def test_expanding_two_revisions_leaves_two_replica_sets_with_their_causes(
    store: ObjectStore,
) -> None:
    for image, cause, hours in (("web:1", "first", 20), ("web:2", "faster", 2)):
        manifest = deployment(image=image)
        manifest["metadata"]["annotations"] = {"kubernetes.io/change-cause": cause}
        expand(store, manifest, NOW - timedelta(hours=hours))
    sets = {
        s["metadata"]["annotations"][REVISION]: (
            s["metadata"]["annotations"]["kubernetes.io/change-cause"],
            s["spec"]["replicas"],
        )
        for s in store.current("ReplicaSet")
    }
    assert sets == {"1": ("first", 0), "2": ("faster", 3)}
    assert status(store, "Deployment", "web")["readyReplicas"] == 3
    created = [parse_time(p["metadata"]["creationTimestamp"]) for p in store.current("Pod")]
    assert all(NOW - timedelta(hours=2) <= t < NOW - timedelta(hours=1) for t in created)


def test_the_pods_of_the_past_are_in_the_history(store: ObjectStore) -> None:
    expand(store, deployment(image="web:1"), YESTERDAY)
    (old, *_) = store.current("Pod")
    expand(store, deployment(image="web:2"), NOW - timedelta(hours=2))
    key = ("Pod", "production", old["metadata"]["name"])
    assert store.get(*key) is None
    then = store.at(*key, NOW - timedelta(hours=3))
    assert then is not None
    assert then["status"]["phase"] == "Running"


def test_expanding_tells_no_watcher(store: ObjectStore) -> None:
    with store.hub.subscription() as queue:
        expand(store, deployment(), YESTERDAY)
    assert queue.empty()


def test_expanding_needs_nodes_and_the_order_of_time(store: ObjectStore) -> None:
    with pytest.raises(ValueError, match="Nodes"):
        expand(ObjectStore(), deployment(), YESTERDAY)
    expand(store, deployment(), NOW - timedelta(hours=1))
    with pytest.raises(ValueError, match="in order of time"):
        expand(store, deployment(), YESTERDAY)


def test_a_rollout_never_has_fewer_ready_pods_than_allowed(store: ObjectStore) -> None:
    expand(store, deployment(image="web:1"), YESTERDAY)
    machine = Machine(store)
    machine.run(1)
    store.update(deployment(image="web:2"), machine.now)
    fewest = 3
    for _ in range(20):
        machine.run(1)
        alive = [p for p in machine.pods() if not p["metadata"].get("deletionTimestamp")]
        assert len(alive) <= 4
        fewest = min(fewest, status(store, "Deployment", "web").get("availableReplicas", 0))
    assert fewest == 3
    assert {p["spec"]["containers"][0]["image"] for p in machine.pods()} == {"web:2"}


def test_a_rollout_of_unready_pods_stops_and_exceeds_its_deadline(store: ObjectStore) -> None:
    expand(store, deployment(image="web:1", progressDeadlineSeconds=30), YESTERDAY)
    machine = Machine(store)
    machine.run(1)
    store.update(deployment(image="web:2", progressDeadlineSeconds=30), machine.now)

    class Sick(dict[str, Any]):
        def get(self, name: str, default: Any = None) -> Any:
            pod = store.get("Pod", "production", name) or {}
            image = pod["spec"]["containers"][0]["image"]
            return {"ready": image == "web:1", "restartCount": 2}

    machine.world.health = Sick()
    machine.run(60)
    conditions = {c["type"]: c for c in status(store, "Deployment", "web")["conditions"]}
    assert conditions["Progressing"]["reason"] == "ProgressDeadlineExceeded"
    assert status(store, "Deployment", "web")["availableReplicas"] >= 2


def test_a_paused_deployment_does_not_roll(store: ObjectStore) -> None:
    expand(store, deployment(image="web:1"), YESTERDAY)
    machine = Machine(store)
    store.update(deployment(image="web:2", paused=True), machine.now)
    machine.run(5)
    assert len(store.current("ReplicaSet")) == 1


def test_recreate_stops_all_before_it_starts_any(store: ObjectStore) -> None:
    recreate = {"strategy": {"type": "Recreate"}}
    expand(store, deployment(image="web:1", **recreate), YESTERDAY)
    machine = Machine(store)
    store.update(deployment(image="web:2", **recreate), machine.now)
    for _ in range(12):
        machine.run(1)
        assert len({p["spec"]["containers"][0]["image"] for p in machine.pods()}) <= 1
    assert {p["spec"]["containers"][0]["image"] for p in machine.pods()} == {"web:2"}


def test_a_stateful_set_rolls_one_pod_at_a_time_from_the_top(store: ObjectStore) -> None:
    expand(store, stateful_set(image="redis:1"), YESTERDAY)
    machine = Machine(store)
    machine.run(1)
    store.update(stateful_set(image="redis:2"), machine.now)
    seen = []
    for _ in range(20):
        machine.run(1)
        images = {
            p["metadata"]["name"]: p["spec"]["containers"][0]["image"]
            for p in machine.pods("redis")
        }
        assert len(images) >= 1
        seen.append((images.get("redis-0"), images.get("redis-1")))
    assert ("redis:1", "redis:2") in seen
    assert ("redis:2", "redis:1") not in seen
    assert seen[-1] == ("redis:2", "redis:2")
    assert status(store, "StatefulSet", "redis")["readyReplicas"] == 2
    assert sorted(r["revision"] for r in store.current("ControllerRevision")) == [1, 2]


def test_volume_claims_are_bound_and_outlive_their_pods(store: ObjectStore) -> None:
    manifest = stateful_set()
    storage = {"resources": {"requests": {"storage": "8Gi"}}, "accessModes": ["ReadWriteOnce"]}
    manifest["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "data"}, "spec": storage}]
    expand(store, manifest, YESTERDAY)
    claims = store.current("PersistentVolumeClaim")
    assert [c["metadata"]["name"] for c in claims] == ["data-redis-0", "data-redis-1"]
    assert {c["status"]["phase"] for c in claims} == {"Bound"}


def test_a_daemon_set_has_one_pod_on_each_node(store: ObjectStore) -> None:
    expand(store, {**deployment("agent"), "kind": "DaemonSet"}, YESTERDAY)
    nodes = [p["spec"]["nodeName"] for p in store.current("Pod")]
    assert sorted(nodes) == ["node-1", "node-2", "node-3"]


def test_pods_stay_pending_while_every_node_is_cordoned(store: ObjectStore) -> None:
    for number in (1, 2, 3):
        store.update(simple("Node", f"node-{number}", None, spec={"unschedulable": True}), NOW)
    machine = Machine(store)
    store.create(deployment(), NOW)
    machine.run(5)
    assert {p["status"]["phase"] for p in machine.pods()} == {"Pending"}
    store.update(simple("Node", "node-2", None, spec={}), machine.now)
    machine.run(5)
    assert {p["spec"]["nodeName"] for p in machine.pods()} == {"node-2"}


def test_a_cron_jobs_past_runs_are_there_at_the_start(store: ObjectStore) -> None:
    expand(store, cron_job(schedule="0 * * * *"), YESTERDAY)
    machine = Machine(store)
    machine.run(1)
    jobs = store.current("Job")
    assert len(jobs) == 3
    assert all(job["status"]["startTime"].endswith(":00:00Z") for job in jobs)


def test_a_suspended_cron_job_starts_nothing(store: ObjectStore) -> None:
    manifest = cron_job(schedule="* * * * *")
    manifest["spec"]["suspend"] = True
    expand(store, manifest, YESTERDAY)
    machine = Machine(store)
    machine.run(130)
    assert store.current("Job") == []


def test_suspending_a_job_stops_its_pods(store: ObjectStore) -> None:
    machine = Machine(store)
    job = cron_job()["spec"]["jobTemplate"]
    manifest = {**simple("Job", "once"), "apiVersion": "batch/v1", "spec": job["spec"]}
    store.create(manifest, NOW)
    machine.run(4)
    assert status(store, "Job", "once")["active"] == 1
    store.update({**manifest, "spec": job["spec"] | {"suspend": True}}, machine.now)
    machine.run(4)
    assert store.current("Pod") == []
    assert status(store, "Job", "once")["conditions"][0]["type"] == "Suspended"


def test_a_job_runs_to_completion(store: ObjectStore) -> None:
    machine = Machine(store)
    job = cron_job()["spec"]["jobTemplate"]
    store.create({**simple("Job", "once"), "apiVersion": "batch/v1", "spec": job["spec"]}, NOW)
    machine.run(40)
    assert status(store, "Job", "once")["succeeded"] == 1
    assert status(store, "Job", "once")["conditions"][0]["type"] == "Complete"


@pytest.mark.parametrize(("auto", "revisions"), [("true", 2), ("false", 1)])
def test_a_changed_config_map_rolls_the_workloads_that_ask_for_it(
    store: ObjectStore, auto: str, revisions: int
) -> None:
    manifest = deployment()
    manifest["metadata"]["annotations"] = {"reloader.stakater.com/auto": auto}
    container = manifest["spec"]["template"]["spec"]["containers"][0]
    container["envFrom"] = [{"configMapRef": {"name": "settings"}}]
    expand(store, manifest, YESTERDAY)
    store.load(simple("ConfigMap", "settings", data={"LEVEL": "info"}), YESTERDAY)
    store.load(simple("ConfigMap", "other", data={}), YESTERDAY)
    machine = Machine(store)
    machine.run(1)
    store.update(simple("ConfigMap", "other", data={"a": "b"}), machine.now)
    machine.run(1)
    assert len(store.current("ReplicaSet")) == 1
    store.update(simple("ConfigMap", "settings", data={"LEVEL": "debug"}), machine.now)
    machine.run(15)
    assert len(store.current("ReplicaSet")) == revisions
    assert status(store, "Deployment", "web")["readyReplicas"] == 3


def test_laying_down_past_runs_leaves_a_later_suspension_alone(store: ObjectStore) -> None:
    manifest = cron_job(schedule="0 * * * *")
    expand(store, manifest, YESTERDAY)
    suspended = {**manifest, "spec": manifest["spec"] | {"suspend": True}}
    store.load(suspended, NOW - timedelta(seconds=1))
    machine = Machine(store)
    machine.run(3)
    (present,) = store.current("CronJob")
    assert present["spec"]["suspend"] is True
    assert len(store.current("Job")) == 3

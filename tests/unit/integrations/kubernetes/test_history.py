"""What changed and when, from ReplicaSets, revisions and managedFields."""

from datetime import timedelta
from typing import Any

from integrations.kubernetes.history import (
    changes_of,
    last_write,
    rollouts_of_deployments,
    rollouts_of_revisions,
    template_diff,
)
from tests.unit.integrations.kubernetes.manifests import NOW, replica_set, stamp, workload

DAY_AGO = NOW - timedelta(hours=24)


def test_a_rollout_shows_what_differs_from_the_revision_before():
    found = rollouts_of_deployments(
        [replica_set(2, "web:2", 3), replica_set(1, "web:1", 90)], DAY_AGO
    )
    assert [(r["workload"], r["revision"], r["at"]) for r in found] == [
        ("web", 2, "2026-11-24T00:00:00Z")
    ]
    assert found[0]["diff"].split("\n") == ["-  - image: web:1", "+  - image: web:2"]


def test_the_first_revision_of_a_new_deployment_is_no_rollout():
    assert rollouts_of_deployments([replica_set(1, "web:1", 3)], DAY_AGO) == []


def test_a_rollback_takes_up_an_old_replica_set_and_counts_from_then():
    reused = replica_set(3, "web:1", 90)
    reused["metadata"]["managedFields"] = [{"manager": "kube-controller-manager", "time": stamp(1)}]
    found = rollouts_of_deployments([reused, replica_set(2, "web:2", 3)], DAY_AGO)
    assert [(r["revision"], r["at"]) for r in found] == [
        (3, "2026-11-24T02:00:00Z"),
        (2, "2026-11-24T00:00:00Z"),
    ]


def test_revisions_of_a_stateful_set_are_compared():
    def revision(number, image, hours_ago):
        return {
            "kind": "ControllerRevision",
            "revision": number,
            "metadata": {
                "creationTimestamp": stamp(hours_ago),
                "ownerReferences": [{"kind": "StatefulSet", "name": "redis", "controller": True}],
            },
            "data": {"spec": {"template": workload(image=image)["spec"]["template"]}},
        }

    found = rollouts_of_revisions([revision(1, "redis:7", 90), revision(2, "redis:8", 2)], DAY_AGO)
    assert [(r["kind"], r["workload"], r["revision"]) for r in found] == [
        ("StatefulSet", "redis", 2)
    ]


def test_passwords_in_a_diff_are_struck():
    before, after = replica_set(1, "web:1", 90), replica_set(2, "web:1", 3)
    spec = after["spec"]["template"]["spec"]["containers"][0]
    spec["env"] = [{"name": "DATABASE_URL", "value": "postgresql://web:hunter2@db/web"}]
    assert "hunter2" not in rollouts_of_deployments([before, after], DAY_AGO)[0]["diff"]


def config_map(*writes):
    fields = [
        {"manager": who, "time": stamp(hours), "fieldsV1": {"f:data": {"f:maxmemory": {}}}, **more}
        for who, hours, more in writes
    ]
    return {
        "kind": "ConfigMap",
        "metadata": {
            "name": "redis-config",
            "creationTimestamp": stamp(500),
            "managedFields": fields,
        },
    }


def test_writes_by_people_are_changes_and_those_by_controllers_are_not():
    item = config_map(
        ("kubectl-edit", 2, {}), ("kube-controller-manager", 1, {}), ("helm", 300, {})
    )
    assert changes_of([item], DAY_AGO) == [
        {
            "at": "2026-11-24T01:00:00Z",
            "kind": "ConfigMap",
            "name": "redis-config",
            "what": "changed data.maxmemory",
            "by": "kubectl-edit",
        }
    ]
    assert last_write(item) == ("2026-11-24T01:00:00Z", "kubectl-edit")


def test_status_is_no_change():
    assert changes_of([config_map(("kubectl", 2, {"subresource": "status"}))], DAY_AGO) == []


def test_a_long_value_that_differs_is_told_with_its_key() -> None:
    def revision(version: int) -> dict[str, Any]:
        said = f"{'x' * 200} {'y ' * 60}version {version}"
        template = {"metadata": {"annotations": {"tool/said": said}}, "spec": {}}
        return {"kind": "Deployment", "metadata": {}, "spec": {"template": template}}

    removed, added = template_diff(revision(1), revision(2)).splitlines()
    assert removed.startswith("-") and removed.endswith("version 1")
    assert added.startswith("+") and "tool/said: " in added

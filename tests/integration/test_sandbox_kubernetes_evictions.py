"""The sandbox's Eviction API as the official client meets it, 429 and all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes.client import (
    ApiClient,
    ApiException,
    Configuration,
    CoreV1Api,
    V1DeleteOptions,
    V1Eviction,
    V1ObjectMeta,
    V1Preconditions,
)

from sandbox.kubernetes.cloning import clone
from sandbox.kubernetes.store import ObjectStore
from tests.unit.sandbox.kubernetes.support import FakeWorld, seeded_store, serving


@pytest.fixture
def store() -> ObjectStore:
    return seeded_store()


@pytest.fixture
def core(store: ObjectStore) -> Iterator[CoreV1Api]:
    with serving(store, FakeWorld()) as url:
        settings = Configuration(host=url)
        settings.api_key = {"authorization": "Bearer sandbox-write"}
        with ApiClient(settings) as client:
            yield CoreV1Api(client)


def evict(core: CoreV1Api, name: str, **options: Any) -> Any:
    body = V1Eviction(
        metadata=V1ObjectMeta(name=name, namespace="production"),
        delete_options=V1DeleteOptions(**options),
    )
    return core.create_namespaced_pod_eviction(name, "production", body)


def pod(store: ObjectStore, app: str) -> dict[str, Any]:
    found = store.current("Pod", "production")
    return next(p for p in found if (p["metadata"].get("labels") or {}).get("app") == app)


def unready(store: ObjectStore, name: str) -> None:
    changed = clone(store.get("Pod", "production", name) or {})
    for condition in changed["status"]["conditions"]:
        if condition["type"] == "Ready":
            condition["status"] = "False"
    store.update(changed)


def test_a_budget_without_room_answers_429_and_names_itself(core: CoreV1Api) -> None:
    core.list_namespaced_pod("production")
    with pytest.raises(ApiException) as refusal:
        evict(core, "redis-0")
    assert refusal.value.status == 429
    told = json.loads(refusal.value.body)
    assert told["reason"] == "TooManyRequests"
    assert told["message"] == "Cannot evict pod as it would violate the pod's disruption budget."
    assert told["details"]["causes"] == [
        {
            "reason": "DisruptionBudget",
            "message": "The disruption budget redis needs 2 healthy pods and has 2 currently",
            "field": "",
        }
    ]


def test_a_dry_run_asks_the_budget_and_leaves_the_pod(core: CoreV1Api, store: ObjectStore) -> None:
    core.list_namespaced_pod("production")
    with pytest.raises(ApiException):
        evict(core, "redis-0", dry_run=["All"])
    name = pod(store, "web")["metadata"]["name"]
    evict(core, name, dry_run=["All"])
    assert not core.read_namespaced_pod(name, "production").metadata.deletion_timestamp


def test_another_uid_is_a_conflict(core: CoreV1Api, store: ObjectStore) -> None:
    web = pod(store, "web")
    with pytest.raises(ApiException) as refusal:
        evict(core, web["metadata"]["name"], preconditions=V1Preconditions(uid="another"))
    assert refusal.value.status == 409
    evict(
        core,
        web["metadata"]["name"],
        preconditions=V1Preconditions(uid=web["metadata"]["uid"]),
    )


def test_an_unready_pod_goes_while_enough_others_are_healthy(
    core: CoreV1Api, store: ObjectStore
) -> None:
    budget = clone(store.get("PodDisruptionBudget", "production", "redis") or {})
    budget["spec"]["minAvailable"] = 1
    store.update(budget)
    unready(store, "redis-1")
    core.list_namespaced_pod("production")
    with pytest.raises(ApiException):
        evict(core, "redis-0")
    evict(core, "redis-1")


def test_a_pod_that_is_going_already_is_deleted_by_force_without_asking(
    core: CoreV1Api, store: ObjectStore
) -> None:
    going = clone(store.get("Pod", "production", "redis-0") or {})
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    going["metadata"]["finalizers"] = []
    store.update(going)
    evict(core, "redis-0", grace_period_seconds=0)
    assert store.get("Pod", "production", "redis-0") != going

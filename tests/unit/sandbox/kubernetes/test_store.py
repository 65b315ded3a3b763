from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.kubernetes.errors import ApiError
from sandbox.kubernetes.store import ObjectStore
from sandbox.kubernetes.watch import WatchEvent, WatchHub
from tests.unit.sandbox.kubernetes.support import deployment, simple

THREE = datetime(2026, 11, 24, 3, tzinfo=UTC)
FOUR, FIVE = THREE + timedelta(hours=1), THREE + timedelta(hours=2)


def settings(level: str) -> dict[str, Any]:
    return simple("ConfigMap", "settings", data={"LEVEL": level})


def level(manifest: dict[str, Any] | None) -> str | None:
    return manifest["data"]["LEVEL"] if manifest else None


def test_an_object_is_found_as_it_stood_at_any_moment() -> None:
    store = ObjectStore()
    store.load(settings("info"), THREE)
    store.load(settings("debug"), FIVE)
    key = ("ConfigMap", "production", "settings")
    assert store.at(*key, THREE - timedelta(seconds=1)) is None
    assert level(store.at(*key, THREE)) == "info"
    assert level(store.at(*key, FOUR)) == "info"
    assert level(store.at(*key, FIVE)) == "debug"
    assert [when for when, _ in store.changes(*key)] == [THREE, FIVE]


def test_history_loaded_late_does_not_change_the_present() -> None:
    store = ObjectStore()
    store.load(settings("debug"), FIVE)
    store.load(settings("info"), THREE)
    assert level(store.get("ConfigMap", "production", "settings")) == "debug"
    assert level(store.at("ConfigMap", "production", "settings", FOUR)) == "info"


def test_identity_survives_updates_and_not_deletion() -> None:
    store = ObjectStore()
    first = store.create(settings("info"), THREE)
    second = store.update(settings("debug"), FOUR)
    store.delete("ConfigMap", "production", "settings", FOUR)
    third = store.create(settings("info"), FIVE)
    assert first["metadata"]["uid"] == second["metadata"]["uid"] != third["metadata"]["uid"]
    assert third["metadata"]["creationTimestamp"] == "2026-11-24T05:00:00Z"
    assert [state is None for _, state in store.changes("ConfigMap", "production", "settings")] == [
        False,
        True,
        False,
    ]


def test_versions_grow_and_a_write_that_changes_nothing_leaves_no_trace() -> None:
    store = ObjectStore()
    created = store.create(settings("info"))
    assert store.update(settings("info")) is created
    changed = store.update(settings("debug"))
    assert int(changed["metadata"]["resourceVersion"]) > int(created["metadata"]["resourceVersion"])


def test_generation_counts_changes_of_spec_only() -> None:
    store = ObjectStore()
    store.create(deployment())
    labelled = deployment()
    labelled["metadata"]["labels"] = {"tier": "front"}
    assert store.update(labelled)["metadata"]["generation"] == 1
    assert store.update(deployment(replicas=5))["metadata"]["generation"] == 2


def test_a_stale_version_and_a_second_creation_are_conflicts() -> None:
    store = ObjectStore()
    stale = store.create(settings("info"))
    store.update(settings("debug"))
    with pytest.raises(ApiError, match="has been modified") as caught:
        store.update({**stale, "data": {}})
    assert caught.value.code == 409
    with pytest.raises(ApiError, match="already exists"):
        store.create(settings("info"))


def test_what_is_handed_in_is_copied_even_where_it_shares_parts() -> None:
    store = ObjectStore()
    manifest = deployment()
    store.create(manifest)
    manifest["metadata"]["labels"]["app"] = "other"
    stored = store.get("Deployment", "production", "web")
    assert stored is not None
    assert stored["metadata"]["labels"] == {"app": "web"}
    assert stored["metadata"]["labels"] is not stored["spec"]["selector"]["matchLabels"]


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(KeyError, match="Gizmo"):
        ObjectStore().load(simple("Gizmo", "x"), THREE)


def event(version: int) -> WatchEvent:
    return WatchEvent("ADDED", version, settings("info"))


def test_the_hub_replays_what_it_still_has() -> None:
    hub = WatchHub(capacity=2)
    for version in (1, 2, 3):
        hub.publish(event(version))
    assert [e.version for e in hub.since(1)] == [2, 3]
    with pytest.raises(ApiError) as caught:
        hub.since(0)
    assert caught.value.code == 410


def test_history_laid_down_reaches_listeners_but_no_watcher() -> None:
    hub = WatchHub()
    heard: list[int] = []
    hub.listen(lambda e: heard.append(e.version))
    with hub.subscription() as queue, hub.silence():
        hub.publish(event(1))
    assert heard == [1]
    assert queue.empty()
    assert hub.since(1) == []

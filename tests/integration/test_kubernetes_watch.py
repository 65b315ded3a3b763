"""The cluster followed over the wire: what changes is told, once, whatever happens to the connection."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.errors import AccessDenied, Unreachable
from agent.knowledge.facts import ChangeType, EntityChange, Seen
from agent.knowledge.watching import follow
from agent.store.repository import Store
from integrations.kubernetes.client import KubernetesClient, configure
from integrations.kubernetes.graph import KubernetesGraph
from integrations.kubernetes.watch import KubernetesWatch, Pace
from sandbox.kubernetes.roles import PolicyRule, Role
from sandbox.kubernetes.store import ObjectStore
from tests.unit.sandbox.kubernetes import support
from tests.unit.sandbox.kubernetes.support import (
    FakeWorld,
    cron_job,
    seeded_store,
    serving,
    simple,
)

QUICK = Pace(coalesce=0.05, watch=60, silence=30, first_error=0.05, longest_error=0.2, denied=60)
WITHIN_SECONDS = 30.0


@pytest.fixture
def cluster() -> ObjectStore:
    return seeded_store()


@pytest.fixture
def url(cluster: ObjectStore) -> Iterator[str]:
    with serving(cluster, FakeWorld()) as address:
        yield address


@pytest.fixture
def reader(url: str) -> Iterator[KubernetesClient]:
    client = KubernetesClient(configure(host=url, token="sandbox-read"))
    yield client
    client.close()


@pytest.fixture
def writer(url: str) -> Iterator[KubernetesClient]:
    client = KubernetesClient(configure(host=url, token="admin"))
    yield client
    client.close()


class Told:
    """What a watcher yielded so far."""

    def __init__(self) -> None:
        self.all: list[Seen] = []

    @property
    def first(self) -> Seen:
        return self.all[0]

    @property
    def changes(self) -> list[EntityChange]:
        return [c for seen in self.all for c in seen.changes]

    async def until(self, holds: Callable[[Told], Any]) -> Any:
        deadline = time.monotonic() + WITHIN_SECONDS
        while not (found := holds(self)):
            assert time.monotonic() < deadline, [s.model_dump() for s in self.all[1:]]
            await asyncio.sleep(0.02)
        return found

    async def change(self, kind: ChangeType) -> EntityChange:
        return await self.until(lambda t: next((c for c in t.changes if c.type == kind), None))


@asynccontextmanager
async def watching(client: KubernetesClient, pace: Pace = QUICK) -> AsyncIterator[Told]:
    """A watch at work, past its first scan."""
    told = Told()

    async def listen() -> None:
        async for seen in KubernetesWatch(client, ("production",), pace).watch():
            told.all.append(seen)

    task = asyncio.create_task(listen())
    try:
        await told.until(lambda t: t.all or (task.done() and task.result()))
        yield told
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_it_begins_with_what_a_scan_sees(reader: KubernetesClient) -> None:
    scanned = await KubernetesGraph(reader, ("production",)).build()
    async with watching(reader) as told:
        pass
    assert told.first.complete
    assert told.first.entities == scanned.entities
    assert {(r.source, r.target, r.kind, r.evidence) for r in told.first.relations} == {
        (r.source, r.target, r.kind, r.evidence) for r in scanned.relations
    }


async def test_a_rollout_tells_what_changed_and_why(
    reader: KubernetesClient, writer: KubernetesClient
) -> None:
    async with watching(reader) as told:
        container = {
            "name": "web",
            "image": "shop/web:3",
            "resources": {"limits": {"memory": "512Mi"}},
        }
        body = {
            "metadata": {"annotations": {"kubernetes.io/change-cause": "more room"}},
            "spec": {"template": {"spec": {"containers": [container]}}},
        }
        await writer.patch("Deployment", "production", "web", body)
        change = await told.change(ChangeType.ROLLOUT)
    assert change.entity == "production/deployment/web"
    assert change.other == "production/service/web"
    assert "image of web: shop/web:2 -> shop/web:3" in change.what
    assert "memory limit of web: 256Mi -> 512Mi" in change.what
    assert "more room" in change.evidence
    assert change.key.startswith("kubernetes/")
    web = next(e for s in told.all[1:] for e in s.entities if e.key == "production/deployment/web")
    assert web.properties["containers"][0]["limits"]["memory_bytes"] == 512 * 2**20


async def test_only_what_a_change_touches_is_told(
    reader: KubernetesClient, writer: KubernetesClient
) -> None:
    async with watching(reader) as told:
        await writer.patch("ConfigMap", "production", "settings", {"data": {"NEW": "x"}})
        await told.change(ChangeType.CONFIG)
        news = next(s for s in told.all[1:] if s.changes)
    assert not news.complete
    assert [e.key for e in news.entities] == ["production/configmap/settings"]
    assert not (news.gone or news.withdrawn)


async def test_config_changes_name_keys_and_show_no_secret(
    reader: KubernetesClient, writer: KubernetesClient
) -> None:
    async with watching(reader) as told:
        data = {"LEVEL": "debug", "DB_PASSWORD": "hunter2", "LONG": "x" * 500}
        await writer.patch("ConfigMap", "production", "settings", {"data": data})
        change = await told.change(ChangeType.CONFIG)
        again = {"DB_PASSWORD": "hunter3", "LONG": "y" * 500}
        await writer.patch("ConfigMap", "production", "settings", {"data": again})
        await told.until(lambda t: len(t.changes) > 1)
    assert "LEVEL: info -> debug" in change.what
    assert "DB_PASSWORD changed" in told.changes[1].what
    assert "LONG changed" in told.changes[1].what
    everything = "".join(s.model_dump_json() for s in told.all)
    assert "hunter" not in everything


async def test_scaling_and_suspending_are_told(
    reader: KubernetesClient, writer: KubernetesClient
) -> None:
    async with watching(reader) as told:
        await writer.patch("Deployment", "production", "web", {"spec": {"replicas": 5}})
        scale = await told.change(ChangeType.SCALE)
        await writer.patch("CronJob", "production", "backup", {"spec": {"suspend": True}})
        config = await told.change(ChangeType.CONFIG)
    assert (scale.what, scale.before, scale.after) == ("replicas of web: 3 -> 5", "3", "5")
    assert config.what == "backup is suspended"


async def test_what_is_deleted_is_gone_with_its_ties(
    cluster: ObjectStore, reader: KubernetesClient
) -> None:
    async with watching(reader) as told:
        cluster.delete("PodDisruptionBudget", "production", "redis")
        key = "production/poddisruptionbudget/redis"
        news = await told.until(lambda t: next((s for s in t.all[1:] if key in s.gone), None))
    assert (key, "production/statefulset/redis", "protects") in news.withdrawn


async def test_what_comes_during_a_lost_connection_is_not_lost(
    reader: KubernetesClient, writer: KubernetesClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    real = KubernetesClient.open_watch

    def cut(self: KubernetesClient, kind: str, namespace: str, version: str, **more: Any) -> Any:
        response = real(self, kind, namespace, version, **more)
        if kind == "ConfigMap":
            opened.append((response, version))
        return response

    monkeypatch.setattr(KubernetesClient, "open_watch", cut)
    async with watching(reader) as told:
        await told.until(lambda _: opened)
        for n in range(3):
            await writer.patch("ConfigMap", "production", "settings", {"data": {"N": str(n)}})
            opened[-1][0].shutdown()
            await told.until(lambda t, n=n: len(t.changes) > n)
        await told.until(lambda _: len(opened) > 3)
    assert [c.what for c in told.changes] == [
        "config settings: N added",
        "config settings: N: 0 -> 1",
        "config settings: N: 1 -> 2",
    ]
    versions = [int(v) for _, v in opened]
    assert versions == sorted(versions), "each went on where the one before ended"


async def test_a_forgotten_version_leads_to_a_new_list(url: str, cluster: ObjectStore) -> None:
    """410, as event and as status: what was deleted and changed meanwhile is found by listing again."""
    client = Expiring(configure(host=url, token="sandbox-read"))
    async with watching(client) as told:
        await asyncio.to_thread(client.waiting.wait, 5)
        cluster.delete("ConfigMap", "production", "settings")
        cluster.load(simple("ConfigMap", "fresh", data={"A": "1"}), datetime.now(UTC))
        client.expire.set()
        await told.until(lambda t: any("production/configmap/settings" in s.gone for s in t.all))
        await told.until(
            lambda t: any(e.key == "production/configmap/fresh" for s in t.all for e in s.entities)
        )
        await told.until(lambda _: client.refused >= 2)
    client.close()


class Expiring(KubernetesClient):
    """Its first watches of ConfigMaps end with 410, by an event, then by the status."""

    def __init__(self, settings: Any) -> None:
        super().__init__(settings)
        self.waiting, self.expire = threading.Event(), threading.Event()
        self.refused = 0

    def open_watch(self, kind: str, namespace: str, version: str, **more: Any) -> Any:
        if kind != "ConfigMap" or self.refused >= 2:
            return super().open_watch(kind, namespace, version, **more)
        self.waiting.set()
        self.expire.wait(10)
        self.refused += 1
        if self.refused == 1:
            return Lines(b'{"type":"ERROR","object":{"kind":"Status","code":410}}\n')
        from kubernetes.client.exceptions import ApiException

        raise ApiException(status=410, reason="Gone")


class Lines:
    """A response that ends after these bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self, amt: int | None) -> Iterator[bytes]:
        yield self._data

    def close(self) -> None:
        self._data = b""

    def shutdown(self) -> None:
        self._data = b""


async def test_a_kind_that_may_not_be_listed_is_left_out(
    cluster: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = (
        PolicyRule(("",), ("pods", "services", "nodes"), ("get", "list", "watch")),
        PolicyRule(("apps",), ("*",), ("get", "list", "watch")),
    )
    monkeypatch.setitem(support.TOKENS, "narrow", Role("narrow", rules))
    with serving(cluster, FakeWorld()) as url:
        client = KubernetesClient(configure(host=url, token="narrow"))
        writer = KubernetesClient(configure(host=url, token="admin"))
        async with watching(client) as told:
            await writer.patch("Deployment", "production", "web", {"spec": {"replicas": 4}})
            await told.change(ChangeType.SCALE)
        client.close()
        writer.close()
    assert {"configmap", "secret", "cronjob", "ingress"} <= told.first.unseen_kinds
    assert "deployment" not in told.first.unseen_kinds


async def test_a_cluster_that_shows_nothing_is_an_error(url: str) -> None:
    for address, token, error in (
        (url, "wrong", AccessDenied),
        ("http://127.0.0.1:9", "sandbox-read", Unreachable),
    ):
        client = KubernetesClient(configure(host=address, token=token))
        with pytest.raises(error):
            async for _ in KubernetesWatch(client, ("production",), QUICK).watch():
                pass
        client.close()


async def test_it_stops_at_once_and_leaves_no_thread(reader: KubernetesClient) -> None:
    async with watching(reader):
        assert any(t.name.startswith("kubernetes-watch") for t in threading.enumerate())
        began = time.monotonic()
    assert time.monotonic() - began < 10, "its streams would go on for minutes"
    deadline = time.monotonic() + 10
    while any(t.name.startswith("kubernetes-watch") for t in threading.enumerate()):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_a_change_is_in_the_graph_within_seconds(
    store: Store, cluster: ObjectStore, reader: KubernetesClient, writer: KubernetesClient
) -> None:
    told: list[EntityChange] = []

    async def on_changes(changes: Any) -> None:
        told.extend(changes)

    watcher = KubernetesWatch(reader, ("production",))
    following = asyncio.create_task(follow(watcher, store.graph, on_changes))
    try:
        await _until(lambda: store.graph.get("production/deployment/web"), 30)
        await writer.patch("Deployment", "production", "web", {"spec": {"replicas": 7}})
        began = time.monotonic()

        async def scaled() -> bool:
            web = await store.graph.get("production/deployment/web")
            return web is not None and web.properties["replicas"] == 7

        await _until(scaled, 30)
        # Two seconds where nothing else runs; a scan would come after minutes.
        assert time.monotonic() - began < 10
        await _until(lambda: _is(bool(told)), 30)
        kept = await store.graph.changes(
            ["production/deployment/web"], datetime.min.replace(tzinfo=UTC)
        )
        assert "replicas of web: 3 -> 7" in [c.what for c in kept]
        cluster.load(cron_job("nightly"), datetime.now(UTC))
        cluster.delete("CronJob", "production", "backup")
        await _until(lambda: _missing(store, "production/cronjob/backup"), 30)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def _is(value: bool) -> bool:
    return value


async def _missing(store: Store, key: str) -> bool:
    return not await store.graph.entity(key.rpartition("/")[2])


async def _until(holds: Callable[[], Any], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not await holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)

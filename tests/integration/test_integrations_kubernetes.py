"""The Kubernetes integration over the wire, against the sandbox's API server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from agent.errors import AccessDenied, Drifted, NotFound, Refused, Unreachable
from agent.model import Change, Entity, Plan, Proposal
from integrations.kubernetes.client import STRATEGIC_MERGE, KubernetesClient, configure
from integrations.kubernetes.fixes import KubernetesFixer
from integrations.kubernetes.graph import KubernetesGraph
from integrations.kubernetes.probe import probe
from integrations.kubernetes.tools import KubernetesTools
from sandbox.kubernetes.store import ObjectStore
from tests.unit.sandbox.kubernetes.support import FakeWorld, seeded_store, serving, simple

GI = 2**30


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld()


@pytest.fixture
def store() -> ObjectStore:
    return seeded_store()


@pytest.fixture
def url(store: ObjectStore, world: FakeWorld) -> Iterator[str]:
    with serving(store, world) as address:
        yield address


@pytest.fixture
def reader(url: str) -> Iterator[KubernetesClient]:
    yield from connected(url, "sandbox-read")


@pytest.fixture
def writer(url: str) -> Iterator[KubernetesClient]:
    yield from connected(url, "sandbox-write")


def connected(url: str, token: str) -> Iterator[KubernetesClient]:
    client = KubernetesClient(configure(host=url, token=token))
    yield client
    client.close()


@pytest.fixture
def tools(reader: KubernetesClient) -> KubernetesTools:
    return KubernetesTools(reader)


class TestTools:
    async def test_a_workload_is_found_without_its_kind_and_seen_with_its_pods(
        self, tools: KubernetesTools
    ) -> None:
        reading = await tools.kubernetes_workload("production", "web")
        data = reading.data
        assert (data["kind"], data["replicas"]["desired"], data["replicas"]["ready"]) == (
            "Deployment",
            3,
            3,
        )
        assert len(data["pods"]) == 3
        assert data["containers"][0]["limits"] == {"cpu_cores": 0.5, "memory_bytes": 256 * 2**20}
        assert data["containers"][0]["env"]["MODE"] == {"value": "fast"}
        assert "limits cpu 0.5 memory 256Mi" in reading.observation

    async def test_a_workload_that_is_not_there_is_not_found(self, tools: KubernetesTools) -> None:
        with pytest.raises(NotFound, match="nope in production"):
            await tools.kubernetes_workload("production", "nope")

    async def test_rollouts_are_those_within_the_window(self, tools: KubernetesTools) -> None:
        within = await tools.kubernetes_rollouts("production", hours=4)
        assert [(r["workload"], r["revision"]) for r in within.data["rollouts"]] == [("web", 2)]
        assert "+ image: shop/web:2" in within.observation
        before = await tools.kubernetes_rollouts("production", hours=1)
        assert before.data["rollouts"] == []
        assert "no rollout" in before.observation

    async def test_logs_are_mined_and_filtered(
        self, tools: KubernetesTools, world: FakeWorld
    ) -> None:
        now = datetime.now(UTC)
        texts = [f"served request {i}" for i in range(40)] + ["ERROR pool exhausted after 3000 ms"]
        world.lines = [
            {"timestamp": now - timedelta(seconds=60 + i), "message": t, "status": "info"}
            for i, t in enumerate(texts)
        ]
        reading = await tools.kubernetes_logs("production", "web")
        assert reading.data["lines_read"] == 3 * 41
        assert reading.data["templates"][0]["template"] == "ERROR pool exhausted after <n> ms"
        only = await tools.kubernetes_logs("production", "web", contains="POOL")
        assert only.data["lines_read"] == 3

    async def test_secret_values_are_never_asked_for(self, tools: KubernetesTools) -> None:
        reading = await tools.kubernetes_list("Secret", "production")
        assert [i["name"] for i in reading.data["items"]] == ["database"]
        assert "aHVudGVyMg" not in reading.raw + reading.observation

    async def test_a_change_by_hand_is_seen_with_its_author(
        self, tools: KubernetesTools, writer: KubernetesClient
    ) -> None:
        await writer.patch("ConfigMap", "production", "settings", {"data": {"LEVEL": "debug"}})
        reading = await tools.kubernetes_changes("production", hours=1)
        assert [(c["kind"], c["name"], c["by"]) for c in reading.data["changes"]] == [
            ("ConfigMap", "settings", "srebot")
        ]

    async def test_a_wrong_token_is_a_refusal_and_a_dead_server_unreachable(self, url: str) -> None:
        for address, token, error in (
            (url, "wrong", AccessDenied),
            ("http://127.0.0.1:9", "sandbox-read", Unreachable),
        ):
            client = KubernetesClient(configure(host=address, token=token))
            with pytest.raises(error):
                await KubernetesTools(client).kubernetes_nodes()
            client.close()


def change(kind: str, target_kind: str, name: str, **arguments: Any) -> Change:
    target = Entity(name=name, kind=target_kind, namespace="production")
    return Change.model_validate({"kind": kind, "target": target, "arguments": arguments})


def proposal_of(wanted: Change, plan: Plan, **changes: Any) -> Proposal:
    now = datetime.now(UTC)
    return Proposal(
        id=uuid4(),
        investigation=1,
        change=wanted,
        plan=plan,
        environment="production",
        policy_version="1",
        created_at=changes.get("created_at", now),
        expires_at=now + timedelta(hours=1),
    )


MORE_MEMORY = change("resources", "deployment", "web", memory_bytes=GI)


class TestFixer:
    @pytest.fixture
    def fixer(self, writer: KubernetesClient) -> KubernetesFixer:
        return KubernetesFixer(writer)

    async def test_a_plan_is_a_dry_run_that_changes_nothing(
        self, fixer: KubernetesFixer, reader: KubernetesClient
    ) -> None:
        before = await reader.get("Deployment", "production", "web")
        plan = await fixer.plan(MORE_MEMORY)
        assert await reader.get("Deployment", "production", "web") == before
        assert plan.summary == "memory limit of web: 256Mi -> 1Gi"
        assert [x for x in plan.diff.splitlines() if x[:2] in ("- ", "+ ")] == [
            "-            memory: 256Mi",
            "+            memory: 1Gi",
        ]

    async def test_applying_twice_changes_once(
        self, fixer: KubernetesFixer, reader: KubernetesClient
    ) -> None:
        proposal = proposal_of(MORE_MEMORY, await fixer.plan(MORE_MEMORY))
        version = await fixer.apply(proposal)
        settled = await reader.get("Deployment", "production", "web")
        await fixer.apply(proposal)
        again = await reader.get("Deployment", "production", "web")
        assert again["metadata"]["generation"] == settled["metadata"]["generation"]
        assert version != proposal.plan.resource_version

    async def test_the_way_back_restores_the_template(
        self, fixer: KubernetesFixer, reader: KubernetesClient
    ) -> None:
        before = await reader.get("Deployment", "production", "web")
        plan = await fixer.plan(MORE_MEMORY)
        await fixer.apply(proposal_of(MORE_MEMORY, plan))
        back = await fixer.plan(plan.way_back)
        await fixer.apply(proposal_of(plan.way_back, back))
        after = await reader.get("Deployment", "production", "web")
        assert after["spec"]["template"] == before["spec"]["template"]

    async def test_a_change_by_someone_else_is_drift(
        self, fixer: KubernetesFixer, writer: KubernetesClient
    ) -> None:
        proposal = proposal_of(MORE_MEMORY, await fixer.plan(MORE_MEMORY))
        await writer.patch("Deployment", "production", "web", {"spec": {"replicas": 4}})
        with pytest.raises(Drifted, match="web was changed since"):
            await fixer.apply(proposal)

    async def test_status_reported_by_the_controller_is_no_drift(
        self, fixer: KubernetesFixer, store: ObjectStore, reader: KubernetesClient
    ) -> None:
        plan = await fixer.plan(MORE_MEMORY)
        older = plan.model_copy(update={"resource_version": "1"})
        live = await reader.get("Deployment", "production", "web")
        store.load(with_old_writes(live), datetime.now(UTC))
        await fixer.apply(proposal_of(MORE_MEMORY, older))
        after = await reader.get("Deployment", "production", "web")
        container = after["spec"]["template"]["spec"]["containers"][0]
        assert container["resources"]["limits"]["memory"] == "1Gi"

    async def test_an_object_made_anew_is_drift(self, fixer: KubernetesFixer) -> None:
        plan = await fixer.plan(MORE_MEMORY)
        other = plan.model_copy(update={"target_uid": "another"})
        with pytest.raises(Drifted, match="made anew"):
            await fixer.apply(proposal_of(MORE_MEMORY, other))

    async def test_a_read_only_credential_is_refused(self, reader: KubernetesClient) -> None:
        with pytest.raises(Refused, match="grant `patch` on `deployments`"):
            await KubernetesFixer(reader).plan(MORE_MEMORY)

    async def test_a_change_that_changes_nothing_is_refused(self, fixer: KubernetesFixer) -> None:
        with pytest.raises(Refused, match="Nothing would change"):
            await fixer.plan(change("replicas", "deployment", "web", replicas=3))

    async def test_a_rollback_brings_the_earlier_template_back(
        self, fixer: KubernetesFixer, reader: KubernetesClient
    ) -> None:
        wanted = change("rollback", "deployment", "web", revision=1)
        proposal = proposal_of(wanted, await fixer.plan(wanted))
        await fixer.apply(proposal)
        await fixer.apply(proposal)
        after = await reader.get("Deployment", "production", "web")
        assert after["spec"]["template"]["spec"]["containers"][0]["image"] == "shop/web:1"

    async def test_suspending_stops_the_active_job_and_resuming_starts_it_again(
        self, fixer: KubernetesFixer, store: ObjectStore, reader: KubernetesClient
    ) -> None:
        cron = await reader.get("CronJob", "production", "backup")
        store.load(active_job(cron), datetime.now(UTC))
        wanted = change("suspend_job", "cronjob", "backup")
        plan = await fixer.plan(wanted)
        assert plan.way_back.arguments == {"jobs": ["backup-now"]}
        assert "Job/production/backup-now (now)" in plan.diff
        await fixer.apply(proposal_of(wanted, plan))
        assert await suspended(reader) == (True, True)
        await fixer.apply(proposal_of(plan.way_back, await fixer.plan(plan.way_back)))
        assert await suspended(reader) == (False, False)

    async def test_a_crash_between_the_parts_is_made_good_by_repeating(
        self, fixer: KubernetesFixer, writer: KubernetesClient
    ) -> None:
        wanted = change(
            "config_value", "configmap", "settings", key="LEVEL", value="debug", restart="web"
        )
        proposal = proposal_of(wanted, await fixer.plan(wanted))
        mark = {"annotations": {"srebot.dev/proposal": str(proposal.id)}}
        half = {"data": {"LEVEL": "debug"}, "metadata": mark}
        await writer.patch("ConfigMap", "production", "settings", half)
        await fixer.apply(proposal)
        web = await writer.get("Deployment", "production", "web")
        assert "srebot.dev/restart" in web["spec"]["template"]["metadata"]["annotations"]

    async def test_a_controller_that_writes_the_second_part_meanwhile_does_not_leave_it_undone(
        self, url: str, fixer: KubernetesFixer, writer: KubernetesClient
    ) -> None:
        wanted = change(
            "config_value", "configmap", "settings", key="LEVEL", value="debug", restart="web"
        )
        proposal = proposal_of(wanted, await fixer.plan(wanted))
        racing = RacingClient(configure(host=url, token="sandbox-write"))
        await KubernetesFixer(racing).apply(proposal)
        racing.close()
        web = await writer.get("Deployment", "production", "web")
        assert web["metadata"]["annotations"]["meanwhile"] == "yes"
        assert "srebot.dev/restart" in web["spec"]["template"]["metadata"]["annotations"]


class RacingClient(KubernetesClient):
    """Somebody else writes the Deployment just before the first patch of it arrives."""

    raced = False

    async def patch(self, kind: str, namespace: str, name: str, body: Any, **named: Any) -> Any:
        if kind == "Deployment" and not self.raced:
            self.raced = True
            other = {"metadata": {"annotations": {"meanwhile": "yes"}}}
            await super().patch(kind, namespace, name, other)
        return await super().patch(kind, namespace, name, body, **named)


async def suspended(reader: KubernetesClient) -> tuple[bool, bool]:
    cron = await reader.get("CronJob", "production", "backup")
    job = await reader.get("Job", "production", "backup-now")
    return bool(cron["spec"].get("suspend")), bool(job["spec"].get("suspend"))


def with_old_writes(item: dict[str, Any]) -> dict[str, Any]:
    old = {
        "manager": "helm",
        "operation": "Update",
        "apiVersion": "apps/v1",
        "time": "2026-01-01T00:00:00Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": {},
    }
    return {**item, "metadata": {**item["metadata"], "managedFields": [old]}}


def active_job(cron: dict[str, Any]) -> dict[str, Any]:
    owner = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": "backup",
        "uid": cron["metadata"]["uid"],
        "controller": True,
    }
    job = simple("Job", "backup-now", spec=cron["spec"]["jobTemplate"]["spec"])
    job["apiVersion"] = "batch/v1"
    job["metadata"]["ownerReferences"] = [owner]
    job["status"] = {"active": 1, "startTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    return job


async def test_the_graph_joins_services_workloads_and_nodes(reader: KubernetesClient) -> None:
    seen = await KubernetesGraph(reader).build()
    entities, relations = seen.entities, seen.relations
    keys = {e.key for e in entities}
    assert {"production/service/web", "production/deployment/web", "-/node/node-1"} <= keys
    ties = {(r.source, r.kind, r.target) for r in relations}
    assert ("production/service/web", "runs", "production/deployment/web") in ties
    assert (
        "production/poddisruptionbudget/redis",
        "protects",
        "production/statefulset/redis",
    ) in ties
    assert {r.source for r in relations} | {r.target for r in relations} <= keys
    assert all(r.evidence for r in relations)


async def test_a_dsn_in_the_environment_is_an_inferred_dependency(
    store: ObjectStore, reader: KubernetesClient
) -> None:
    port = {"selector": {"app": "redis"}, "ports": [{"port": 6379}]}
    store.load(simple("Service", "redis", spec=port), datetime.now(UTC))
    relations = (await KubernetesGraph(reader).build()).relations
    found = [r for r in relations if r.kind == "depends_on"]
    assert [(r.source, r.target, r.origin) for r in found] == [
        ("production/service/web", "production/service/redis", "inferred")
    ]
    assert "REDIS_URL in environment of Deployment production/web" in found[0].evidence


async def test_the_probe_warns_when_the_read_credential_may_write(
    reader: KubernetesClient, writer: KubernetesClient
) -> None:
    assert all(p.ok and not p.warning for p in await probe(reader))
    assert [p.name for p in await probe(writer) if p.warning] == ["kubernetes read-only"]


async def test_long_lists_are_read_page_by_page(
    reader: KubernetesClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = [p["metadata"]["name"] for p in await reader.list("Pod", "production")]
    monkeypatch.setattr("integrations.kubernetes.client._PAGE", 2)
    assert [p["metadata"]["name"] for p in await reader.list("Pod", "production")] == whole
    assert len(whole) > 4


async def test_the_dry_run_is_asked_of_the_server(writer: KubernetesClient) -> None:
    body = {"spec": {"replicas": 7}}
    tried = await writer.patch(
        "Deployment", "production", "web", body, dry_run=True, content_type=STRATEGIC_MERGE
    )
    assert tried["spec"]["replicas"] == 7
    assert (await writer.get("Deployment", "production", "web"))["spec"]["replicas"] == 3

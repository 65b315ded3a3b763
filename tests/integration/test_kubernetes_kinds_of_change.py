"""Autoscalers' bounds, images, stuck pods and nodes: changed over the wire, and refused where a budget would break."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from agent.errors import Drifted, Refused
from agent.model import Change, ChangeKind, Entity, Plan, Proposal
from integrations.kubernetes.client import KubernetesClient, configure
from integrations.kubernetes.fixes import KubernetesFixer
from sandbox.kubernetes.cloning import clone
from sandbox.kubernetes.controllers import expand, kubelet
from sandbox.kubernetes.controllers.cluster import Cluster
from sandbox.kubernetes.ownership import Manager, record_update
from sandbox.kubernetes.store import ObjectStore
from tests.unit.sandbox.kubernetes.support import (
    FakeWorld,
    deployment,
    seeded_store,
    serving,
    simple,
)

LOOPING = {
    "ready": False,
    "restartCount": 7,
    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}},
}


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld()


@pytest.fixture
def store() -> ObjectStore:
    made = seeded_store()
    day_ago = datetime.now(UTC) - timedelta(days=1)
    scaled = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    bounds = {"minReplicas": 2, "maxReplicas": 4, "scaleTargetRef": scaled, "metrics": []}
    scaler = simple("HorizontalPodAutoscaler", "web", spec=bounds)
    record_update(None, scaler, Manager("argocd"), day_ago)
    made.load({**scaler, "apiVersion": "autoscaling/v2"}, day_ago)
    elsewhere = deployment(image="shop/web:3")
    elsewhere["metadata"]["namespace"] = "staging"
    expand(made, elsewhere, day_ago)
    return made


@pytest.fixture
def url(store: ObjectStore, world: FakeWorld) -> Iterator[str]:
    with serving(store, world) as address:
        yield address


@pytest.fixture
def client(url: str) -> Iterator[KubernetesClient]:
    made = KubernetesClient(configure(host=url, token="sandbox-write"))
    yield made
    made.close()


@pytest.fixture
def fixer(client: KubernetesClient) -> KubernetesFixer:
    return KubernetesFixer(client)


def change(
    kind: str, target: str, name: str, namespace: str = "production", **arguments: Any
) -> Change:
    entity = Entity(name=name, kind=target, namespace=namespace)
    return Change(kind=ChangeKind(kind), target=entity, arguments=arguments)


def proposal_of(wanted: Change, plan: Plan) -> Proposal:
    now = datetime.now(UTC)
    return Proposal(
        id=uuid4(),
        investigation=1,
        change=wanted,
        plan=plan,
        environment="production",
        policy_version="1",
        created_at=now,
        expires_at=now + timedelta(hours=1),
    )


def first_pod(store: ObjectStore, app: str) -> dict[str, Any]:
    pods = store.current("Pod", "production")
    return next(p for p in pods if (p["metadata"].get("labels") or {}).get("app") == app)


def protect(store: ObjectStore, app: str, **spec: Any) -> None:
    """A disruption budget over the pods of an app."""
    made = simple(
        "PodDisruptionBudget", app, spec={**spec, "selector": {"matchLabels": {"app": app}}}
    )
    store.create({**made, "apiVersion": "policy/v1"})


class TestBounds:
    async def test_a_maximum_is_raised_and_taken_back(
        self, fixer: KubernetesFixer, client: KubernetesClient
    ) -> None:
        wanted = change("hpa_bounds", "hpa", "web", maximum=8)
        plan = await fixer.plan(wanted)
        assert plan.summary == "maximum of autoscaler web: 4 -> 8"
        assert "-  maxReplicas: 4\n+  maxReplicas: 8" in plan.diff
        assert "Up to 4 more pods may start and request 0.4 CPU and 512Mi of the nodes" in plan.risk
        assert "no disruption budget would break" in plan.preconditions
        await fixer.apply(proposal_of(wanted, plan))
        assert (await client.get("hpa", "production", "web"))["spec"]["maxReplicas"] == 8
        assert plan.way_back is not None
        back = await fixer.plan(plan.way_back)
        await fixer.apply(proposal_of(plan.way_back, back))
        assert (await client.get("hpa", "production", "web"))["spec"]["maxReplicas"] == 4

    async def test_it_is_applied_once(
        self, fixer: KubernetesFixer, client: KubernetesClient
    ) -> None:
        wanted = change("hpa_bounds", "hpa", "web", maximum=8)
        proposal = proposal_of(wanted, await fixer.plan(wanted))
        version = await fixer.apply(proposal)
        assert await fixer.apply(proposal) == version

    async def test_bounds_that_somebody_changed_meanwhile_are_drift(
        self, fixer: KubernetesFixer, client: KubernetesClient
    ) -> None:
        wanted = change("hpa_bounds", "hpa", "web", maximum=8)
        proposal = proposal_of(wanted, await fixer.plan(wanted))
        await client.patch("hpa", "production", "web", {"spec": {"maxReplicas": 6}})
        with pytest.raises(Drifted):
            await fixer.apply(proposal)

    async def test_what_its_controller_reports_meanwhile_is_no_drift(
        self, fixer: KubernetesFixer, client: KubernetesClient, store: ObjectStore
    ) -> None:
        wanted = change("hpa_bounds", "hpa", "web", maximum=8)
        proposal = proposal_of(wanted, await fixer.plan(wanted))
        scaler = clone(store.get("HorizontalPodAutoscaler", "production", "web") or {})
        store.update({**scaler, "status": {"currentReplicas": 3, "desiredReplicas": 4}})
        await fixer.apply(proposal)
        assert (await client.get("hpa", "production", "web"))["spec"]["maxReplicas"] == 8

    @pytest.mark.parametrize(
        "bounds", [{}, {"minimum": 0}, {"maximum": 1000}, {"maximum": "8"}, {"minimum": 5}]
    )
    async def test_bounds_that_are_none_are_refused(
        self, fixer: KubernetesFixer, bounds: dict[str, Any]
    ) -> None:
        with pytest.raises(Refused):
            await fixer.plan(change("hpa_bounds", "hpa", "web", **bounds))

    async def test_a_minimum_below_the_disruption_budget_is_refused(
        self, fixer: KubernetesFixer, store: ObjectStore
    ) -> None:
        protect(store, "web", minAvailable=2)
        with pytest.raises(Refused, match="budget web, which needs 2 healthy pods"):
            await fixer.plan(change("hpa_bounds", "hpa", "web", minimum=1))


class TestImage:
    async def test_an_image_of_an_earlier_revision_comes_back(
        self, fixer: KubernetesFixer, client: KubernetesClient
    ) -> None:
        wanted = change("image", "deployment", "web", container="web", image="shop/web:1")
        plan = await fixer.plan(wanted)
        assert plan.summary == "image of container web of web: shop/web:2 -> shop/web:1"
        assert "settings and resources stay those of the present revision" in plan.risk
        await fixer.apply(proposal_of(wanted, plan))
        web = await client.get("Deployment", "production", "web")
        assert web["spec"]["template"]["spec"]["containers"][0]["image"] == "shop/web:1"
        assert plan.way_back is not None
        assert plan.way_back.arguments == {"container": "web", "image": "shop/web:2"}

    async def test_an_image_that_the_same_workload_runs_elsewhere_is_taken(
        self, fixer: KubernetesFixer
    ) -> None:
        plan = await fixer.plan(
            change("image", "deployment", "web", container="web", image="shop/web:3")
        )
        assert "shop/web:3" in plan.diff

    @pytest.mark.parametrize("image", ["", "shop/web:9", "evil.example/web:1", "redis:7.2"])
    async def test_an_image_that_nothing_of_that_name_ever_ran_is_refused(
        self, fixer: KubernetesFixer, image: str
    ) -> None:
        with pytest.raises(Refused, match="neither in the history of web nor run by another"):
            await fixer.plan(change("image", "deployment", "web", container="web", image=image))


class TestDeletion:
    async def test_a_crash_looping_pod_goes_and_another_comes(
        self, fixer: KubernetesFixer, store: ObjectStore, world: FakeWorld
    ) -> None:
        pod = first_pod(store, "web")
        wanted = looping(store, world, pod)
        plan = await fixer.plan(wanted)
        name = pod["metadata"]["name"]
        assert plan.summary == f"deletion of pod {name}, which is crash looping"
        assert plan.way_back is None
        assert "2 of the 2 other pods" in plan.risk
        assert f"-  uid: {pod['metadata']['uid']}" in plan.diff
        assert store.get("Pod", "production", name) is not None, "a plan changes nothing"
        await fixer.apply(proposal_of(wanted, plan))
        going = store.get("Pod", "production", name)
        assert going is None or going["metadata"].get("deletionTimestamp")

    async def test_one_that_is_gone_or_made_anew_is_done(
        self, fixer: KubernetesFixer, store: ObjectStore, world: FakeWorld
    ) -> None:
        pod = first_pod(store, "web")
        wanted = looping(store, world, pod)
        proposal = proposal_of(wanted, await fixer.plan(wanted))
        await fixer.apply(proposal)
        await fixer.apply(proposal)
        store.delete("Pod", "production", pod["metadata"]["name"])
        await fixer.apply(proposal)

    async def test_one_that_is_well_again_is_drift(
        self, fixer: KubernetesFixer, store: ObjectStore, world: FakeWorld
    ) -> None:
        pod = first_pod(store, "web")
        wanted = looping(store, world, pod)
        proposal = proposal_of(wanted, await fixer.plan(wanted))
        well = clone(store.get("Pod", "production", pod["metadata"]["name"]) or {})
        world.health.clear()
        well["status"] = pod["status"]
        store.update({**well, "metadata": {**well["metadata"], "resourceVersion": ""}})
        with pytest.raises(Drifted, match="not stuck"):
            await fixer.apply(proposal)

    async def test_one_that_a_disruption_budget_holds_is_refused_by_the_eviction_api(
        self, fixer: KubernetesFixer, store: ObjectStore, world: FakeWorld
    ) -> None:
        wanted = looping(store, world, first_pod(store, "redis"))
        with pytest.raises(Refused, match="budget redis needs 2 healthy pods and has 1 currently"):
            await fixer.plan(wanted)

    async def test_a_pod_that_is_ready_is_no_stuck_one(
        self, fixer: KubernetesFixer, store: ObjectStore
    ) -> None:
        with pytest.raises(Refused, match="is not stuck"):
            await fixer.plan(
                change("delete_pod", "pod", first_pod(store, "web")["metadata"]["name"])
            )

    async def test_a_bare_pod_is_refused(self, fixer: KubernetesFixer, store: ObjectStore) -> None:
        bare = clone(first_pod(store, "web"))
        bare["metadata"] = {"name": "debug", "namespace": "production"}
        store.create(bare)
        with pytest.raises(Refused, match="has no controller: nothing would make it anew"):
            await fixer.plan(change("delete_pod", "pod", "debug"))

    async def test_one_that_terminates_beyond_its_grace_is_deleted_by_force(
        self, fixer: KubernetesFixer, store: ObjectStore
    ) -> None:
        pod = overdue(store, "web")
        wanted = change("delete_pod", "pod", pod["metadata"]["name"])
        plan = await fixer.plan(wanted)
        assert plan.summary.startswith("force deletion of pod")
        assert "its containers may run on there beside those of the new pod" in plan.risk
        await fixer.apply(proposal_of(wanted, plan))
        assert store.get("Pod", "production", pod["metadata"]["name"]) is None

    async def test_a_stateful_sets_pod_on_a_silent_node_is_refused(
        self, fixer: KubernetesFixer, store: ObjectStore
    ) -> None:
        pod = overdue(store, "redis")
        with pytest.raises(Refused, match="could write the same volume"):
            await fixer.plan(change("delete_pod", "pod", pod["metadata"]["name"]))


def looping(store: ObjectStore, world: FakeWorld, pod: dict[str, Any]) -> Change:
    """Let it crash loop, and its kubelet say so."""
    name = pod["metadata"]["name"]
    world.health[name] = LOOPING
    kubelet.observe(Cluster(store, store.now(), lambda *_: LOOPING), pod)
    return change("delete_pod", "pod", name)


def overdue(store: ObjectStore, app: str) -> dict[str, Any]:
    """A pod of the app that should have ended minutes ago, on a node that no longer reports."""
    pod = clone(first_pod(store, app))
    node = clone(store.get("Node", "", pod["spec"]["nodeName"]) or {})
    lost = {
        "type": "Ready",
        "status": "Unknown",
        "lastTransitionTime": (datetime.now(UTC) - timedelta(minutes=1)).strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        ),
    }
    store.update({**node, "status": {"conditions": [lost]}})
    ended = datetime.now(UTC) - timedelta(minutes=5)
    pod["metadata"]["deletionTimestamp"] = ended.strftime("%Y-%m-%dT%H:%M:%SZ")
    pod["metadata"]["deletionGracePeriodSeconds"] = 30
    return store.update(pod)


class TestNodes:
    async def test_a_node_is_cordoned_and_opened_again(
        self, fixer: KubernetesFixer, client: KubernetesClient
    ) -> None:
        wanted = change("cordon", "node", "node-1", namespace="")
        plan = await fixer.plan(wanted)
        assert "+  unschedulable: true" in plan.diff
        await fixer.apply(proposal_of(wanted, plan))
        node = await client.get("Node", "", "node-1")
        assert node["spec"]["unschedulable"] is True
        assert plan.way_back is not None
        assert plan.way_back.kind is ChangeKind.UNCORDON
        back = await fixer.plan(plan.way_back)
        assert "It was cordoned by srebot" in back.risk
        await fixer.apply(proposal_of(plan.way_back, back))
        assert "unschedulable" not in (await client.get("Node", "", "node-1"))["spec"]

    async def test_a_credential_that_may_not_write_nodes_is_refused(self, url: str) -> None:
        reader = KubernetesClient(configure(host=url, token="sandbox-read"))
        with pytest.raises(Refused, match="grant `patch` on `nodes`"):
            await KubernetesFixer(reader, ["production"]).plan(
                change("cordon", "node", "node-1", namespace="")
            )
        reader.close()

    async def test_a_cordoned_node_is_not_cordoned_again(
        self, fixer: KubernetesFixer, client: KubernetesClient
    ) -> None:
        await client.patch("Node", "", "node-1", {"spec": {"unschedulable": True}})
        with pytest.raises(Refused, match="cordoned already"):
            await fixer.plan(change("cordon", "node", "node-1", namespace=""))


class TestBudgets:
    """A rollout or a scaling asks no budget in Kubernetes, so srebot does."""

    async def test_fewer_replicas_than_the_budget_needs_are_refused(
        self, fixer: KubernetesFixer, store: ObjectStore
    ) -> None:
        protect(store, "web", minAvailable=2)
        with pytest.raises(
            Refused, match="web, which needs 2 healthy pods: web would go down to 1"
        ):
            await fixer.plan(change("replicas", "deployment", "web", replicas=1))
        assert await fixer.plan(change("replicas", "deployment", "web", replicas=2))

    async def test_a_rollout_that_takes_a_healthy_pod_too_many_is_refused(
        self, fixer: KubernetesFixer
    ) -> None:
        with pytest.raises(Refused, match="redis would go down to 1 of 2"):
            await fixer.plan(change("restart", "statefulset", "redis"))

    async def test_a_rollout_that_adds_before_it_takes_away_is_let_through(
        self, fixer: KubernetesFixer, store: ObjectStore
    ) -> None:
        protect(store, "web", minAvailable=3)
        assert await fixer.plan(change("restart", "deployment", "web"))

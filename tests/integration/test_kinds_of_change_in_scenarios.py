"""Each new kind of change mends its scenario: planned and applied on the served company, and the cluster is well after.

What the rules propose there is proven in ``test_modes_pods`` and ``test_modes_cluster``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from agent.model import Change, ChangeKind, Entity, Proposal
from integrations.kubernetes.client import KubernetesClient, configure
from integrations.kubernetes.fixes import KubernetesFixer
from sandbox.serving import running

PATIENCE_SECONDS = 25.0


@contextmanager
def company(scenario: str) -> Iterator[KubernetesClient]:
    """A client with the write credential on a served scenario."""
    with running(scenario) as sandbox:
        client = KubernetesClient(configure(host=f"{sandbox.url}/k8s", token="sandbox-write"))
        yield client
        client.close()


async def carried_out(client: KubernetesClient, wanted: Change) -> Proposal:
    """Plan it, and apply it twice, as a crash may have it."""
    fixer = KubernetesFixer(client, ("production",))
    now = datetime.now(UTC)
    proposal = Proposal(
        id=uuid4(),
        investigation=1,
        change=wanted,
        plan=await fixer.plan(wanted),
        environment="production",
        policy_version="1",
        created_at=now,
        expires_at=now + timedelta(hours=1),
    )
    await fixer.apply(proposal)
    await fixer.apply(proposal)
    return proposal


def change(kind: ChangeKind, target: str, name: str, namespace: str, **arguments: Any) -> Change:
    entity = Entity(name=name, kind=target, namespace=namespace)
    return Change(kind=kind, target=entity, arguments=arguments)


async def becomes(so: Callable[[], Awaitable[bool]]) -> bool:
    """Whether it comes to be so before long."""
    until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while asyncio.get_running_loop().time() < until:
        if await so():
            return True
        await asyncio.sleep(0.5)
    return False


async def has_ready(client: KubernetesClient, kind: str, name: str, number: int) -> bool:
    item = await client.get(kind, "production", name)
    return int(item["status"].get("readyReplicas") or 0) == number


async def unready_pod(client: KubernetesClient, app: str) -> str:
    """The name of the one pod of an app that is not ready."""
    pods = await client.list("Pod", "production", selector=f"app.kubernetes.io/name={app}")
    (name,) = [
        p["metadata"]["name"]
        for p in pods
        if not any(
            c["type"] == "Ready" and c["status"] == "True" for c in p["status"]["conditions"]
        )
    ]
    return str(name)


async def test_the_pod_that_hangs_is_deleted_and_made_anew() -> None:
    with company("stuck-pod") as client:
        name = await unready_pod(client, "session")
        proposal = await carried_out(
            client, change(ChangeKind.DELETE_POD, "pod", name, "production")
        )
        assert "2 of the 2 other pods" in proposal.plan.risk
        assert await becomes(lambda: has_ready(client, "Deployment", "session", 3))


async def test_the_maximum_is_raised_and_the_autoscaler_follows() -> None:
    with company("hpa-at-maximum") as client:
        await carried_out(
            client, change(ChangeKind.HPA_BOUNDS, "hpa", "search", "production", maximum=16)
        )

        async def has_more() -> bool:
            item = await client.get("Deployment", "production", "search")
            return int(item["spec"]["replicas"]) > 9

        assert await becomes(has_more)


async def test_an_uncordoned_node_takes_the_pod_that_waits() -> None:
    with company("node-cordoned") as client:
        assert await unready_pod(client, "rabbitmq")
        proposal = await carried_out(
            client, change(ChangeKind.UNCORDON, "node", "ip-10-0-2-21", "")
        )
        assert "It was cordoned by kubectl-cordon" in proposal.plan.risk
        replicas = (await client.get("StatefulSet", "production", "rabbitmq"))["spec"]["replicas"]
        assert await becomes(lambda: has_ready(client, "StatefulSet", "rabbitmq", replicas))


async def test_the_image_that_ran_comes_back() -> None:
    with company("image-name-or-tag") as client:
        image = "registry.sundial.example/catalog:4.12.2"
        terms = {"container": "catalog", "image": image}
        await carried_out(
            client, change(ChangeKind.IMAGE, "deployment", "catalog", "production", **terms)
        )

        async def is_rolled_out() -> bool:
            status = (await client.get("Deployment", "production", "catalog"))["status"]
            return status.get("updatedReplicas") == status.get("readyReplicas") == 3

        assert await becomes(is_rolled_out)

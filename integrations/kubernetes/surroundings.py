"""Reads what a change depends on beside its target: budgets, autoscalers, nodes, revisions, and who else is rolled."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from agent.errors import AccessDenied, NotFound
from agent.model import Change, Json
from integrations.kubernetes import edits, objects
from integrations.kubernetes.client import KubernetesClient
from integrations.kubernetes.resources import WORKLOADS
from integrations.kubernetes.risks import Surroundings

_AROUND = ("HorizontalPodAutoscaler", "PodDisruptionBudget", "ConfigMap")


class Neighbourhood:
    """Around the target of a change.

    Args:
        client: with the write credential, which reads as well.
    """

    def __init__(self, client: KubernetesClient) -> None:
        self._client = client

    async def of(self, target: Json, restarted: Json | None, jobs: Sequence[Json]) -> Surroundings:
        """What the change's risk depends on; what only informs it may be unseen.

        Args:
            target: of the change.
            restarted: the workload that is restarted after it.
            jobs: that are suspended or resumed with it.
        """
        workload, namespace = restarted or target, objects.namespace_of(target)
        unseen: set[str] = set()
        kinds = _AROUND if namespace else ()
        nodes, *lists = await asyncio.gather(
            self._seen("Node", "", unseen), *(self._seen(k, namespace, unseen) for k in kinds)
        )
        scalers, budgets, config_maps = lists or ([], [], [])
        used = objects.references(workload, "ConfigMap")
        is_config = target["kind"] == "ConfigMap"
        return Surroundings(
            workload,
            scalers,
            budgets,
            [c for c in config_maps if objects.name_of(c) in used],
            nodes,
            jobs,
            await self._reloaded(target) if is_config else (),
            await self._scaled(target),
            unseen,
        )

    async def revisions(self, item: Json) -> list[Json]:
        """The ReplicaSets or ControllerRevisions of a workload."""
        kind = "ReplicaSet" if item["kind"] == "Deployment" else "ControllerRevision"
        found = await self._client.list(kind, objects.namespace_of(item))
        uid = item["metadata"]["uid"]
        return [r for r in found if (objects.owner_of(r) or {}).get("uid") == uid]

    async def images(self, item: Json, change: Change) -> set[str]:
        """The images that the change's container has or had, here or in workloads of the same name elsewhere."""
        name = str(change.arguments.get("container") or "")
        templates = [edits.revision_template(r) for r in await self.revisions(item)]
        with contextlib.suppress(AccessDenied):  # those of other namespaces may be out of sight
            same = f"metadata.name={objects.name_of(item)}"
            templates += map(
                objects.pod_template, await self._client.list(item["kind"], fields=same)
            )
        containers = [c for t in templates for c in t.get("spec", {}).get("containers", [])]
        return {str(c["image"]) for c in containers if name in ("", c.get("name"))}

    async def _scaled(self, target: Json) -> Json | None:
        """The workload that an autoscaler scales."""
        if target["kind"] != "HorizontalPodAutoscaler":
            return None
        scaled = target["spec"]["scaleTargetRef"]
        with contextlib.suppress(AccessDenied, NotFound):
            return await self._client.get(
                scaled["kind"], objects.namespace_of(target), scaled["name"]
            )
        return None

    async def _reloaded(self, config_map: Json) -> list[Json]:
        namespace, name = objects.namespace_of(config_map), objects.name_of(config_map)
        lists = await asyncio.gather(*(self._seen(k, namespace, set()) for k in WORKLOADS))
        return [i for found in lists for i in found if objects.reloads_itself(i, name)]

    async def _seen(self, kind: str, namespace: str, unseen: set[str]) -> list[Json]:
        try:
            return await self._client.list(kind, namespace)
        except AccessDenied:
            unseen.add(kind)
            return []

"""Deletes a stuck pod, through the Eviction API, so that its disruption budgets are asked."""

from __future__ import annotations

import difflib
from datetime import UTC, datetime

from agent.errors import AccessDenied, Drifted, NotFound, Refused
from agent.model import Change, Json, Plan
from integrations.calls import Rejected
from integrations.kubernetes import objects
from integrations.kubernetes.client import KubernetesClient
from integrations.kubernetes.platform_risks import deletion_risk
from integrations.kubernetes.stuck_pods import OVERDUE, Stuck, gist, refuse_two_of_one, stuck

_CONFLICT = 409


class Evictor:
    """Plans and carries out the deletion of one pod.

    Args:
        client: with the write credential.
    """

    def __init__(self, client: KubernetesClient) -> None:
        self._client = client

    async def plan(self, change: Change) -> Plan:
        """Try it without its being done.

        Raises:
            Refused: the pod is not stuck, nothing makes it anew, or a disruption budget forbids it.
            ToolError: the pod cannot be seen.
        """
        pod = await self._pod(change)
        found = stuck(pod, datetime.now(UTC))
        node = await self._node(pod)
        refuse_two_of_one(pod, found, node)
        await self._evict(pod, found, dry_run=True)
        metadata = pod["metadata"]
        return Plan(
            diff=_diff(pod),
            target_uid=metadata["uid"],
            resource_version=str(metadata["resourceVersion"]),
            summary=f"{_verb(found)} pod {objects.name_of(pod)}, which {found.why}",
            risk=deletion_risk(pod, found, await self._siblings(pod), node),
            way_back=None,
            preconditions=(f"it is pod {metadata['uid']} still", *found.preconditions),
        )

    async def apply(self, change: Change, plan: Plan) -> str:
        """Delete the pod that was planned for, if it is there and as stuck as it was; it being gone is its being done.

        Returns:
            The version at which it was last seen.

        Raises:
            Drifted: it is no longer stuck in that way.
            Refused: a disruption budget, or the cluster, forbids it.
        """
        pod = await self._planned(change, plan)
        if pod is None:
            return plan.resource_version
        version = str(pod["metadata"]["resourceVersion"])
        if pod["metadata"].get("deletionTimestamp") and f"it {OVERDUE}" not in plan.preconditions:
            return version  # it is on its way out: by an earlier attempt, or by somebody else
        try:
            found = stuck(pod, datetime.now(UTC))
        except Refused as error:
            raise Drifted(str(error)) from error
        if found.preconditions != plan.preconditions[1:]:
            raise Drifted(f"Pod {objects.name_of(pod)} is no longer as it was planned for")
        refuse_two_of_one(pod, found, await self._node(pod))
        try:
            await self._evict(pod, found)
        except (Drifted, NotFound):
            if await self._planned(change, plan) is not None:
                raise
        return version

    async def _planned(self, change: Change, plan: Plan) -> Json | None:
        """The pod that was planned for; None when it is gone, whatever stands in its place."""
        try:
            pod = await self._pod(change)
        except NotFound:
            return None
        return pod if pod["metadata"]["uid"] == plan.target_uid else None

    async def _pod(self, change: Change) -> Json:
        return await self._client.get("Pod", change.target.namespace, change.target.name)

    async def _node(self, pod: Json) -> Json | None:
        """The pod's node; None when it has none, or when it may not be seen."""
        name = pod.get("spec", {}).get("nodeName")
        try:
            return await self._client.get("Node", "", name) if name else None
        except (NotFound, AccessDenied):
            return None

    async def _siblings(self, pod: Json) -> list[Json]:
        owner = (objects.owner_of(pod) or {}).get("uid")
        pods = await self._client.list("Pod", objects.namespace_of(pod))
        others = [p for p in pods if p["metadata"]["uid"] != pod["metadata"]["uid"]]
        return [p for p in others if (objects.owner_of(p) or {}).get("uid") == owner]

    async def _evict(self, pod: Json, found: Stuck, *, dry_run: bool = False) -> None:
        name = objects.name_of(pod)
        options: Json = {"preconditions": {"uid": pod["metadata"]["uid"]}}
        if found.grace_seconds is not None:
            options["gracePeriodSeconds"] = found.grace_seconds
        try:
            await self._client.evict(objects.namespace_of(pod), name, options, dry_run=dry_run)
        except Rejected as error:
            if error.status_code == _CONFLICT:
                raise Drifted(f"Pod {name} was made anew in the meantime: {error}") from error
            raise Refused(str(error)) from error
        except AccessDenied as error:
            raise Refused(str(error)) from error


def _verb(found: Stuck) -> str:
    return "force deletion of" if found.overdue else "deletion of"


def _diff(pod: Json) -> str:
    path = f"Pod/{objects.namespace_of(pod)}/{objects.name_of(pod)}"
    lines = difflib.unified_diff(
        gist(pod), [], f"{path} (now)", f"{path} (proposed)", n=0, lineterm=""
    )
    return "\n".join([*lines, ""])

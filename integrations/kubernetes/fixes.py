"""Carries out changes on a cluster: planned by a server-side dry run, applied once, on exactly what was planned."""

from __future__ import annotations

import asyncio
import contextlib
import difflib
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import yaml

from agent.errors import AccessDenied, Drifted, NotFound, Refused
from agent.model import Change, ChangeKind, Json, Plan, Proposal
from integrations.calls import Rejected
from integrations.kubernetes import edits, objects, workloads
from integrations.kubernetes.client import KubernetesClient
from integrations.kubernetes.edits import PROPOSAL, Draft, Edit
from integrations.kubernetes.masked import safe
from integrations.kubernetes.resources import WORKLOADS
from integrations.kubernetes.risks import Surroundings, risk_of
from integrations.text import parse_time

_ATTEMPTS = 3
_PLANNED_WITHIN = timedelta(seconds=60)
"""A plan is at most this much older than its proposal."""
_WORKLOAD_KINDS = frozenset({"deployment", "statefulset", "daemonset", "cronjob"})
_CONFLICT = 409
_DIFF_CONTEXT = 1
"""Lines around a change: people read the diff on a phone."""


class KubernetesFixer:
    """The only holder of the cluster's write credential (``agent.ports.Fixer``).

    Args:
        client: with the write credential.
        namespaces: where alone it changes anything; empty: wherever the credential may.
    """

    def __init__(self, client: KubernetesClient, namespaces: Collection[str] = ()) -> None:
        self._client = client
        self._namespaces = frozenset(namespaces)

    async def plan(self, change: Change) -> Plan:
        """Dry-run it against the live target.

        Raises:
            Refused: outside the bounds, not possible for this kind, or refused by the cluster's validation.
            ToolError: the target cannot be seen.
        """
        for _ in range(_ATTEMPTS - 1):
            with contextlib.suppress(Drifted):  # written between reading and trying
                return await self._plan(change)
        return await self._plan(change)

    async def apply(self, proposal: Proposal) -> str:
        """Apply it exactly once; what already bears the proposal's mark is left alone.

        Raises:
            Drifted: the target is not the one that was planned against, or was changed since.
            Refused: the cluster refused it.
        """
        mark, plan = str(proposal.id), proposal.plan
        try:
            item = await self._target(proposal.change)
        except NotFound as error:
            raise Drifted(f"The target is gone: {error}") from error
        if item["metadata"]["uid"] != plan.target_uid:
            raise Drifted(f"{objects.name_of(item)} was deleted and made anew since the proposal")
        done = _is_marked(item, mark)
        if done and not _has_more_parts(proposal.change):
            return str(item["metadata"]["resourceVersion"])
        draft = await self._draft(proposal.change, item, plan.way_back)
        if not done and not await self._is_as_planned(item, draft, proposal):
            raise Drifted(f"{objects.name_of(item)} was changed since the proposal was made")
        version = str(item["metadata"]["resourceVersion"])
        for position, edit in enumerate(draft.edits):
            if _is_marked(edit.item, mark):
                continue
            if position == 0:
                after = await self._patch(edit, mark)
                version = str(after["metadata"]["resourceVersion"])
            else:
                await self._follow(edit, mark)
        return version

    async def _follow(self, edit: Edit, mark: str) -> None:
        """Patch what comes after the target; controllers that act on the target's change may write it meanwhile."""
        for attempt in range(_ATTEMPTS):
            try:
                await self._patch(edit, mark)
            except Drifted:
                if attempt == _ATTEMPTS - 1:
                    raise
                edit = await self._renewed(edit)
            else:
                return

    async def _renewed(self, edit: Edit) -> Edit:
        """The same patch of the same object as it is by now."""
        kind, name = edit.item["kind"], objects.name_of(edit.item)
        latest = await self._client.get(kind, objects.namespace_of(edit.item), name)
        if latest["metadata"]["uid"] != edit.item["metadata"]["uid"]:
            raise Drifted(f"{name} was deleted and made anew since the proposal")
        return replace(edit, item=latest)

    async def _plan(self, change: Change) -> Plan:
        item = await self._target(change)
        draft = await self._draft(change, item, None)
        diff = await self._diff_of(draft)
        if not diff:
            raise Refused(f"Nothing would change: {draft.summary}")
        return Plan(
            diff=diff,
            target_uid=item["metadata"]["uid"],
            resource_version=str(item["metadata"]["resourceVersion"]),
            summary=draft.summary,
            risk=risk_of(change, await self._surroundings(change, item, draft)),
            way_back=draft.way_back,
        )

    async def _is_as_planned(self, item: Json, draft: Draft, proposal: Proposal) -> bool:
        """The planned version, or one that differs from it by status alone and gives the same diff."""
        if str(item["metadata"]["resourceVersion"]) == proposal.plan.resource_version:
            return True
        if not _only_status_moved(item, proposal.created_at - _PLANNED_WITHIN):
            return False
        return await self._diff_of(draft) == proposal.plan.diff

    async def _diff_of(self, draft: Draft) -> str:
        after = [await self._patch(e, dry_run=True) for e in draft.edits]
        return "".join(_diff(e.item, a) for e, a in zip(draft.edits, after, strict=True))

    async def _target(self, change: Change) -> Json:
        target = change.target
        if self._namespaces and target.namespace not in self._namespaces:
            raise Refused(
                f"srebot does not look after namespace {target.namespace or '(none)'}: "
                "KUBERNETES_NAMESPACES does not name it"
            )
        if change.kind is ChangeKind.CONFIG_VALUE:
            return await self._client.get("ConfigMap", target.namespace, target.name)
        kind = target.kind if target.kind in _WORKLOAD_KINDS else ""
        return await workloads.find(self._client, target.namespace, target.name, kind)

    async def _draft(self, change: Change, item: Json, way_back: Change | None) -> Draft:
        """The change on live objects; ``way_back`` of its plan names the Jobs that were approved with it."""
        match change.kind:
            case ChangeKind.RESOURCES:
                return edits.resources(change, item)
            case ChangeKind.REPLICAS:
                return edits.replicas(change, item)
            case ChangeKind.RESTART:
                return edits.restart(change, item, await self._revisions(item))
            case ChangeKind.ROLLBACK:
                return edits.rollback(change, item, await self._revisions(item))
            case ChangeKind.CONFIG_VALUE:
                return edits.config_value(change, item, await self._restarted(change))
            case ChangeKind.SUSPEND_JOB | ChangeKind.RESUME_JOB:
                return edits.suspension(change, item, await self._jobs(change, item, way_back))
        raise Refused(f"{change.kind.value} cannot be carried out here.")

    async def _restarted(self, change: Change) -> Json | None:
        name = str(change.arguments.get("restart") or "")
        if not name:
            return None
        return await workloads.find(self._client, change.target.namespace, name)

    async def _jobs(self, change: Change, item: Json, way_back: Change | None) -> list[Json]:
        """The Jobs to suspend (those active) or to resume (those that its suspension named)."""
        found = await workloads.jobs_of(
            self._client, objects.namespace_of(item), objects.name_of(item)
        )
        unfinished = [j for j in found if not objects.job_data(j)["finished_at"]]
        if change.kind is ChangeKind.RESUME_JOB:
            named = change.arguments.get("jobs") or []
            return [j for j in unfinished if objects.name_of(j) in named]
        if way_back is not None:
            named = way_back.arguments.get("jobs") or []
            return [j for j in unfinished if objects.name_of(j) in named]
        return [j for j in unfinished if not j.get("spec", {}).get("suspend")]

    async def _revisions(self, item: Json) -> list[Json]:
        kind = "ReplicaSet" if item["kind"] == "Deployment" else "ControllerRevision"
        found = await self._client.list(kind, objects.namespace_of(item))
        uid = item["metadata"]["uid"]
        return [r for r in found if (objects.owner_of(r) or {}).get("uid") == uid]

    async def _surroundings(self, change: Change, target: Json, draft: Draft) -> Surroundings:
        workload = target
        if change.kind is ChangeKind.CONFIG_VALUE:
            workload = await self._restarted(change) or target
        namespace = objects.namespace_of(target)
        used = objects.references(workload, "ConfigMap")
        scalers, budgets, config_maps, nodes = await asyncio.gather(
            self._seen("HorizontalPodAutoscaler", namespace),
            self._seen("PodDisruptionBudget", namespace),
            self._seen("ConfigMap", namespace),
            self._seen("Node", ""),
        )
        return Surroundings(
            workload,
            scalers,
            budgets,
            [c for c in config_maps if objects.name_of(c) in used],
            nodes,
            [e.item for e in draft.edits[1:] if e.item["kind"] == "Job"],
            await self._reloaded(target) if change.kind is ChangeKind.CONFIG_VALUE else (),
        )

    async def _reloaded(self, config_map: Json) -> list[Json]:
        namespace, name = objects.namespace_of(config_map), objects.name_of(config_map)
        lists = await asyncio.gather(*(self._seen(k, namespace) for k in WORKLOADS))
        return [i for found in lists for i in found if objects.reloads_itself(i, name)]

    async def _seen(self, kind: str, namespace: str) -> list[Json]:
        """What only informs the risk may be unseen."""
        try:
            return await self._client.list(kind, namespace)
        except AccessDenied:
            return []

    async def _patch(self, edit: Edit, mark: str = "", *, dry_run: bool = False) -> Json:
        metadata = edit.item["metadata"]
        name = objects.name_of(edit.item)
        try:
            return await self._client.patch(
                edit.item["kind"],
                objects.namespace_of(edit.item),
                name,
                edit.guarded(str(metadata["resourceVersion"]), mark),
                dry_run=dry_run,
                content_type=edit.content_type,
            )
        except Rejected as error:
            if error.status_code == _CONFLICT:
                raise Drifted(f"{name} was changed in the meantime: {error}") from error
            raise Refused(str(error)) from error
        except AccessDenied as error:
            raise Refused(str(error)) from error
        except NotFound as error:
            raise Drifted(f"{name} is gone: {error}") from error


def _has_more_parts(change: Change) -> bool:
    """Whether more than the target is patched, so that a crash may have left the rest undone."""
    return change.kind in (
        ChangeKind.CONFIG_VALUE,
        ChangeKind.SUSPEND_JOB,
        ChangeKind.RESUME_JOB,
    )


def _is_marked(item: Json, mark: str) -> bool:
    return (item["metadata"].get("annotations") or {}).get(PROPOSAL) == mark


def _only_status_moved(item: Json, since: datetime) -> bool:
    """Whether all that was written since then is status, which its controller reports and which is no drift.

    managedFields date every other write; without them there is no telling.
    """
    writes = [
        parse_time(e.get("time"))
        for e in item["metadata"].get("managedFields") or []
        if e.get("subresource") != "status"
    ]
    return bool(writes) and all(w is not None and w < since for w in writes)


def _diff(before: Json, after: Json) -> str:
    """Unified diff of the objects' YAML, bookkeeping left out and secrets masked."""
    path = f"{before['kind']}/{objects.namespace_of(before)}/{objects.name_of(before)}"
    return "\n".join(
        [
            *difflib.unified_diff(
                _yaml(before),
                _yaml(after),
                f"{path} (now)",
                f"{path} (proposed)",
                n=_DIFF_CONTEXT,
                lineterm="",
            ),
            "",
        ]
    ).lstrip("\n")


def _yaml(item: Json) -> Sequence[str]:
    return yaml.safe_dump(safe(objects.pruned(item)), sort_keys=True, width=120).splitlines()

"""Carries out changes on a cluster: planned by a server-side dry run, applied once, on exactly what was planned."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from agent.errors import AccessDenied, Drifted, NotFound, Refused
from agent.model import Change, ChangeKind, Json, Plan, Proposal
from integrations.calls import Rejected
from integrations.kubernetes import edits, objects, platform_edits, workloads
from integrations.kubernetes.client import KubernetesClient
from integrations.kubernetes.diffs import diff
from integrations.kubernetes.disruption import NEVER_DISRUPTIVE, falls_of, refuse_breaking
from integrations.kubernetes.edits import PROPOSAL, Draft, Edit
from integrations.kubernetes.evicting import Evictor
from integrations.kubernetes.risks import Surroundings, risk_of
from integrations.kubernetes.surroundings import Neighbourhood
from integrations.text import parse_time

_ATTEMPTS = 3
_PLANNED_WITHIN = timedelta(seconds=60)
"""A plan is at most this much older than its proposal."""
_WORKLOAD_KINDS = frozenset({"deployment", "statefulset", "daemonset", "cronjob"})
_KINDS = {
    ChangeKind.CONFIG_VALUE: "ConfigMap",
    ChangeKind.HPA_BOUNDS: "HorizontalPodAutoscaler",
    ChangeKind.CORDON: "Node",
    ChangeKind.UNCORDON: "Node",
}
"""Kinds of change that are made to another kind of object than a workload."""
_OF_NODES = (ChangeKind.CORDON, ChangeKind.UNCORDON)
_CONFLICT = 409


class KubernetesFixer:
    """The only holder of the cluster's write credential (``agent.ports.Fixer``).

    Args:
        client: with the write credential.
        namespaces: where alone it changes anything; empty: wherever the credential may.
    """

    def __init__(self, client: KubernetesClient, namespaces: Collection[str] = ()) -> None:
        self._client = client
        self._namespaces = frozenset(namespaces)
        self._evictor = Evictor(client)
        self._neighbourhood = Neighbourhood(client)

    async def plan(self, change: Change) -> Plan:
        """Dry-run it against the live target.

        Raises:
            Refused: outside the bounds, not possible for this kind, refused by the cluster's validation, or it would
                break a disruption budget.
            ToolError: the target cannot be seen.
        """
        self._refuse_elsewhere(change)
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
        self._refuse_elsewhere(proposal.change)
        if proposal.change.kind is ChangeKind.DELETE_POD:
            return await self._evictor.apply(proposal.change, plan)
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
        if not done:
            await self._check(item, draft, proposal)
        return await self._carry_out(item, draft, mark)

    async def was_applied(self, proposal: Proposal) -> bool:
        """Whether the target bears the proposal's mark; of a pod to delete, whether it is gone."""
        gone = proposal.change.kind is ChangeKind.DELETE_POD
        try:
            item = await self._target(proposal.change)
        except NotFound:
            return gone
        if item["metadata"]["uid"] != proposal.plan.target_uid:
            return gone
        return _is_marked(item, str(proposal.id))

    async def _carry_out(self, item: Json, draft: Draft, mark: str) -> str:
        """Patch one after the other what does not bear the mark yet; the version of the target afterwards."""
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
        if change.kind is ChangeKind.DELETE_POD:
            return await self._evictor.plan(change)
        item = await self._target(change)
        draft = await self._draft(change, item, None)
        shown = await self._diff_of(draft)
        if not shown:
            raise Refused(f"Nothing would change: {draft.summary}")
        around = await self._surroundings(change, item, draft)
        _refuse_disruption(change, item, around)
        uid, version = item["metadata"]["uid"], str(item["metadata"]["resourceVersion"])
        return Plan(
            diff=shown,
            target_uid=uid,
            resource_version=version,
            summary=draft.summary,
            risk=risk_of(change, around),
            way_back=draft.way_back,
            preconditions=_preconditions(change, item),
        )

    async def _check(self, item: Json, draft: Draft, proposal: Proposal) -> None:
        """That what was approved is what would be done, and still may be."""
        if not await self._is_as_planned(item, draft, proposal):
            raise Drifted(f"{objects.name_of(item)} was changed since the proposal was made")
        around = await self._surroundings(proposal.change, item, draft)
        _refuse_disruption(proposal.change, item, around)

    async def _is_as_planned(self, item: Json, draft: Draft, proposal: Proposal) -> bool:
        """The planned version, or one that differs from it by status alone and gives the same diff."""
        if str(item["metadata"]["resourceVersion"]) == proposal.plan.resource_version:
            return True
        if not _only_status_moved(item, proposal.created_at - _PLANNED_WITHIN):
            return False
        return await self._diff_of(draft) == proposal.plan.diff

    async def _diff_of(self, draft: Draft) -> str:
        after = [await self._patch(e, dry_run=True) for e in draft.edits]
        return "".join(diff(e.item, a) for e, a in zip(draft.edits, after, strict=True))

    def _refuse_elsewhere(self, change: Change) -> None:
        target = change.target
        if (
            change.kind in _OF_NODES
        ):  # in no namespace: whether it may is for the cluster's roles to say
            return
        if self._namespaces and target.namespace not in self._namespaces:
            raise Refused(
                f"srebot does not look after namespace {target.namespace or '(none)'}: "
                "KUBERNETES_NAMESPACES does not name it"
            )

    async def _target(self, change: Change) -> Json:
        target = change.target
        if (kind := _KINDS.get(change.kind)) is not None:
            namespace = "" if kind == "Node" else target.namespace
            return await self._client.get(kind, namespace, target.name)
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
                return edits.restart(change, item, await self._neighbourhood.revisions(item))
            case ChangeKind.ROLLBACK:
                return edits.rollback(change, item, await self._neighbourhood.revisions(item))
            case ChangeKind.CONFIG_VALUE:
                return edits.config_value(change, item, await self._restarted(change))
            case ChangeKind.SUSPEND_JOB | ChangeKind.RESUME_JOB:
                return edits.suspension(change, item, await self._jobs(change, item, way_back))
            case ChangeKind.IMAGE:
                return edits.image(change, item, await self._neighbourhood.images(item, change))
            case ChangeKind.HPA_BOUNDS:
                return platform_edits.hpa_bounds(change, item)
            case ChangeKind.CORDON | ChangeKind.UNCORDON:
                return platform_edits.cordoning(change, item)
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

    async def _surroundings(self, change: Change, target: Json, draft: Draft) -> Surroundings:
        restarted = None
        if change.kind is ChangeKind.CONFIG_VALUE:
            restarted = await self._restarted(change)
        jobs = [e.item for e in draft.edits[1:] if e.item["kind"] == "Job"]
        return await self._neighbourhood.of(target, restarted, jobs)

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


def _refuse_disruption(change: Change, target: Json, around: Surroundings) -> None:
    if change.kind in NEVER_DISRUPTIVE:
        return
    rolled = list(around.reloaded)
    if change.kind is ChangeKind.CONFIG_VALUE and around.workload is not target:
        rolled.append(around.workload)
    item = around.scaled if change.kind is ChangeKind.HPA_BOUNDS else around.workload
    if item is not None:
        refuse_breaking(falls_of(change, target, item, rolled), around.budgets)


def _preconditions(change: Change, item: Json) -> tuple[str, ...]:
    """What ``apply`` holds to, in words."""
    metadata, name = item["metadata"], objects.name_of(item)
    held = (
        f"it is {item['kind']} {metadata['uid']} still",
        f"nobody has changed {name} since version {metadata['resourceVersion']}",
    )
    return held if change.kind in NEVER_DISRUPTIVE else (*held, "no disruption budget would break")

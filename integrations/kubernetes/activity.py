"""What a reasoner may ask the cluster about what happened: rollouts, changes, events, logs."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated

from pydantic import Field

from agent.analysis.logs import LogLine, mine
from agent.errors import BadArguments, NotFound
from agent.model import Json, Reading
from agent.tools import tool
from integrations.calls import Rejected
from integrations.kubernetes import history, objects, render, workloads
from integrations.kubernetes.client import KubernetesClient
from integrations.kubernetes.lines import dated_lines, event_data
from integrations.kubernetes.pruning import event_lines
from integrations.text import (
    RARE_READ,
    clock,
    iso,
    lines,
    mined_lines,
    parse_time,
    raw,
    template_json,
    utc_now,
    window_of,
)

Namespace = Annotated[str, Field(description="Kubernetes namespace, such as production")]
Hours = Annotated[float, Field(gt=0, le=720, description="how far back to look")]
Minutes = Annotated[float, Field(gt=0, le=1440, description="how far back to look")]
_PODS_READ = 6
_LINES_PER_POD = 5_000
_CHANGING = (
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "CronJob",
    "ConfigMap",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "Service",
)


class KubernetesActivity:
    """Read tools on the cluster's recent past."""

    def __init__(self, client: KubernetesClient) -> None:
        self._client = client

    @tool("kubernetes", cost_seconds=0.6)
    async def kubernetes_rollouts(
        self,
        namespace: Namespace,
        name: Annotated[str, Field(description="one workload; empty: all")] = "",
        hours: Hours = 24,
    ) -> Reading:
        """Rollouts within the window, newest first, each with what changed in the pod template. None listed means
        that there was no rollout."""
        window = window_of(hours * 60)
        found = await self._rollouts(namespace, window.start)
        found = [r for r in found if not name or r["workload"] == name]
        text = [render.rollout_line(r) for r in found]
        of = f" of {name}" if name else ""
        return Reading(
            source="kubernetes",
            query=f"kubectl -n {namespace} rollout history{' deployment/' + name if name else ''}",
            observation=lines(text) or f"no rollout{of} in {namespace} within the last {hours:g} h",
            data={"rollouts": found},
            raw=raw(found),
            window=window,
        )

    @tool("kubernetes", cost_seconds=1.0)
    async def kubernetes_changes(self, namespace: Namespace, hours: Hours = 24) -> Reading:
        """Every change by people and tools in a namespace: rollouts, ConfigMaps, autoscalers, scaling, schedules."""
        window, unseen = window_of(hours * 60), set[str]()
        rollouts, policies, *lists = await asyncio.gather(
            self._rollouts(namespace, window.start),
            self._client.list_seen("NetworkPolicy", namespace),
            *(self._client.list_seen(kind, namespace, unseen) for kind in _CHANGING),
        )
        items = [item for found in lists for item in found]
        changes = history.changes_of([*items, *policies], window.start)
        changes += [
            {
                "at": r["at"],
                "kind": r["kind"],
                "name": r["workload"],
                "what": f"rolled out revision {r['revision']} {r['change_cause']}:"
                f" {' '.join(r['diff'].split())[:300]}",
                "by": "",
            }
            for r in rollouts
        ]
        changes.sort(key=lambda c: str(c["at"]), reverse=True)
        text = [
            f"{clock(c['at'])} {c['kind']} {c['name']} {c['what']}{' by ' + c['by'] if c['by'] else ''}"
            for c in changes
        ]
        if unseen:
            text.append(f"not to be seen: {', '.join(sorted(unseen))}")
        return Reading(
            source="kubernetes",
            query=f"kubectl -n {namespace} get all,configmaps,hpa --show-managed-fields -o yaml",
            observation=lines(text)
            or f"nothing changed in {namespace} within the last {hours:g} h",
            data={"changes": changes, "unseen": sorted(unseen)},
            raw=raw(changes),
            window=window,
        )

    @tool("kubernetes", cost_seconds=0.4)
    async def kubernetes_events(
        self,
        namespace: Namespace,
        name: Annotated[str, Field(description="objects whose name starts so; empty: all")] = "",
        minutes: Minutes = 120,
    ) -> Reading:
        """The cluster's Events (restarts, failed probes, evictions, scheduling, scaling), warnings first."""
        window = window_of(minutes)
        events = [event_data(e) for e in await self._client.list("Event", namespace)]
        kept = [e for e in events if _is_of(e, name) and _since(e["at"], window.start)]
        for event in kept:
            event["at"] = iso(parse_time(event["at"]))
        kept.sort(key=lambda e: (e["type"] != "Warning", str(e["at"])))
        return Reading(
            source="kubernetes",
            query=f"kubectl -n {namespace} get events --sort-by=.lastTimestamp",
            observation=lines(event_lines(kept)) or f"no events within the last {minutes:g} min",
            data={"events": kept},
            raw=raw(kept),
            window=window,
        )

    @tool("kubernetes", cost_seconds=1.2)
    async def kubernetes_logs(
        self,
        namespace: Namespace,
        workload: Annotated[str, Field(description="all pods of this workload")] = "",
        pod: Annotated[str, Field(description="or one pod")] = "",
        container: str = "",
        minutes: Minutes = 60,
        previous: Annotated[bool, Field(description="of the container before its restart")] = False,
        contains: Annotated[str, Field(description="only lines with this text")] = "",
    ) -> Reading:
        """Container logs as templates with counts, serious ones first, and the rare lines whole."""
        if not workload and not pod:
            raise BadArguments("kubernetes_logs needs a workload or a pod")
        window = window_of(minutes)
        pods = [pod] if pod else await self._pods_of(namespace, workload)
        logs = await asyncio.gather(
            *(self._log(namespace, p, container, minutes, previous) for p in pods)
        )
        refusals = [found for found in logs if isinstance(found, Rejected)]
        if len(refusals) == len(logs):
            raise NotFound(str(refusals[0]))
        read = [
            line
            for found in logs
            if not isinstance(found, Rejected)
            for line in found
            if contains.lower() in line.text.lower()
        ]
        mined = await asyncio.to_thread(mine, read, rare_lines=RARE_READ)
        data = {
            "lines_read": len(read),
            "pods": pods,
            "templates": [template_json(t) for t in mined.templates],
            "rare": [{"at": iso(r.at), "line": r.text} for r in mined.rare],
        }
        target = pod or f"{workload} --all-pods"
        return Reading(
            source="kubernetes",
            query=f"kubectl -n {namespace} logs {target} --since={minutes:g}m"
            f"{' --previous' if previous else ''}{f' | grep -i {contains!r}' if contains else ''}",
            observation=lines([f"{len(read)} lines of {len(pods)} pods", *mined_lines(mined)]),
            data=data,
            raw=raw([f"{iso(x.at)} {x.text}" for x in read]),
            window=window,
        )

    async def _rollouts(self, namespace: str, since: datetime) -> list[Json]:
        replica_sets, revisions = await asyncio.gather(
            self._client.list("ReplicaSet", namespace),
            self._client.list("ControllerRevision", namespace),
        )
        found = history.rollouts_of_deployments(replica_sets, since)
        found += history.rollouts_of_revisions(revisions, since)
        return sorted(found, key=lambda r: str(r["at"]), reverse=True)

    async def _pods_of(self, namespace: str, workload: str) -> list[str]:
        item = await workloads.find(self._client, namespace, workload)
        if item["kind"] == "CronJob":
            runs = {
                objects.name_of(j)
                for j in await workloads.jobs_of(self._client, namespace, workload)
            }
            pods = [
                p
                for p in await self._client.list("Pod", namespace)
                if (objects.owner_of(p, "Job") or {}).get("name") in runs
            ]
        else:
            pods = await workloads.pods_of(self._client, namespace, item)
        pods.sort(key=lambda p: str(p["metadata"].get("creationTimestamp")), reverse=True)
        if not pods:
            raise NotFound(
                f"{item['kind']} {namespace}/{workload} has no pods whose logs could be read"
            )
        return [objects.name_of(p) for p in pods[:_PODS_READ]]

    async def _log(
        self, namespace: str, pod: str, container: str, minutes: float, previous: bool
    ) -> list[LogLine] | Rejected:
        """One pod's lines, or why it has none: its container has not started, or there was none before it."""
        try:
            text = await self._client.log(
                namespace,
                pod,
                container=container,
                sinceSeconds=str(int(minutes * 60)),
                timestamps="true",
                tailLines=str(_LINES_PER_POD),
                previous="true" if previous else "",
            )
        except Rejected as error:
            return error
        return list(dated_lines(text, utc_now()))


def _is_of(event: Json, name: str) -> bool:
    return not name or str(event["object"]).partition("/")[2].startswith(name)


def _since(moment: object, start: datetime) -> bool:
    at = parse_time(moment)
    return at is not None and at >= start

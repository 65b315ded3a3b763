"""What a reasoner may ask the cluster about things as they stand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from agent.knowledge.inference import endpoints_in
from agent.model import Json, Reading, Window
from agent.tools import tool
from integrations.kubernetes import config_maps, history, objects, render, workloads
from integrations.kubernetes.activity import KubernetesActivity
from integrations.kubernetes.connectivity import KubernetesConnectivity
from integrations.kubernetes.listing import node_data, summary_of
from integrations.kubernetes.masked import safe
from integrations.kubernetes.pruning import row_lines
from integrations.kubernetes.resources import WORKLOADS, resource
from integrations.masking import mask_settings
from integrations.text import clock, iso, lines, parse_time, raw, window_of

Namespace = Annotated[str, Field(description="Kubernetes namespace, such as production")]
Hours = Annotated[float, Field(gt=0, le=720, description="how far back to look")]
_JOBS_SHOWN = 40


class KubernetesTools(KubernetesActivity, KubernetesConnectivity):
    """Read tools on a cluster; the client needs a read-only credential."""

    @tool("kubernetes", cost_seconds=0.6)
    async def kubernetes_workload(
        self,
        namespace: Namespace,
        name: str,
        kind: Annotated[
            str, Field(description="Deployment, StatefulSet, DaemonSet or CronJob; empty finds it")
        ] = "",
    ) -> Reading:
        """A workload as it stands: containers with requests, limits and environment, replicas, conditions, pods with
        restarts and how they last ended, schedule and active jobs, autoscaler, disruption budget."""
        item = await workloads.find(self._client, namespace, name, kind)
        data, related = await workloads.read(self._client, namespace, item)
        return Reading(
            source="kubernetes",
            query=f"kubectl -n {namespace} describe {item['kind'].lower()}/{name}",
            observation=lines(render.workload_lines(data)),
            data=data,
            raw=_raw([item, *related]),
            link=self._client.link(item["kind"], namespace, name),
            window=window_of(0),
        )

    @tool("kubernetes", cost_seconds=0.4)
    async def kubernetes_list(
        self,
        kind: Annotated[str, Field(description="such as Deployment, Pod, Service, Ingress, HPA")],
        namespace: Annotated[str, Field(description="empty: all namespaces")] = "",
        selector: Annotated[str, Field(description="label selector, such as app=cart")] = "",
    ) -> Reading:
        """The objects of one kind with a few facts each."""
        found = resource(kind)
        items = await self._client.list(kind, namespace, selector=selector)
        rows = [
            {
                "name": objects.name_of(i),
                "namespace": objects.namespace_of(i),
                "created_at": iso(parse_time(i["metadata"].get("creationTimestamp"))),
                "summary": summary_of(i),
            }
            for i in items
        ]
        scope = f"-n {namespace}" if namespace else "-A"
        text = [f"{len(rows)} {found.plural}", *row_lines(rows)]
        return Reading(
            source="kubernetes",
            query=f"kubectl {scope} get {found.plural}" + (f" -l {selector}" if selector else ""),
            observation=lines(text),
            data={"kind": found.kind, "items": rows},
            raw=_raw(items),
            window=window_of(0),
        )

    @tool("kubernetes", cost_seconds=0.6)
    async def kubernetes_jobs(self, namespace: Namespace, hours: Hours = 24) -> Reading:
        """CronJobs with schedule, whether suspended, what runs now and which hosts they talk to; and the Jobs that ran."""
        crons, jobs = await asyncio.gather(
            self._client.list("CronJob", namespace), self._client.list("Job", namespace)
        )
        window = window_of(hours * 60)
        runs = [objects.job_data(j) for j in jobs]
        data = {
            "cron_jobs": [_cron_data(c, runs) for c in crons],
            "jobs": [r for r in runs if r["active"] or _within(r, window)],
        }
        data["jobs"].sort(key=lambda r: str(r["started_at"]), reverse=True)
        shown = {**data, "jobs": data["jobs"][:_JOBS_SHOWN]}
        return Reading(
            source="kubernetes",
            query=f"kubectl -n {namespace} get cronjobs,jobs",
            observation=lines(render.job_lines(shown)) or "no CronJobs and no Jobs",
            data=data,
            raw=_raw([*crons, *jobs]),
            window=window,
        )

    @tool("kubernetes", cost_seconds=0.5)
    async def kubernetes_config(
        self,
        namespace: Namespace,
        name: Annotated[str, Field(description="name of a ConfigMap")],
        hours: Hours = 24,
    ) -> Reading:
        """A ConfigMap's values, when and by whom it was last changed, what differs from when it was last applied, and
        which workloads use it."""
        item, candidates = await asyncio.gather(
            self._client.get("ConfigMap", namespace, name),
            self._client.list_all(WORKLOADS, namespace),
        )
        changed_at, changed_by = history.last_write(item)
        values = mask_settings(item.get("data") or {})
        since_applied = config_maps.applied(item)
        data = {
            "name": name,
            "uid": item["metadata"].get("uid"),
            "resource_version": item["metadata"].get("resourceVersion"),
            "values": values,
            "changed_at": changed_at,
            "changed_by": changed_by,
            "written": config_maps.written(item),
            "applied": since_applied,
            "used_by": _users_of(name, candidates),
        }
        window = window_of(hours * 60)
        moment = parse_time(changed_at)
        recently = "within" if moment and moment >= window.start else "not within"
        head = (
            f"ConfigMap {namespace}/{name}, last changed {clock(changed_at)} by {changed_by or 'unknown'}"
            f" ({recently} the last {hours:g} h), used by {', '.join(data['used_by']) or 'nothing seen'}"
        )
        return Reading(
            source="kubernetes",
            query=f"kubectl -n {namespace} get configmap {name} -o yaml",
            observation=lines([head, *config_maps.lines_of(values, since_applied)]),
            data=data,
            raw=_raw([item]),
            link=self._client.link("configmap", namespace, name),
            window=window,
        )

    @tool("kubernetes", cost_seconds=0.3)
    async def kubernetes_nodes(self) -> Reading:
        """The nodes with readiness, pressures, allocatable room and taints."""
        items = await self._client.list("Node")
        nodes = [node_data(n) for n in items]
        return Reading(
            source="kubernetes",
            query="kubectl describe nodes",
            observation=lines(map(render.node_line, nodes)) or "no nodes",
            data={"nodes": nodes},
            raw=_raw(items),
            window=window_of(0),
        )


def _raw(items: Iterable[Json]) -> str:
    return raw([safe(i) for i in items])


def _cron_data(cron: Json, runs: list[Json]) -> Json:
    spec = cron.get("spec", {})
    name = objects.name_of(cron)
    settings = [objects.container_data(c) for c in objects.containers_of(cron)]
    texts = [*(a for c in settings for a in c["args"])]
    texts += [f"{v['value']}" for c in settings for v in c["env"].values() if "value" in v]
    hosts = dict.fromkeys(e.host for text in texts for e in endpoints_in(text))
    return {
        "name": name,
        "schedule": spec.get("schedule"),
        "time_zone": spec.get("timeZone"),
        "suspended": bool(spec.get("suspend")),
        "last_schedule_at": iso(parse_time(cron.get("status", {}).get("lastScheduleTime"))),
        "active": [
            {"name": r["name"], "started_at": r["started_at"]}
            for r in runs
            if r["owner"] == name and r["active"]
        ],
        "targets": list(hosts),
    }


def _within(run: Json, window: Window) -> bool:
    moment = parse_time(run["finished_at"] or run["started_at"])
    return moment is not None and moment >= window.start


def _users_of(config_map: str, items: Iterable[Json]) -> list[str]:
    return [
        f"{i['kind']}/{objects.name_of(i)}"
        for i in items
        if config_map in objects.references(i, "ConfigMap")
    ]

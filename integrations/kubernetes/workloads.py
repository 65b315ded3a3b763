"""Reading one workload with everything around it: pods, autoscaler, disruption budget, jobs."""

from __future__ import annotations

import asyncio

from agent.errors import AccessDenied, NotFound
from agent.model import Json
from integrations.kubernetes import objects
from integrations.kubernetes.client import KubernetesClient
from integrations.kubernetes.resources import WORKLOADS
from integrations.kubernetes.selectors import selector_text, selects
from integrations.text import iso, parse_time


async def find(client: KubernetesClient, namespace: str, name: str, kind: str = "") -> Json:
    """The workload of that name; with no kind given, the first of Deployment, StatefulSet, DaemonSet, CronJob.

    Raises:
        NotFound: there is none.
        AccessDenied: none was found, and some kind cannot be seen.
    """
    if kind:
        return await client.get(kind, namespace, name)
    answers = await asyncio.gather(
        *(client.get(k, namespace, name) for k in WORKLOADS), return_exceptions=True
    )
    for answer in answers:
        if isinstance(answer, dict):
            return answer
    for error in answers:
        if isinstance(error, BaseException) and not isinstance(error, NotFound):
            raise error
    raise NotFound(
        f"Kubernetes has no Deployment, StatefulSet, DaemonSet or CronJob {name} in {namespace}"
    )


async def read(client: KubernetesClient, namespace: str, item: Json) -> tuple[Json, list[Json]]:
    """The workload's data, and its pods and jobs as the server gave them."""
    if item["kind"] == "CronJob":
        related = await jobs_of(client, namespace, objects.name_of(item))
        pods: list[Json] = []
    else:
        related = pods = await pods_of(client, namespace, item)
    scalers, budgets = await asyncio.gather(
        _seen(client, "HorizontalPodAutoscaler", namespace),
        _seen(client, "PodDisruptionBudget", namespace),
    )
    return _data(item, pods, related, scalers, budgets), related


async def pods_of(client: KubernetesClient, namespace: str, item: Json) -> list[Json]:
    """The pods that the workload's selector selects."""
    selector = selector_text(item.get("spec", {}).get("selector"))
    return await client.list("Pod", namespace, selector=selector) if selector else []


async def jobs_of(client: KubernetesClient, namespace: str, cron_job: str) -> list[Json]:
    """The CronJob's Jobs that still exist."""
    return [
        job
        for job in await client.list("Job", namespace)
        if (objects.owner_of(job, "CronJob") or {}).get("name") == cron_job
    ]


async def _seen(client: KubernetesClient, kind: str, namespace: str) -> list[Json]:
    """What surrounds a workload is shown where it may be seen, and does not hide the workload where it may not."""
    try:
        return await client.list(kind, namespace)
    except AccessDenied:
        return []


def scaler_of(item: Json, scalers: list[Json]) -> Json | None:
    """The autoscaler that owns the workload's replicas."""
    for hpa in scalers:
        target = hpa.get("spec", {}).get("scaleTargetRef", {})
        if (target.get("kind"), target.get("name")) == (item["kind"], objects.name_of(item)):
            return hpa
    return None


def budget_of(item: Json, budgets: list[Json]) -> Json | None:
    """The disruption budget that covers the workload's pods."""
    labels = objects.pod_template(item).get("metadata", {}).get("labels") or {}
    return next((b for b in budgets if selects(b.get("spec", {}).get("selector"), labels)), None)


def _data(
    item: Json, pods: list[Json], related: list[Json], scalers: list[Json], budgets: list[Json]
) -> Json:
    metadata, spec, status = item["metadata"], item.get("spec", {}), item.get("status", {})
    cron = item["kind"] == "CronJob"
    scaler, budget = scaler_of(item, scalers), budget_of(item, budgets)
    active = [j for j in map(objects.job_data, related) if j["active"]] if cron else []
    return {
        "kind": item["kind"],
        "name": objects.name_of(item),
        "namespace": objects.namespace_of(item),
        "uid": metadata.get("uid"),
        "resource_version": metadata.get("resourceVersion"),
        "generation": metadata.get("generation"),
        "created_at": iso(parse_time(metadata.get("creationTimestamp"))),
        "labels": metadata.get("labels") or {},
        "annotations": objects.pruned(item)["metadata"].get("annotations", {}),
        "replicas": objects.replicas_data(item),
        "rollout": objects.rollout_data(item),
        "containers": [objects.container_data(c) for c in objects.containers_of(item)],
        "conditions": objects.conditions_data(item),
        "pods": [objects.pod_data(p) for p in pods],
        "schedule": spec.get("schedule") if cron else None,
        "suspended": bool(spec.get("suspend")) if cron else None,
        "active_jobs": [{"name": j["name"], "started_at": j["started_at"]} for j in active],
        "last_schedule_at": iso(parse_time(status.get("lastScheduleTime"))),
        "autoscaler": scaler and objects.autoscaler_data(scaler),
        "disruption_budget": budget and objects.budget_data(budget),
        "config_maps": objects.references(item, "ConfigMap"),
        "secrets": objects.references(item, "Secret"),
    }

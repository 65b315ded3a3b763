"""Whether the cluster can be reached and what srebot may do there."""

from __future__ import annotations

import asyncio

from agent.errors import ToolError
from integrations.kubernetes.client import KubernetesClient
from integrations.kubernetes.resources import resource
from integrations.probes import Probe

_READS = (
    ("list", "Deployment", ""),
    ("list", "StatefulSet", ""),
    ("list", "DaemonSet", ""),
    ("list", "ReplicaSet", ""),
    ("list", "ControllerRevision", ""),
    ("list", "CronJob", ""),
    ("list", "Job", ""),
    ("list", "Pod", ""),
    ("get", "Pod", "log"),
    ("list", "Event", ""),
    ("list", "Service", ""),
    ("list", "EndpointSlice", ""),
    ("list", "Ingress", ""),
    ("list", "NetworkPolicy", ""),
    ("list", "ConfigMap", ""),
    ("list", "HorizontalPodAutoscaler", ""),
    ("list", "PodDisruptionBudget", ""),
    ("list", "PersistentVolumeClaim", ""),
    ("list", "Node", ""),
)
_WRITES = (
    ("patch", "Deployment", ""),
    ("patch", "StatefulSet", ""),
    ("patch", "DaemonSet", ""),
    ("patch", "CronJob", ""),
    ("patch", "Job", ""),
    ("patch", "ConfigMap", ""),
    ("patch", "HorizontalPodAutoscaler", ""),
    ("create", "Pod", "eviction"),
    ("patch", "Node", ""),
)
_OPTIONAL = frozenset({"patch nodes"})
"""What may be left out on purpose."""


async def probe(client: KubernetesClient, namespace: str = "") -> list[Probe]:
    """The read credential: reachable, may read each kind (in one namespace, or in all), may not write."""
    reached = await _reach(client, "kubernetes")
    if not reached.ok:
        return [reached]
    reads = await asyncio.gather(*(_may_read(client, *r, namespace) for r in _READS))
    writes = await asyncio.gather(*(_may_write(client, *w, namespace) for w in _WRITES))
    may_write = [deed for deed, may in writes if may]
    return [reached, *reads, _read_only(may_write)]


async def probe_writes(client: KubernetesClient, namespace: str) -> list[Probe]:
    """The write credential: may change what fixes change, in one namespace."""
    reached = await _reach(client, f"kubernetes write credential in {namespace}")
    if not reached.ok:
        return [reached]
    answers = await asyncio.gather(*(_may_write(client, *w, namespace) for w in _WRITES))
    return [reached] + [
        Probe(
            name=f"kubernetes {deed} in {namespace}",
            ok=may or deed in _OPTIONAL,
            warning=not may,
            detail="allowed" if may else "not allowed: such fixes cannot be applied",
            remedy="" if may else f"grant {deed} to the write credential",
        )
        for deed, may in answers
    ]


async def _may_write(
    client: KubernetesClient, verb: str, kind: str, part: str, namespace: str
) -> tuple[str, bool]:
    """A deed, such as ``patch deployments``, and whether the credential may do it."""
    found = resource(kind)
    within = namespace if found.namespaced else ""
    deed = f"{verb} {found.plural}{f'/{part}' if part else ''}"
    return deed, await client.may(verb, kind, within, part)


async def _reach(client: KubernetesClient, name: str) -> Probe:
    try:
        version = await client.version()
        await client.may("list", "Pod")
    except ToolError as error:
        remedy = "check the API server's address, its certificate and the token"
        return Probe(name=name, ok=False, detail=str(error), remedy=remedy)
    return Probe(name=name, ok=True, detail=f"reachable, {version}")


async def _may_read(
    client: KubernetesClient, verb: str, kind: str, part: str, namespace: str
) -> Probe:
    plural = resource(kind).plural + (f"/{part}" if part else "")
    within = namespace if resource(kind).namespaced else ""
    may = await client.may(verb, kind, within, part)
    return Probe(
        name=f"kubernetes {verb} {plural}",
        ok=may,
        detail="allowed" if may else f"srebot will be blind to {plural}",
        remedy="" if may else f"grant {verb} on {plural} to the read credential",
    )


def _read_only(may_write: list[str]) -> Probe:
    if not may_write:
        return Probe(
            name="kubernetes read-only", ok=True, detail="the read credential cannot write"
        )
    return Probe(
        name="kubernetes read-only",
        ok=True,
        warning=True,
        detail=f"the read credential may {', '.join(may_write)}",
        remedy="bind a read-only ClusterRole to it and keep a separate write credential",
    )

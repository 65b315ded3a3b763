"""Scans the cluster into the graph."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from agent.errors import AccessDenied
from agent.knowledge.facts import Seen
from integrations.kubernetes.client import KubernetesClient
from integrations.kubernetes.graph.cluster import Cluster
from integrations.kubernetes.graph.contribution import ORIGIN
from integrations.kubernetes.graph.reading import read
from integrations.kubernetes.graph.records import Record
from integrations.kubernetes.resources import WORKLOADS, resource

__all__ = ["KINDS", "ORIGIN", "KubernetesGraph", "places"]

KINDS = (
    *WORKLOADS,
    "Job",
    "Pod",
    "Service",
    "Ingress",
    "ConfigMap",
    "Secret",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "PersistentVolumeClaim",
    "Node",
)
"""What the graph is made of."""
_AT_ONCE = 2
"""Lists read at the same time: more would hold more pages in memory than two cores can read."""


class KubernetesGraph:
    """Builds the cluster's part of the graph (``agent.ports.GraphBuilder``).

    Args:
        client: with the read credential.
        namespaces: those to look at; none means all that the credential lists cluster-wide.
    """

    origin = ORIGIN

    def __init__(self, client: KubernetesClient, namespaces: Sequence[str] = ()) -> None:
        self._client = client
        self._namespaces = namespaces

    async def build(self) -> Seen:
        """Everything it can see now; kinds that it may not list are named in ``unseen_kinds``.

        Raises:
            ToolError: the cluster cannot be reached, or nothing in it may be seen.
        """
        cluster, turns = Cluster(), asyncio.Semaphore(_AT_ONCE)
        unseen = {
            kind
            for kind, seen in zip(
                KINDS,
                await asyncio.gather(*(self._read(k, cluster, turns) for k in KINDS)),
                strict=True,
            )
            if not seen
        }
        if unseen == set(KINDS):
            raise AccessDenied("Kubernetes lets srebot list nothing: bind it the read-only role")
        cluster.unsee(unseen)
        return await asyncio.to_thread(cluster.whole)

    async def _read(self, kind: str, cluster: Cluster, turns: asyncio.Semaphore) -> bool:
        """Take in the objects of a kind; False when they may not be listed."""
        for namespace in places(kind, self._namespaces):
            try:
                async with turns:
                    listed = await self._client.listed(kind, read, namespace)
            except AccessDenied:
                return False
            _take(cluster, listed.items)
        return True


def places(kind: str, namespaces: Sequence[str]) -> Sequence[str]:
    """Where to list a kind: in each namespace, or (an empty name) in the whole cluster."""
    return namespaces if resource(kind).namespaced and namespaces else ("",)


def _take(cluster: Cluster, records: Sequence[Record]) -> None:
    for record in records:
        cluster.put(record)

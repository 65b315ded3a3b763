"""The live objects that changes mean, read with the read credential."""

from __future__ import annotations

from agent.model import Entity, Json
from integrations.kubernetes import workloads
from integrations.kubernetes.client import KubernetesClient

_KINDS = {
    "deployment": "Deployment",
    "statefulset": "StatefulSet",
    "daemonset": "DaemonSet",
    "cronjob": "CronJob",
}
_OTHERS = {
    "configmap": "ConfigMap",
    "hpa": "HorizontalPodAutoscaler",
    "horizontalpodautoscaler": "HorizontalPodAutoscaler",
}


class LiveObjects:
    """Reads targets from the cluster (``integrations.github.requests.Cluster``)."""

    def __init__(self, client: KubernetesClient) -> None:
        self._client = client

    async def live(self, target: Entity) -> Json:
        """The object that a change means; for a service the workload of its name.

        Raises:
            ToolError: it cannot be seen.
        """
        if kind := _OTHERS.get(target.kind):
            return await self._client.get(kind, target.namespace, target.name)
        kind = _KINDS.get(target.kind, "")
        return await workloads.find(self._client, target.namespace, target.name, kind)

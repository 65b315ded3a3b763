"""The kinds that srebot reads, and their places in the API."""

from __future__ import annotations

import re
from typing import NamedTuple

from agent.errors import BadArguments

_NAME = re.compile(r"[A-Za-z0-9](?:[-._A-Za-z0-9]{0,251}[A-Za-z0-9])?")
"""What may stand in a path: a name, which can hold no ``/``, ``?`` or ``..`` of its own."""


class Resource(NamedTuple):
    """Where a kind lives."""

    kind: str
    api: str
    """``v1`` or ``apps/v1``."""
    plural: str
    namespaced: bool = True

    def path(self, namespace: str = "", name: str = "", part: str = "") -> str:
        """The URL path of a collection, an object, or a part of it such as ``log``.

        Raises:
            BadArguments: the namespace or the name is no name, so that it could lead elsewhere.
        """
        for given in filter(None, (namespace, name)):
            if not _NAME.fullmatch(given) or ".." in given:
                raise BadArguments(f"{given[:80]!r} is not a name of a Kubernetes object")
        root = f"/api/{self.api}" if "/" not in self.api else f"/apis/{self.api}"
        within = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{root}{within}/{self.plural}" + "".join(f"/{p}" for p in (name, part) if p)

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return self.api.rpartition("/")[0]


_ALL = (
    Resource("Deployment", "apps/v1", "deployments"),
    Resource("StatefulSet", "apps/v1", "statefulsets"),
    Resource("DaemonSet", "apps/v1", "daemonsets"),
    Resource("ReplicaSet", "apps/v1", "replicasets"),
    Resource("ControllerRevision", "apps/v1", "controllerrevisions"),
    Resource("CronJob", "batch/v1", "cronjobs"),
    Resource("Job", "batch/v1", "jobs"),
    Resource("Pod", "v1", "pods"),
    Resource("Service", "v1", "services"),
    Resource("ConfigMap", "v1", "configmaps"),
    Resource("Secret", "v1", "secrets"),
    Resource("Event", "v1", "events"),
    Resource("PersistentVolumeClaim", "v1", "persistentvolumeclaims"),
    Resource("Node", "v1", "nodes", namespaced=False),
    Resource("Namespace", "v1", "namespaces", namespaced=False),
    Resource("Ingress", "networking.k8s.io/v1", "ingresses"),
    Resource("NetworkPolicy", "networking.k8s.io/v1", "networkpolicies"),
    Resource("EndpointSlice", "discovery.k8s.io/v1", "endpointslices"),
    Resource("Certificate", "cert-manager.io/v1", "certificates"),
    Resource("HorizontalPodAutoscaler", "autoscaling/v2", "horizontalpodautoscalers"),
    Resource("PodDisruptionBudget", "policy/v1", "poddisruptionbudgets"),
)
_SHORT = {
    "hpa": "HorizontalPodAutoscaler",
    "pdb": "PodDisruptionBudget",
    "pvc": "PersistentVolumeClaim",
}
_BY_NAME = {name.lower(): r for r in _ALL for name in (r.kind, r.plural)}

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob")


def resource(kind: str) -> Resource:
    """The resource of a kind, however written (``Deployment``, ``deployments``, ``hpa``).

    Raises:
        BadArguments: srebot does not read that kind.
    """
    word = _SHORT.get(kind.lower(), kind).lower()
    if word not in _BY_NAME:
        raise BadArguments(
            f"There is no kind {kind!r}; there are: {', '.join(r.kind for r in _ALL)}"
        )
    return _BY_NAME[word]

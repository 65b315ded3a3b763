"""What reports telemetry: each workload in each namespace, with its pods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.world.manifests.common import Place, cron_places, inventory, places
from sandbox.world.ports import ClusterHistory, Company, Manifest


@dataclass(frozen=True)
class Component:
    """A workload as the telemetry knows it."""

    place: Place
    kind: str
    share: float
    """Its namespace's traffic as a share of production's."""

    @property
    def name(self) -> str:
        """The service's name."""
        return self.place.name

    @property
    def namespace(self) -> str:
        """The Kubernetes namespace."""
        return self.place.namespace

    @property
    def profile(self) -> Mapping[str, Any]:
        """Its ordinary load, latency and sizes."""
        profile: Mapping[str, Any] = self.place.facts["profile"]
        return profile

    def has(self, trait: str) -> bool:
        """Whether it reports metrics ``of`` this trait (see ``metrics.yaml``)."""
        if trait in ("pods", self.kind) or (trait == "volume" and "volume" in self.place.facts):
            return True
        key, _, kind = trait.partition(".")
        part = self.profile.get(key)
        return part is not None and (not kind or part["kind"] == kind)


def components(company: Company) -> list[Component]:
    """Everything that reports telemetry."""
    shares = {name: facts["load"] for name, facts in inventory()["namespaces"].items()}
    found = [Component(p, p.facts["kind"], shares[p.namespace]) for p in places(company)]
    return found + [Component(p, "CronJob", 1.0) for p in cron_places(company)]


def service_tags(component: Component) -> dict[str, str]:
    """Tags of what is measured per service."""
    return {
        "env": component.place.env,
        "service": component.name,
        "kube_namespace": component.namespace,
        "kube_cluster_name": inventory()["cluster"],
        "team": component.place.owner,
    }


_KIND_TAGS = {
    "Deployment": "kube_deployment",
    "StatefulSet": "kube_stateful_set",
    "DaemonSet": "kube_daemon_set",
    "CronJob": "kube_cronjob",
}


def workload_tags(component: Component) -> dict[str, str]:
    """Tags of what is measured per workload."""
    return service_tags(component) | {_KIND_TAGS[component.kind]: component.name}


def pod_tags(component: Component, pod: Manifest) -> dict[str, str]:
    """Tags of what is measured per pod."""
    labels = pod["metadata"].get("labels") or {}
    tags = workload_tags(component) | {
        "pod_name": pod["metadata"]["name"],
        "kube_container_name": pod["spec"]["containers"][0]["name"],
        "host": pod["spec"].get("nodeName", ""),
        "version": labels.get("tags.datadoghq.com/version", ""),
    }
    if component.kind == "CronJob":
        tags["kube_job"] = labels.get("batch.kubernetes.io/job-name", "")
    return tags


def pods_by_component(history: ClusterHistory) -> dict[tuple[str, str], list[Manifest]]:
    """The pods of each (namespace, name) whose containers have started."""
    found: dict[tuple[str, str], list[Manifest]] = {}
    for pod in history.current("Pod"):
        labels = pod["metadata"].get("labels") or {}
        name = labels.get("app.kubernetes.io/name")
        if name and pod["spec"].get("nodeName") and _has_started(pod):
            found.setdefault((pod["metadata"]["namespace"], name), []).append(pod)
    return found


def _has_started(pod: Manifest) -> bool:
    """Whether a container of the pod, or one before them, ever ran."""
    status = pod.get("status") or {}
    first = status.get("initContainerStatuses") or ()
    return status.get("phase") != "Pending" or any(c["restartCount"] for c in first)

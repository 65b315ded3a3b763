"""Which pod answers a request: where it runs, and with which version."""

from __future__ import annotations

from sandbox.kubernetes.clock import parse_time
from sandbox.world.component import Component, pods_by_component
from sandbox.world.ports import ClusterHistory, Manifest

_VERSION = "tags.datadoghq.com/version"


class Servers:
    """The pods of each workload, as they were when a request came."""

    def __init__(self, history: ClusterHistory) -> None:
        self._history = history
        self._pods = {
            owner: [(_created(pod), pod) for pod in pods]
            for owner, pods in pods_by_component(history).items()
        }

    def tags(self, component: Component, at: float, salt: int) -> dict[str, str]:
        """The tags of the pod that answered at ``at`` (epoch seconds): of one that is gone, its version alone."""
        known = self._pods.get((component.namespace, component.name), [])
        there = [pod for created, pod in known if created <= at]
        if not there:
            return {"version": self._version(component, at)}
        pod = there[salt % len(there)]
        return {
            "version": _version_of(pod["metadata"]) or self._version(component, at),
            "pod_name": str(pod["metadata"]["name"]),
            "host": str(pod["spec"]["nodeName"]),
        }

    def _version(self, component: Component, at: float) -> str:
        """As the workload's pod template had it."""
        changes = self._history.changes(component.kind, component.namespace, component.name)
        before = [m for when, m in changes if m is not None and when.timestamp() <= at]
        template = before[-1]["spec"].get("template") if before else None
        return (template and _version_of(template["metadata"])) or str(
            component.place.facts["version"]
        )


def _created(pod: Manifest) -> float:
    return parse_time(pod["metadata"]["creationTimestamp"]).timestamp()


def _version_of(metadata: Manifest) -> str:
    return str((metadata.get("labels") or {}).get(_VERSION, ""))

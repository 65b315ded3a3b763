"""Reloader, as many clusters run it: rolls workloads when a ConfigMap or Secret of theirs changes.

Follows github.com/stakater/Reloader with its annotations strategy: workloads that carry
``reloader.stakater.com/auto: "true"`` get an annotation on their pod template.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from sandbox.kubernetes.cloning import clone
from sandbox.kubernetes.controllers.cluster import Cluster, Manifest
from sandbox.kubernetes.store import Key, ObjectStore, key_of
from sandbox.kubernetes.watch import WatchEvent

_AUTO = "reloader.stakater.com/auto"
_RELOADED_FROM = "reloader.stakater.com/last-reloaded-from"
_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
_REFERENCES = {
    "ConfigMap": ("configMap", "configMapRef", "configMapKeyRef", "name"),
    "Secret": ("secret", "secretRef", "secretKeyRef", "secretName"),
}
"""Kind -> the fields of a volume, envFrom and env that refer to it, and a volume's name field."""


class Reloader:
    """Takes note of changed configuration, and rolls what uses it."""

    def __init__(self, store: ObjectStore) -> None:
        self._changed: dict[Key, Manifest] = {}
        store.hub.listen(self._note)

    def _note(self, event: WatchEvent) -> None:
        if event.type != "MODIFIED" or event.kind not in _REFERENCES or event.previous is None:
            return
        if any(event.manifest.get(f) != event.previous.get(f) for f in ("data", "binaryData")):
            self._changed[key_of(event.manifest)] = event.manifest

    def act(self, cluster: Cluster) -> None:
        """Roll the workloads that use what has changed since the last time."""
        changed, self._changed = self._changed, {}
        for manifest in changed.values():
            reload_users(cluster, manifest)


def reload_users(cluster: Cluster, source: Manifest) -> None:
    """Roll the workloads that use a ConfigMap or Secret and ask for that."""
    kind, namespace, name = key_of(source)
    for workload in _using(cluster.store, kind, namespace, name):
        _reload(cluster, workload, source)


def _using(store: ObjectStore, kind: str, namespace: str, name: str) -> Iterator[Manifest]:
    for workload_kind in _WORKLOADS:
        for workload in store.current(workload_kind, namespace):
            annotations = workload["metadata"].get("annotations") or {}
            pod = workload["spec"]["template"]["spec"]
            if annotations.get(_AUTO) == "true" and name in _references(pod, kind):
                yield workload


def _references(pod: Manifest, kind: str) -> set[str | None]:
    """Names of the objects of ``kind`` that a PodSpec mounts or takes variables from."""
    volume_field, source_field, key_field, name_field = _REFERENCES[kind]
    volumes = (volume.get(volume_field) or {} for volume in pod.get("volumes") or ())
    names = {source.get(name_field) for source in volumes}
    for container in pod["containers"]:
        for source in container.get("envFrom") or ():
            names.add((source.get(source_field) or {}).get("name"))
        for variable in container.get("env") or ():
            reference = (variable.get("valueFrom") or {}).get(key_field) or {}
            names.add(reference.get("name"))
    return names


def _reload(cluster: Cluster, workload: Manifest, source: Manifest) -> None:
    metadata = source["metadata"]
    reason = {
        "type": source["kind"].upper(),
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "resourceVersion": metadata["resourceVersion"],
        "observedAt": int(cluster.now.timestamp()),
    }
    changed = clone(workload)
    template = changed["spec"]["template"]["metadata"]
    template["annotations"] = (template.get("annotations") or {}) | {
        _RELOADED_FROM: json.dumps(reason)
    }
    message = f"Changes detected in '{metadata['name']}' of type '{reason['type']}'"
    cluster.event(workload, "Reloaded", message, "reloader")
    cluster.update(changed)

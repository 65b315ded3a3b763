"""What a kubelet needs before it can make a container: the ConfigMaps and Secrets that its variables name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.kubernetes.controllers.cluster import Cluster, Manifest

_KINDS = (
    ("ConfigMap", "configMapRef", "configMapKeyRef"),
    ("Secret", "secretRef", "secretKeyRef"),
)


def missing_reference(cluster: Cluster, pod: Manifest) -> tuple[str, str] | None:
    """The first container whose configuration is missing, and the kubelet's words for it."""
    namespace = pod["metadata"]["namespace"]
    for container in pod["spec"]["containers"]:
        for kind, name, key in _required(container):
            found = cluster.store.get(kind, namespace, name)
            if found is None:
                return container["name"], f'{kind.lower()} "{name}" not found'
            if key and key not in {**(found.get("data") or {}), **(found.get("stringData") or {})}:
                return (
                    container["name"],
                    f"couldn't find key {key} in {kind} {namespace}/{name}",
                )
    return None


def _required(container: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Kind, name and key (empty: all of them) of what has to exist."""
    for kind, source_field, key_field in _KINDS:
        for source in container.get("envFrom") or ():
            reference = source.get(source_field)
            if reference and not reference.get("optional"):
                yield kind, reference["name"], ""
        for variable in container.get("env") or ():
            reference = (variable.get("valueFrom") or {}).get(key_field)
            if reference and not reference.get("optional"):
                yield kind, reference["name"], reference["key"]

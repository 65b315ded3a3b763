"""Kubernetes objects as they are declared, checked for their shape."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from agent.model import Json
from integrations.repository.documents import Document, NotYaml, documents, mappings

UNKNOWN = "unknown-by-template"
"""What stands for an expression that only a template's renderer could work out; names that hold it are left out."""
WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "CronJob"})
_KINDS = WORKLOADS | {
    "Service",
    "Ingress",
    "ConfigMap",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "PersistentVolumeClaim",
}
_ENVIRONMENTS = {
    "production": "production",
    "prod": "production",
    "prd": "production",
    "staging": "staging",
    "stage": "staging",
    "stg": "staging",
    "development": "development",
    "dev": "development",
}
_MAPPING_FIELDS = frozenset(
    {"metadata", "spec", "template", "labels", "annotations", "selector", "matchLabels", "data"}
    | {"jobTemplate", "resources", "requests", "limits", "valueFrom", "configMapKeyRef"}
    | {"secretKeyRef", "configMapRef", "secretRef", "fieldRef", "scaleTargetRef", "configMap"}
    | {"secret", "projected", "backend", "service", "http"}
)
_LIST_FIELDS = frozenset(
    {"containers", "initContainers", "env", "envFrom", "volumes", "rules", "paths", "sources"}
    | {"matchExpressions", "command", "args", "ports"}
)


class Manifest(NamedTuple):
    """A declared object with where it is declared."""

    item: Json
    path: str
    line: int
    overlay: str = ""
    """The kustomization or chart that it was made by."""
    confidence: float = 0.8

    @property
    def name(self) -> str:
        """The object's name."""
        return str(self.item["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """The object's namespace; empty when nothing tells it."""
        return str(self.item["metadata"].get("namespace") or "")

    @property
    def kind(self) -> str:
        """``Deployment``, ``Service``, ..."""
        return str(self.item["kind"])


def manifests_in(path: str, text: str) -> list[Manifest]:
    """The Kubernetes objects of a file of YAML; none when it is none."""
    try:
        return list(manifests_of(documents(path, text)))
    except NotYaml:
        return []


def manifests_of(found: Iterable[Document]) -> Iterator[Manifest]:
    """The documents that are objects of kinds that srebot knows, with the namespace that their path tells if they don't."""
    for document in mappings(list(found)):
        item = shaped(document.data)
        if item is not None:
            yield placed(Manifest(item, document.path, document.line))


def placed(manifest: Manifest) -> Manifest:
    """With the namespace that its folder's name tells (``overlays/production/``), when it has none of its own."""
    if manifest.namespace:
        return manifest
    place = environment_of(manifest.overlay or manifest.path)
    metadata = {**manifest.item["metadata"], "namespace": place}
    return manifest._replace(item={**manifest.item, "metadata": metadata}) if place else manifest


def environment_of(path: str) -> str:
    """The environment that a folder of the path is named after, or empty."""
    folders = path.lower().replace("_", "-").split("/")
    words = [w for f in reversed(folders) for w in (f, *f.rsplit(".", 1)[0].split("-"))]
    return next((_ENVIRONMENTS[w] for w in words if w in _ENVIRONMENTS), "")


def shaped(data: Json) -> Json | None:
    """The object with every field of the type that its kind has there; None when it is no object of a known kind.

    People's YAML is not what the API would have let through: fields that are of another type, or null, are left out.
    """
    metadata = data.get("metadata")
    if data.get("kind") not in _KINDS or not isinstance(metadata, dict):
        return None
    if not isinstance(metadata.get("name"), str) or not metadata["name"].strip():
        return None
    if not isinstance(metadata.get("namespace") or "", str) or "apiVersion" not in data:
        return None
    item: Json = _cleaned(data)
    return item


def _cleaned(value: Any) -> Any:
    if isinstance(value, dict):
        found = {str(k): _cleaned(v) for k, v in value.items() if v is not None}
        return {k: _entries(k, v) for k, v in found.items() if _fits(k, v)}
    if isinstance(value, list):
        return [_cleaned(v) for v in value if v is not None]
    if isinstance(value, str | int | float | bool):
        return value
    return json.loads(json.dumps(value, default=str))


def _fits(field: str, value: Any) -> bool:
    if field in _MAPPING_FIELDS:
        return isinstance(value, dict)
    return isinstance(value, list) if field in _LIST_FIELDS else True


def _entries(field: str, value: Any) -> Any:
    if field in ("containers", "initContainers", "env", "envFrom", "volumes", "rules", "paths"):
        return [v for v in value if isinstance(v, dict)]
    return value

"""What the repository declares of a target, and the files that say so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from agent.model import Entity, Json
from integrations.repository.graph import manifests_of
from integrations.repository.manifests import Manifest
from integrations.repository.snapshot import Snapshot

_MANAGERS = (
    ("argocd.argoproj.io/", "Argo CD"),
    ("kustomize.toolkit.fluxcd.io/", "Flux"),
    ("helm.toolkit.fluxcd.io/", "Flux"),
)
_KINDS: Mapping[str, str] = {"hpa": "horizontalpodautoscaler"}
_WORKLOADS = ("deployment", "statefulset", "daemonset", "cronjob")


def manager_of(item: Json) -> str:
    """Who applies an object from a repository, by the marks that it leaves on it; empty for nobody."""
    metadata = item.get("metadata") or {}
    labels = metadata.get("labels") or {}
    marks = {**labels, **(metadata.get("annotations") or {})}
    for prefix, manager in _MANAGERS:
        if any(str(k).startswith(prefix) for k in marks):
            return manager
    return "Helm" if labels.get("app.kubernetes.io/managed-by") == "Helm" else ""


class Declaration(NamedTuple):
    """A target as the repository declares it."""

    manifest: Manifest
    snapshot: Snapshot
    everything: tuple[Manifest, ...]
    """All that the snapshot declares."""

    @property
    def by_chart(self) -> bool:
        """Whether a Helm chart makes it."""
        return self.manifest.overlay.endswith("Chart.yaml")


def declaration_of(
    snapshot: Snapshot, target: Entity, live: Json | None = None
) -> Declaration | None:
    """The one declaration of a target; None when there is none, or when several are meant by its name.

    Args:
        snapshot: the files.
        target: what is looked for.
        live: the object, whose kind counts where the target is but called a service.
    """
    kind = _KINDS.get(target.kind, target.kind)
    if live is not None and kind not in (*_WORKLOADS, "configmap", "horizontalpodautoscaler"):
        kind = str(live.get("kind", "")).lower()
    everything = tuple(manifests_of(snapshot))
    named = [m for m in everything if m.kind.lower() == kind and m.name == target.name]
    found = [m for m in named if m.namespace == target.namespace] or [
        m for m in named if not m.namespace
    ]
    if len(found) != 1:
        return None
    return Declaration(_placed(found[0], target.namespace), snapshot, everything)


def with_file(snapshot: Snapshot, path: str, text: str) -> Snapshot:
    """The snapshot with one file as it would become."""
    return replace(snapshot, files={**snapshot.files, path: text})


def differences(
    before: Iterable[Manifest], after: Iterable[Manifest]
) -> list[tuple[Manifest | None, Manifest | None]]:
    """The objects that are declared otherwise afterwards."""
    old, new = _by_identity(before), _by_identity(after)
    return [
        (old.get(key), new.get(key))
        for key in sorted(old.keys() | new.keys())
        if _item(old.get(key)) != _item(new.get(key))
    ]


def _placed(manifest: Manifest, namespace: str) -> Manifest:
    """A chart's object in the namespace that it is installed in."""
    if manifest.namespace:
        return manifest
    metadata = {**manifest.item["metadata"], "namespace": namespace}
    return manifest._replace(item={**manifest.item, "metadata": metadata})


def _by_identity(manifests: Iterable[Manifest]) -> dict[tuple[str, ...], Manifest]:
    return {(m.overlay, m.namespace, m.kind, m.name, m.path): m for m in manifests}


def _item(manifest: Manifest | None) -> Any:
    return manifest.item if manifest is not None else None

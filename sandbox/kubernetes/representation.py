"""Objects in the form that the client asked for: whole, metadata only, or as a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sandbox.kubernetes.resources import Resource
from sandbox.kubernetes.tables import table

Manifest = dict[str, Any]
_META = "meta.k8s.io/v1"


def partial(manifest: Manifest) -> Manifest:
    """The object as ``PartialObjectMetadata``."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": _META,
        "metadata": manifest["metadata"],
    }


def one(manifest: Manifest, form: str, now: datetime, include: str = "Metadata") -> Manifest:
    """A single object in the asked form."""
    if form == "table":
        version = manifest["metadata"].get("resourceVersion", "")
        return table(manifest["kind"], [manifest], {"resourceVersion": version}, now, include)
    if form == "metadata":
        return partial(manifest)
    return manifest


def many(
    resource: Resource,
    items: Sequence[Manifest],
    metadata: dict[str, Any],
    form: str,
    now: datetime,
    include: str = "Metadata",
) -> Manifest:
    """A list of objects in the asked form; ``metadata`` is the list's own."""
    if form == "table":
        return table(resource.kind, items, metadata, now, include)
    if form == "metadata":
        return {
            "kind": "PartialObjectMetadataList",
            "apiVersion": _META,
            "metadata": metadata,
            "items": [partial(item) for item in items],
        }
    return {
        "kind": f"{resource.kind}List",
        "apiVersion": resource.group_version,
        "metadata": metadata,
        "items": [_bare(item) for item in items],
    }


def _bare(manifest: Manifest) -> Manifest:
    return {key: v for key, v in manifest.items() if key not in ("kind", "apiVersion")}

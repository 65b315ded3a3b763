"""The catalogue of API resources: which kinds there are and how their paths are spelt."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True)
class Resource:
    """One resource type of the API, as discovery describes it."""

    group: str
    """Empty for the core group."""
    version: str
    kind: str
    plural: str
    singular: str
    short_names: tuple[str, ...] = ()
    namespaced: bool = True
    has_status: bool = False
    """Status is a subresource: writes to the main resource leave it alone, and the reverse."""
    counts_generation: bool = False
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS

    @property
    def group_version(self) -> str:
        """``apps/v1``, or ``v1`` in the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version


def _resource(entry: dict[str, Any]) -> Resource:
    subresources = list(entry.get("subresources", []))
    if entry.get("status"):
        subresources.append("status")
    return Resource(
        group=entry["group"],
        version=entry["version"],
        kind=entry["kind"],
        plural=entry["plural"],
        singular=entry.get("singular", entry["kind"].lower()),
        short_names=tuple(entry.get("short", ())),
        namespaced=entry.get("namespaced", True),
        has_status=entry.get("status", False),
        counts_generation=entry.get("generation", False),
        categories=tuple(entry.get("categories", ())),
        subresources=tuple(subresources),
    )


@cache
def catalogue() -> tuple[Resource, ...]:
    """Every resource that the server knows, in the order of discovery."""
    text = (files(__package__) / "resources.yaml").read_text("utf-8")
    return tuple(_resource(entry) for entry in yaml.safe_load(text))


@cache
def by_kind(kind: str) -> Resource:
    """The resource of ``kind``; kinds are unique here. Raises KeyError for an unknown one."""
    for resource in catalogue():
        if resource.kind == kind:
            return resource
    raise KeyError(f"the sandbox's Kubernetes does not know the kind {kind!r}")


@cache
def by_path(group: str, version: str, plural: str) -> Resource | None:
    """The resource that a path names, or None."""
    for resource in catalogue():
        if (resource.group, resource.version, resource.plural) == (group, version, plural):
            return resource
    return None

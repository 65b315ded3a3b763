"""Discovery, versions, and as much OpenAPI v3 as ``kubectl`` looks at before it writes."""

from __future__ import annotations

from functools import cache
from typing import Any

from sandbox.kubernetes.resources import Resource, catalogue

Manifest = dict[str, Any]
_SCALE = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
_EVICTION = {"group": "policy", "version": "v1", "kind": "Eviction"}
_REVIEWS = {
    "authorization.k8s.io/v1": (
        ("selfsubjectaccessreviews", "SelfSubjectAccessReview"),
        ("selfsubjectrulesreviews", "SelfSubjectRulesReview"),
    ),
    "authentication.k8s.io/v1": (("selfsubjectreviews", "SelfSubjectReview"),),
}
VERSION = {
    "major": "1",
    "minor": "32",
    "gitVersion": "v1.32.4",
    "gitCommit": "59526cd4867447956156ae3a602fcbac10a2c335",
    "gitTreeState": "clean",
    "buildDate": "2025-04-22T15:55:11Z",
    "goVersion": "go1.23.6",
    "compiler": "gc",
    "platform": "linux/amd64",
}


def api_versions() -> Manifest:
    """``/api``."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [],
    }


@cache
def group_versions() -> tuple[str, ...]:
    """Every group/version but the core one, such as ``apps/v1``."""
    named = dict.fromkeys(r.group_version for r in catalogue() if r.group)
    return (*named, *_REVIEWS)


def _group(group_version: str) -> Manifest:
    group, version = group_version.split("/")
    entry = {"groupVersion": group_version, "version": version}
    return {"name": group, "versions": [entry], "preferredVersion": entry}


def api_groups() -> Manifest:
    """``/apis``."""
    groups = [_group(group_version) for group_version in group_versions()]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def api_group(name: str) -> Manifest | None:
    """``/apis/<group>``, or None for an unknown group."""
    for group_version in group_versions():
        if group_version.split("/")[0] == name:
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(group_version)}
    return None


def api_resources(group_version: str) -> Manifest | None:
    """``/api/v1`` or ``/apis/<group>/<version>``, or None when there is no such thing."""
    if group_version in _REVIEWS:
        listed = [
            {
                "name": plural,
                "singularName": kind.lower(),
                "namespaced": False,
                "kind": kind,
                "verbs": ["create"],
            }
            for plural, kind in _REVIEWS[group_version]
        ]
    else:
        listed = [
            entry
            for resource in catalogue()
            if resource.group_version == group_version
            for entry in _entries(resource)
        ]
    if not listed:
        return None
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": group_version,
        "resources": listed,
    }


def _entries(resource: Resource) -> list[Manifest]:
    main: Manifest = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        main["shortNames"] = list(resource.short_names)
    if resource.categories:
        main["categories"] = list(resource.categories)
    return [main, *(_part(resource, name) for name in resource.subresources)]


def _part(resource: Resource, subresource: str) -> Manifest:
    shapes: dict[str, tuple[Manifest, list[str]]] = {
        "scale": (_SCALE, ["get", "patch", "update"]),
        "eviction": (_EVICTION, ["create"]),
        "log": ({"kind": resource.kind}, ["get"]),
        "status": ({"kind": resource.kind}, ["get", "patch", "update"]),
    }
    shape, verbs = shapes[subresource]
    return {
        "name": f"{resource.plural}/{subresource}",
        "singularName": "",
        "namespaced": resource.namespaced,
        **shape,
        "verbs": verbs,
    }


def openapi_index() -> Manifest:
    """``/openapi/v3``: where each group's document is."""
    paths = {"api/v1": {"serverRelativeURL": "/openapi/v3/api/v1"}}
    for group_version in group_versions():
        path = f"apis/{group_version}"
        paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}"}
    return {"paths": paths}


def openapi_document(path: str) -> Manifest | None:
    """One group's document: that its PATCH operations take ``fieldValidation`` and ``dryRun``.

    That is what ``kubectl apply`` asks OpenAPI for; without types it merges by its own.
    """
    group_version = path.removeprefix("apis/").removeprefix("api/")
    resources = [r for r in catalogue() if r.group_version == group_version]
    if not resources and group_version not in group_versions():
        return None
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": VERSION["gitVersion"]},
        "paths": {_item_path(path, r): _item_operations(r) for r in resources},
        "components": {"schemas": {}},
    }


def _item_path(path: str, resource: Resource) -> str:
    scope = "/namespaces/{namespace}" if resource.namespaced else ""
    return f"/{path}{scope}/{resource.plural}/{{name}}"


def _item_operations(resource: Resource) -> Manifest:
    parameters = [
        {"name": name, "in": "query", "schema": {"type": "string"}}
        for name in ("dryRun", "fieldManager", "fieldValidation", "force")
    ]
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    return {
        "patch": {
            "parameters": parameters,
            "x-kubernetes-group-version-kind": kind,
            "responses": {"200": {"description": "OK"}},
        }
    }

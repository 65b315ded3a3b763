"""get and list."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.kubernetes import errors
from sandbox.kubernetes.representation import many, one
from sandbox.kubernetes.requests import number, wanted_form
from sandbox.kubernetes.selectors import parse_field_selector, parse_label_selector
from sandbox.kubernetes.server import Call, Manifest

_MATCHES = ("Exact", "NotOlderThan")
_MATCH_REASON = "resourceVersionMatch is forbidden unless resourceVersion is provided"

ObjectFilter = Callable[[Manifest], bool]


def object_filter(call: Call) -> ObjectFilter:
    """What the request's scope and selectors let through; raises ApiError 400."""
    query = call.request.query_params
    labels = parse_label_selector(query.get("labelSelector", ""))
    fields = parse_field_selector(query.get("fieldSelector", ""), call.target.resource.kind)
    namespace = call.target.namespace
    name = call.target.name

    def matches(manifest: Manifest) -> bool:
        metadata = manifest["metadata"]
        if namespace is not None and metadata.get("namespace") != namespace:
            return False
        if name and metadata["name"] != name:
            return False
        return labels.matches(manifest) and fields.matches(manifest)

    return matches


def include_object(request: Request) -> str:
    """What table rows carry of their objects."""
    return request.query_params.get("includeObject", "Metadata")


async def read_one(call: Call) -> Response:
    """GET an object, or its status subresource."""
    call.permit("get")
    now = call.backend.world.now()
    form = wanted_form(call.request).form
    return JSONResponse(one(call.existing(), form, now, include_object(call.request)))


async def read_many(call: Call) -> Response:
    """GET a collection, filtered and in pages."""
    call.permit("list")
    matches = object_filter(call)
    resource = call.target.resource
    version, after = _asked(call)
    items = [m for m in _as_of(call, version) if matches(m)]
    page, metadata = _page(call, items, version, after)
    now = call.backend.world.now()
    form = wanted_form(call.request).form
    return JSONResponse(many(resource, page, metadata, form, now, include_object(call.request)))


def _position(manifest: Manifest) -> list[str]:
    metadata = manifest["metadata"]
    return [metadata.get("namespace", ""), metadata["name"]]


def _asked(call: Call) -> tuple[int, list[str]]:
    """At which version to list, and behind which position.

    Pages after the first are of the first one's version; so is a list with ``resourceVersionMatch=Exact``.

    Raises:
        ApiError: 410 for a version of the forgotten past, 504 for one of the future, 422 for a senseless match.
    """
    token = call.request.query_params.get("continue")
    wanted = number(call.request, "resourceVersion")
    match = call.request.query_params.get("resourceVersionMatch", "")
    current = call.store.resource_version
    if token:
        version, after = _read_token(token)
        return version, after
    if match and (wanted is None or match not in _MATCHES):
        resource = call.target.resource
        cause = errors.Cause("resourceVersionMatch", _MATCH_REASON, "FieldValueForbidden")
        raise errors.invalid(resource.group, resource.kind, "", [cause])
    if wanted is not None and wanted > current:
        raise errors.too_large_version(wanted, current)
    return (wanted if wanted is not None and match == "Exact" else current), []


def _as_of(call: Call, version: int) -> list[Manifest]:
    """The objects of the request's kind and scope as they stood at ``version``; raises ApiError 410."""
    kind, namespace = call.target.resource.kind, call.target.namespace
    if version == call.store.resource_version:
        return call.store.current(kind, namespace)
    found = {tuple(_position(m)): m for m in call.store.current(kind, namespace)}
    for event in reversed(call.store.hub.since(version)):
        if event.kind != kind:
            continue
        key = tuple(_position(event.manifest))
        if event.previous is None:
            found.pop(key, None)
        else:
            found[key] = event.previous
    return [found[key] for key in sorted(found)]


def _page(
    call: Call, items: list[Manifest], version: int, after: list[str]
) -> tuple[list[Manifest], dict[str, Any]]:
    metadata: dict[str, Any] = {"resourceVersion": str(version)}
    items = [item for item in items if _position(item) > after]
    limit = number(call.request, "limit")
    if not limit or len(items) <= limit:
        return items, metadata
    page = items[:limit]
    metadata["continue"] = _token(int(metadata["resourceVersion"]), _position(page[-1]))
    metadata["remainingItemCount"] = len(items) - limit
    return page, metadata


def _token(version: int, after: list[str]) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": version, "after": after})
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_token(token: str) -> tuple[int, list[str]]:
    try:
        padded = token + "=" * (-len(token) % 4)
        read = json.loads(base64.urlsafe_b64decode(padded))
        return int(read["rv"]), [str(part) for part in read["after"]]
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise errors.bad_request(f"continue key is not valid: {error}") from error

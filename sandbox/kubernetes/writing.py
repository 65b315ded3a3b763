"""create, update, patch and server-side apply."""

from __future__ import annotations

import secrets
from typing import Any

from starlette.responses import JSONResponse, Response

from sandbox.kubernetes import errors
from sandbox.kubernetes.decoding import malformed, shape_checked, without_nulls
from sandbox.kubernetes.defaults import with_defaults
from sandbox.kubernetes.ownership import Manager, record_update, server_side_apply
from sandbox.kubernetes.patches import json_patch, merge_patch, strategic_merge
from sandbox.kubernetes.requests import (
    content_type,
    field_manager,
    flag,
    is_dry_run,
    read_body,
    read_object,
)
from sandbox.kubernetes.server import Call, Manifest
from sandbox.kubernetes.validation import invalid_value, validate

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
_GENERATED_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


async def create(call: Call) -> Response:
    """POST a new object."""
    call.permit("create")
    body = await read_object(call.request)
    manifest = _addressed(call, body)
    stored = commit(call, None, manifest, _manager(call), is_dry_run(call.request))
    return JSONResponse(stored, 201)


async def replace(call: Call) -> Response:
    """PUT a whole object."""
    call.permit("update")
    body = await read_object(call.request)
    manifest = _addressed(call, body)
    before = call.existing()
    dry = is_dry_run(call.request)
    return JSONResponse(commit(call, before, manifest, _manager(call), dry))


async def patch(call: Call) -> Response:
    """PATCH an object by any of the four patch types."""
    call.permit("patch")
    body = await read_patch(call)
    dry = is_dry_run(call.request)
    if content_type(call.request) == APPLY:
        stored, created = _apply(call, body, dry)
        return JSONResponse(stored, 201 if created else 200)
    before = call.existing()
    with shape_checked():
        after = without_nulls(patched(call, before, body))
    _check_decodable(call, after, patching=True)
    return JSONResponse(commit(call, before, after, _manager(call), dry))


async def read_patch(call: Call) -> Any:
    """The patch document; raises ApiError 415 for an unknown patch type."""
    return await read_body(call.request, (JSON_PATCH, MERGE, STRATEGIC, APPLY))


def patched(call: Call, target: Manifest, body: Any) -> Manifest:
    """``target`` with the request's patch applied (any type but server-side apply)."""
    media = content_type(call.request)
    if media == JSON_PATCH:
        return json_patch(target, body)
    if not isinstance(body, dict):
        raise errors.bad_request("the patch must be an object")
    if media == MERGE:
        merged: Manifest = merge_patch(target, body)
        return merged
    return strategic_merge(target["kind"], target, body)


def _apply(call: Call, config: Any, dry: bool) -> tuple[Manifest, bool]:
    if not call.request.query_params.get("fieldManager"):
        message = 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'
        raise errors.ApiError(422, "Invalid", message)
    if not isinstance(config, dict):
        raise errors.bad_request("the applied configuration must be an object")
    intent = _addressed(call, config)
    if intent["metadata"].get("managedFields"):
        raise errors.bad_request("metadata.managedFields must be nil")
    target = call.target
    before = call.store.get(target.resource.kind, target.store_namespace, target.name)
    if before is None:
        call.permit("create")
    manager = _manager(call, "Apply")
    now = call.store.now()
    if before is not None:
        call.store.check_precondition(intent, before)
    with shape_checked():
        merged = server_side_apply(before, intent, manager, flag(call.request, "force"), now)
    return commit(call, before, merged, None, dry), before is None


def _manager(call: Call, operation: str = "Update") -> Manager:
    subresource = call.target.subresource
    return Manager(field_manager(call.request), operation, subresource)


def _addressed(call: Call, body: Manifest) -> Manifest:
    """The body with the kind, namespace and name of the path; raises ApiError 400 on mismatch."""
    resource, target = call.target.resource, call.target
    manifest: Manifest = without_nulls(body)
    given = (manifest.setdefault("apiVersion", resource.group_version), manifest.get("kind"))
    if given != (resource.group_version, resource.kind):
        raise errors.bad_request(
            f"the object provided is unrecognized (must be of type {resource.kind}): {given}"
        )
    if not isinstance(manifest.setdefault("metadata", {}), dict):
        raise errors.bad_request("metadata must be an object")
    metadata = manifest["metadata"]
    if target.namespace and metadata.setdefault("namespace", target.namespace) != target.namespace:
        raise errors.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    if not metadata.get("name") and metadata.get("generateName") and not target.name:
        suffix = "".join(secrets.choice(_GENERATED_ALPHABET) for _ in range(5))
        metadata["name"] = metadata["generateName"] + suffix
    if target.name and metadata.setdefault("name", target.name) != target.name:
        raise errors.bad_request(
            f"the name of the object ({metadata['name']}) does not match the name on the URL "
            f"({target.name})"
        )
    _check_decodable(call, manifest)
    return manifest


def _check_decodable(call: Call, manifest: Manifest, patching: bool = False) -> None:
    resource = call.target.resource
    wrong = malformed(manifest)
    if wrong is None:
        return
    if patching:
        raise errors.invalid("", "", "", [invalid_value("patch", "...", wrong)])
    raise errors.bad_request(
        f'{resource.kind} in version "{resource.version}" cannot be handled as a '
        f"{resource.kind}: {wrong}"
    )


def commit(
    call: Call, before: Manifest | None, after: Manifest, manager: Manager | None, dry: bool
) -> Manifest:
    """Store ``after`` in place of ``before``, as the server admits it, and let controllers act.

    ``manager`` is noted as the writer of what changed, unless None (server-side apply has done
    so). Raises ApiError 404 (namespace), 409, or 422.
    """
    resource = call.target.resource
    with shape_checked():
        after = _admitted(call, before, after)
        if manager is not None:
            record_update(before, after, manager, call.store.now())
    if dry:
        return _rehearse(call, before, after)
    stored = call.store.create(after) if before is None else call.store.update(after)
    call.backend.controllers.advance(call.backend.world.now())
    return (
        call.store.get(resource.kind, call.target.store_namespace, after["metadata"]["name"])
        or stored
    )


def _admitted(call: Call, before: Manifest | None, after: Manifest) -> Manifest:
    """The object as the server would store it, once it has passed every check."""
    resource = call.target.resource
    after = _with_right_status(call, before, after)
    if not after["metadata"].get("name"):
        raise errors.invalid(resource.group, resource.kind, "", validate(after))
    after = with_defaults(after)
    if before is None:
        _check_namespace(call)
    else:
        call.store.check_precondition(after, before)
        _keep_identity(before, after)
    if causes := validate(after, before):
        raise errors.invalid(resource.group, resource.kind, after["metadata"]["name"], causes)
    return after


def _rehearse(call: Call, before: Manifest | None, after: Manifest) -> Manifest:
    if before is None:
        key = (after["kind"], call.target.store_namespace, after["metadata"]["name"])
        if call.store.get(*key) is not None:
            resource = call.target.resource
            raise errors.already_exists(resource.group, resource.plural, key[2])
    return call.store.prepared(after)


def _with_right_status(call: Call, before: Manifest | None, after: Manifest) -> Manifest:
    """Main-resource writes leave status alone; status writes leave all else alone."""
    if not call.target.resource.has_status:
        return after
    if call.target.subresource == "status" and before is not None:
        return {**before, "status": after.get("status", {})}
    kept = {key: value for key, value in after.items() if key != "status"}
    if before is not None and "status" in before:
        kept["status"] = before["status"]
    return kept


def _keep_identity(before: Manifest, after: Manifest) -> None:
    for field in ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"):
        if field in before["metadata"]:
            after["metadata"][field] = before["metadata"][field]
    if not after["metadata"].get("managedFields") and before["metadata"].get("managedFields"):
        after["metadata"]["managedFields"] = before["metadata"]["managedFields"]


def _check_namespace(call: Call) -> None:
    namespace = call.target.namespace
    if namespace and call.store.get("Namespace", "", namespace) is None:
        raise errors.not_found("", "namespaces", namespace)

"""delete, deletecollection, and eviction."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from starlette.responses import JSONResponse, Response

from sandbox.kubernetes import errors, protobuf
from sandbox.kubernetes.controllers.garbage import remove
from sandbox.kubernetes.reading import object_filter
from sandbox.kubernetes.representation import many
from sandbox.kubernetes.requests import content_type, is_dry_run, number, read_object
from sandbox.kubernetes.selectors import label_selector
from sandbox.kubernetes.server import Call, Manifest, success

_POLICIES = ("Background", "Foreground", "Orphan")


async def _options(call: Call) -> dict[str, Any]:
    raw = await call.request.body()
    if not raw:
        return {}
    if content_type(call.request) == protobuf.MEDIA_TYPE:
        return protobuf.decode_object(raw)
    try:
        options = json.loads(raw)
    except ValueError as error:
        raise errors.bad_request(f"the body could not be read: {error}") from error
    return options if isinstance(options, dict) else {}


def _policy(call: Call, options: dict[str, Any]) -> str:
    policy = (
        options.get("propagationPolicy")
        or call.request.query_params.get("propagationPolicy")
        or "Background"
    )
    if policy not in _POLICIES:
        raise errors.bad_request(f"invalid propagationPolicy: {policy!r}")
    return str(policy)


def _grace_seconds(call: Call, options: dict[str, Any]) -> int | None:
    given = options.get("gracePeriodSeconds")
    return int(given) if given is not None else number(call.request, "gracePeriodSeconds")


def _check_preconditions(call: Call, options: dict[str, Any], stored: Manifest) -> None:
    target = call.target
    for field, expected in (options.get("preconditions") or {}).items():
        actual = stored["metadata"].get(field)
        if expected and expected != actual:
            why = f"Precondition failed: {field} in precondition: {expected}, in object meta: {actual}"
            raise errors.conflict(target.resource.group, target.resource.plural, target.name, why)


async def delete_one(call: Call) -> Response:
    """DELETE an object; its dependents follow by the propagation policy."""
    call.permit("delete")
    options = await _options(call)
    stored = call.existing()
    _check_preconditions(call, options, stored)
    if is_dry_run(call.request, options):
        return JSONResponse(stored)
    now = call.backend.world.now()
    remaining = remove(
        call.store, stored, now, _policy(call, options), _grace_seconds(call, options)
    )
    call.backend.controllers.advance(now)
    if remaining is not None:
        return JSONResponse(remaining)
    return JSONResponse(success(call.target, stored["metadata"]["uid"]))


async def delete_many(call: Call) -> Response:
    """DELETE every object of a collection that the selectors match."""
    call.permit("deletecollection")
    options = await _options(call)
    matches = object_filter(call)
    resource = call.target.resource
    found = [m for m in call.store.current(resource.kind, call.target.namespace) if matches(m)]
    now = call.backend.world.now()
    if not is_dry_run(call.request, options):
        for manifest in found:
            remove(call.store, manifest, now, _policy(call, options), _grace_seconds(call, options))
        call.backend.controllers.advance(now)
    metadata = {"resourceVersion": str(call.store.resource_version)}
    return JSONResponse(many(resource, found, metadata, "object", now))


async def evict(call: Call) -> Response:
    """POST an Eviction: a delete that PodDisruptionBudgets can refuse (429)."""
    call.permit("create")
    body = await read_object(call.request)
    pod = call.existing()
    _check_budgets(call, pod)
    if not is_dry_run(call.request, body.get("deleteOptions")):
        now = call.backend.world.now()
        grace = (body.get("deleteOptions") or {}).get("gracePeriodSeconds")
        remove(call.store, pod, now, "Background", grace)
        call.backend.controllers.advance(now)
    target = replace(call.target, subresource="")
    return JSONResponse(success(target, pod["metadata"]["uid"]), 201)


def _check_budgets(call: Call, pod: Manifest) -> None:
    for budget in call.store.current("PodDisruptionBudget", call.target.namespace):
        if not label_selector(budget["spec"].get("selector")).matches(pod):
            continue
        status = budget.get("status") or {}
        if status.get("disruptionsAllowed", 0) < 1:
            raise errors.disruption_refused(
                budget["metadata"]["name"],
                status.get("desiredHealthy", 0),
                status.get("currentHealthy", 0),
            )

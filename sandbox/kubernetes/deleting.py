"""delete, deletecollection, and eviction."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from starlette.responses import JSONResponse, Response

from sandbox.kubernetes import errors, protobuf
from sandbox.kubernetes.controllers.cluster import is_terminating
from sandbox.kubernetes.controllers.garbage import remove
from sandbox.kubernetes.controllers.pods import FINISHED, is_ready
from sandbox.kubernetes.reading import object_filter
from sandbox.kubernetes.representation import many
from sandbox.kubernetes.requests import content_type, is_dry_run, number, read_object
from sandbox.kubernetes.selectors import label_selector
from sandbox.kubernetes.server import Call, Manifest, success

_SEVERAL_BUDGETS = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
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
    options = body.get("deleteOptions") or {}
    _check_preconditions(call, options, pod)
    if _counts_against_budgets(pod):
        _check_budgets(call, pod)
    if not is_dry_run(call.request, options):
        now = call.backend.world.now()
        grace = options.get("gracePeriodSeconds")
        remove(call.store, pod, now, "Background", grace)
        call.backend.controllers.advance(now)
    target = replace(call.target, subresource="")
    return JSONResponse(success(target, pod["metadata"]["uid"]), 201)


def _counts_against_budgets(pod: Manifest) -> bool:
    """Pods that wait, have ended or are on their way out anyway are let go unasked."""
    phase = (pod.get("status") or {}).get("phase")
    return phase not in (*FINISHED, "Pending") and not is_terminating(pod)


def _check_budgets(call: Call, pod: Manifest) -> None:
    budgets = [
        budget
        for budget in call.store.current("PodDisruptionBudget", call.target.namespace)
        if label_selector(budget["spec"].get("selector")).matches(pod)
    ]
    if len(budgets) > 1:
        raise errors.ApiError(500, "InternalError", _SEVERAL_BUDGETS)
    for budget in budgets:
        status = budget.get("status") or {}
        healthy, desired = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
        if not is_ready(pod) and _lets_unready_go(budget, healthy, desired):
            continue
        if status.get("disruptionsAllowed", 0) < 1:
            raise errors.disruption_refused(budget["metadata"]["name"], desired, healthy)


def _lets_unready_go(budget: Manifest, healthy: int, desired: int) -> bool:
    """Its ``unhealthyPodEvictionPolicy``: unready pods go always, or while enough others are healthy (the default)."""
    if budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    return healthy >= desired > 0

"""The scale subresource of Deployments, ReplicaSets and StatefulSets."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from sandbox.kubernetes import errors
from sandbox.kubernetes.cloning import clone
from sandbox.kubernetes.ownership import Manager
from sandbox.kubernetes.requests import field_manager, is_dry_run, read_object
from sandbox.kubernetes.selectors import format_label_selector
from sandbox.kubernetes.server import Call, Manifest
from sandbox.kubernetes.writing import commit, patched, read_patch


def scale_of(workload: Manifest) -> Manifest:
    """The workload's ``autoscaling/v1`` Scale."""
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {k: workload["metadata"][k] for k in kept if k in workload["metadata"]},
        "spec": {"replicas": workload["spec"].get("replicas", 1)},
        "status": {
            "replicas": (workload.get("status") or {}).get("replicas", 0),
            "selector": format_label_selector(workload["spec"].get("selector")),
        },
    }


async def read_scale(call: Call) -> Response:
    """GET the Scale."""
    call.permit("get")
    return JSONResponse(scale_of(call.existing()))


async def replace_scale(call: Call) -> Response:
    """PUT the Scale."""
    call.permit("update")
    return _rescale(call, await read_object(call.request))


async def patch_scale(call: Call) -> Response:
    """PATCH the Scale."""
    call.permit("patch")
    body = await read_patch(call)
    return _rescale(call, patched(call, scale_of(call.existing()), body))


def _rescale(call: Call, scale: Manifest) -> Response:
    before = call.existing()
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if isinstance(replicas, bool) or not isinstance(replicas, int):
        raise errors.bad_request(
            "Scale cannot be handled: json: cannot unmarshal spec.replicas into int32"
        )
    call.store.check_precondition(scale, before)
    after = clone(before)
    after["spec"]["replicas"] = replicas
    manager = Manager(field_manager(call.request), subresource="scale")
    stored = commit(call, before, after, manager, is_dry_run(call.request))
    return JSONResponse(scale_of(stored))

"""The patches that a change comes down to: built from the live objects, before anything is sent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from agent.errors import NotFound, Refused
from agent.model import Change, ChangeKind, Json
from integrations.kubernetes import history, objects
from integrations.kubernetes.client import JSON_PATCH, STRATEGIC_MERGE
from integrations.kubernetes.quantities import amount, cpu_quantity, memory_quantity
from integrations.masking import mask_setting

PROPOSAL = "srebot.dev/proposal"
"""Annotation that a change leaves on what it changed, so that applying it again is seen to be needless."""
RESTART = "srebot.dev/restart"
"""Pod template annotation whose change rolls the pods; its value is the version that was restarted."""
SMALLEST_MEMORY_BYTES = 16.0 * 2**20
LARGEST_MEMORY_BYTES = 16.0 * 2**40
SMALLEST_CPU_CORES = 0.01
LARGEST_CPU_CORES = 512.0
_LIMITS = (
    (
        "memory_bytes",
        "memory",
        "memory",
        (SMALLEST_MEMORY_BYTES, LARGEST_MEMORY_BYTES),
        memory_quantity,
    ),
    ("cpu_cores", "cpu", "CPU", (SMALLEST_CPU_CORES, LARGEST_CPU_CORES), cpu_quantity),
)
"""Argument, its field in the manifest, its name, its bounds, and how it is written."""
MOST_REPLICAS = 200
LONGEST_VALUE = 4_096


@dataclass(frozen=True)
class Edit:
    """One patch of one live object."""

    item: Json
    body: Any
    """Strategic merge patch, or the operations of a JSON patch; without preconditions."""
    content_type: str = STRATEGIC_MERGE

    def guarded(self, resource_version: str, proposal: str = "") -> Any:
        """The patch with uid and version as preconditions, and the proposal's mark."""
        uid = self.item["metadata"]["uid"]
        if self.content_type == JSON_PATCH:
            return _guarded_operations(self, uid, resource_version, proposal)
        metadata: Json = {
            **self.body.get("metadata", {}),
            "uid": uid,
            "resourceVersion": resource_version,
        }
        if proposal:
            metadata["annotations"] = {**metadata.get("annotations", {}), PROPOSAL: proposal}
        return {**self.body, "metadata": metadata}


@dataclass(frozen=True)
class Draft:
    """A change worked out against live objects; the first edit is the target's."""

    edits: tuple[Edit, ...]
    summary: str
    way_back: Change
    """With the values from before it."""


def resources(change: Change, item: Json) -> Draft:
    """New limits of one container; a request that would lie above its limit comes down to it."""
    arguments = change.arguments
    container = _container(item, str(arguments.get("container") or ""))
    name = container["name"]
    now = container.get("resources", {})
    limits: Json = {}
    requests: Json = {}
    said: list[str] = []
    former: Json = {"container": name}
    for argument, field, label, bounds, write in _LIMITS:
        if argument not in arguments:
            continue
        limit = now.get("limits", {}).get(field)
        request = now.get("requests", {}).get(field)
        former[argument] = _whole(amount(limit))
        wanted = arguments[argument]
        if wanted is None:
            limits[field] = None
            said.append(f"{label} limit of {objects.name_of(item)}: {limit or 'none'} -> none")
            continue
        new = _bounded(wanted, bounds, f"{label} limit")
        limits[field] = write(new)
        said.append(f"{label} limit of {objects.name_of(item)}: {limit or 'none'} -> {write(new)}")
        requested = arguments.get(f"request_{argument}", amount(request))
        if requested is not None and min(requested, new) != amount(request):
            requests[field] = write(min(requested, new))
            former[f"request_{argument}"] = _whole(amount(request))
            said.append(f"{label} request: {request} -> {requests[field]}")
    if not said:
        raise Refused("A change of resources needs memory_bytes or cpu_cores")
    patch = {
        "name": name,
        "resources": {k: v for k, v in (("limits", limits), ("requests", requests)) if v},
    }
    body = _template_patch(item, {"spec": {"containers": [patch]}})
    return Draft((Edit(item, body),), "; ".join(said), back(change, arguments=former))


def replicas(change: Change, item: Json) -> Draft:
    """Another number of replicas; never none, which is an outage."""
    if item["kind"] not in ("Deployment", "StatefulSet"):
        raise Refused(f"A {item['kind']} has no number of replicas to set")
    wanted = change.arguments.get("replicas")
    if isinstance(wanted, bool) or not isinstance(wanted, int) or not 1 <= wanted <= MOST_REPLICAS:
        raise Refused(f"The number of replicas must be between 1 and {MOST_REPLICAS}, not {wanted}")
    now = item["spec"].get("replicas", 1)
    return Draft(
        (Edit(item, {"spec": {"replicas": wanted}}),),
        f"replicas of {objects.name_of(item)}: {now} -> {wanted}",
        back(change, arguments={"replicas": now}),
    )


def restart(change: Change, item: Json, revisions: Sequence[Json]) -> Draft:
    """Roll the pods of a workload without changing what they run."""
    if item["kind"] == "CronJob":
        raise Refused("A CronJob has no pods to restart")
    return Draft(
        (restart_edit(item),),
        f"rolling restart of {objects.name_of(item)}",
        back(change, ChangeKind.ROLLBACK, {"revision": current_revision(item, revisions)}),
    )


def restart_edit(item: Json) -> Edit:
    """The patch that rolls a workload's pods."""
    mark = {RESTART: str(item["metadata"].get("generation") or item["metadata"]["resourceVersion"])}
    return Edit(item, {"spec": {"template": {"metadata": {"annotations": mark}}}})


def rollback(change: Change, item: Json, revisions: Sequence[Json]) -> Draft:
    """The pod template of an earlier revision (ReplicaSets or ControllerRevisions of the workload)."""
    number = int(change.arguments.get("revision") or 0)
    found = next((r for r in revisions if revision_number(r) == number), None)
    name = objects.name_of(item)
    if found is None:
        known = ", ".join(str(n) for n in sorted(map(revision_number, revisions)))
        raise NotFound(f"{item['kind']} {name} has no revision {number}; it has: {known or 'none'}")
    now = current_revision(item, revisions)
    operations = [{"op": "replace", "path": "/spec/template", "value": revision_template(found)}]
    return Draft(
        (Edit(item, operations, JSON_PATCH),),
        f"rollback of {name}: revision {now} -> {number}",
        back(change, arguments={"revision": now}),
    )


def suspension(change: Change, item: Json, jobs: Sequence[Json]) -> Draft:
    """Suspend or resume a CronJob, and with it the Jobs given."""
    if item["kind"] != "CronJob":
        raise Refused(
            f"Only a CronJob can be suspended; {objects.name_of(item)} is a {item['kind']}"
        )
    suspend = change.kind is ChangeKind.SUSPEND_JOB
    edits = [Edit(i, {"spec": {"suspend": suspend}}) for i in (item, *jobs)]
    names = [objects.name_of(j) for j in jobs]
    verb = "suspend" if suspend else "resume"
    running = (
        f" and its {'active' if suspend else 'suspended'} job {', '.join(names)}" if names else ""
    )
    other = ChangeKind.RESUME_JOB if suspend else ChangeKind.SUSPEND_JOB
    return Draft(
        tuple(edits),
        f"{verb} CronJob {objects.name_of(item)}{running}",
        back(change, other, {"jobs": names} if names else {}),
    )


def image(change: Change, item: Json, seen: Collection[str]) -> Draft:
    """Another image of one container.

    Args:
        change: with the container and the whole reference.
        item: the workload.
        seen: the references that this workload, or another of its name, has or had: only of these is one taken.
    """
    container = _container(item, str(change.arguments.get("container") or ""))
    name, wanted = container["name"], str(change.arguments.get("image") or "")
    if wanted not in seen:
        raise Refused(
            f"{wanted or 'No image'} is neither in the history of {objects.name_of(item)} nor run by another of that name"
        )
    now = str(container.get("image"))
    body = _template_patch(item, {"spec": {"containers": [{"name": name, "image": wanted}]}})
    return Draft(
        (Edit(item, body),),
        f"image of container {name} of {objects.name_of(item)}: {now} -> {wanted}",
        back(change, arguments={"container": name, "image": now}),
    )


def config_value(change: Change, item: Json, workload: Json | None) -> Draft:
    """One value of a ConfigMap, and the restart that makes a workload read it."""
    if item["kind"] != "ConfigMap":
        raise Refused(f"A configuration value lives in a ConfigMap, not in a {item['kind']}")
    key, value = str(change.arguments.get("key") or ""), change.arguments.get("value")
    values = item.get("data") or {}
    if not key or (key not in values and value is None):
        raise Refused(f"ConfigMap {objects.name_of(item)} has no key {key!r}")
    if value is not None and len(str(value)) > LONGEST_VALUE:
        raise Refused(f"The value is longer than {LONGEST_VALUE} characters")
    new = None if value is None else str(value)
    old = values.get(key)
    if any(v is not None and mask_setting(key, v) != v for v in (old, new)):
        raise Refused(f"{key} holds a secret; srebot neither shows nor changes those")
    edits = [Edit(item, {"data": {key: new}})]
    said = f"{key} in ConfigMap {objects.name_of(item)}: {_shown(key, old)} -> {_shown(key, new)}"
    former: Json = {"key": key, "value": old}
    if workload is not None:
        former["restart"] = objects.name_of(workload)
        said += f", then a rolling restart of {objects.name_of(workload)}"
        if objects.reloads_itself(workload, objects.name_of(item)):
            said += " by Reloader"
        else:
            edits.append(restart_edit(workload))
    return Draft(tuple(edits), said, back(change, arguments=former))


def revision_number(revision: Json) -> int:
    """The number of a ReplicaSet's or ControllerRevision's revision."""
    if "revision" in revision:
        return int(revision["revision"])
    value = (revision["metadata"].get("annotations") or {}).get(history.REVISION, "0")
    return int(value) if str(value).isdigit() else 0


def current_revision(item: Json, revisions: Sequence[Json]) -> int:
    """The revision that the workload's template is of: the highest."""
    annotated = (item["metadata"].get("annotations") or {}).get(history.REVISION, "")
    return (
        int(annotated)
        if str(annotated).isdigit()
        else max(map(revision_number, revisions), default=0)
    )


def revision_template(revision: Json) -> Json:
    """The pod template that a revision holds, without what the controller added."""
    spec = (revision.get("data") or revision).get("spec", {})
    template: Json = {k: v for k, v in spec.get("template", {}).items() if k != "$patch"}
    metadata: Json = dict(template.get("metadata") or {})
    metadata["labels"] = {
        k: v for k, v in (metadata.get("labels") or {}).items() if k != "pod-template-hash"
    }
    return {**template, "metadata": metadata}


def _container(item: Json, name: str) -> Json:
    containers = objects.containers_of(item)
    if not name and len(containers) == 1:
        return containers[0]
    for container in containers:
        if container["name"] == name:
            return container
    names = ", ".join(str(c["name"]) for c in containers)
    raise Refused(f"{objects.name_of(item)} has no container {name!r}; it has: {names or 'none'}")


def _template_patch(item: Json, template: Json) -> Json:
    if item["kind"] == "CronJob":
        return {"spec": {"jobTemplate": {"spec": {"template": template}}}}
    return {"spec": {"template": template}}


def _whole(value: float | None) -> float | int | None:
    return int(value) if value is not None and value.is_integer() else value


def _bounded(value: Any, bounds: tuple[float, float], what: str) -> float:
    smallest, largest = bounds
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not smallest <= value <= largest:
        raise Refused(
            f"The {what} must be a number from {_whole(smallest)} to {_whole(largest)}, not {value!r}"
        )
    return float(value)


def _shown(key: str, value: str | None) -> str:
    return "none" if value is None else mask_setting(key, value)[:80]


def back(change: Change, kind: ChangeKind | None = None, arguments: Json | None = None) -> Change:
    """The change that undoes one: on the same target, with the values from before it."""
    return Change(
        kind=kind or change.kind,
        target=change.target,
        arguments=arguments or {},
        provenance=dict.fromkeys(("target", *(arguments or {})), "before the change"),
    )


def _guarded_operations(edit: Edit, uid: str, resource_version: str, proposal: str) -> list[Json]:
    guards: list[Json] = [
        {"op": "replace", "path": "/metadata/uid", "value": uid},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": resource_version},
    ]
    if proposal:
        if not edit.item["metadata"].get("annotations"):
            guards.append({"op": "add", "path": "/metadata/annotations", "value": {}})
        path = f"/metadata/annotations/{PROPOSAL.replace('/', '~1')}"
        guards.append({"op": "add", "path": path, "value": proposal})
    return [*guards, *edit.body]

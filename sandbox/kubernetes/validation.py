"""What the API server refuses (422), in its own words, for the mistakes that people make."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandbox.kubernetes.cron import CronError, parse_schedule
from sandbox.kubernetes.errors import Cause
from sandbox.kubernetes.quantity import parse_quantity
from sandbox.kubernetes.selectors import label_selector

Manifest = dict[str, Any]
_SUBDOMAIN = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
_LABEL = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
    "'-' or '.', and must start and end with an alphanumeric character"
)
_NOT_NEGATIVE = "must be greater than or equal to 0"
_IMMUTABLE_FIELDS = {
    "Deployment": ("selector",),
    "ReplicaSet": ("selector",),
    "DaemonSet": ("selector",),
    "Job": ("selector", "template"),
}
_STATEFUL_MUTABLE = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
    "revisionHistoryLimit",
)
_PATHS_TO_COUNT = {
    "Deployment": ("replicas", "minReadySeconds", "revisionHistoryLimit"),
    "ReplicaSet": ("replicas", "minReadySeconds"),
    "StatefulSet": ("replicas", "minReadySeconds", "revisionHistoryLimit"),
    "Job": ("parallelism", "completions", "backoffLimit", "activeDeadlineSeconds"),
    "CronJob": ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"),
}


def invalid_value(field: str, value: Any, why: str) -> Cause:
    """The cause for a value that is not allowed."""
    shown = f'"{value}"' if isinstance(value, str) else value
    return Cause(field, f"Invalid value: {shown}: {why}")


def required(field: str, why: str = "") -> Cause:
    """The cause for a value that is missing."""
    return Cause(field, f"Required value{': ' + why if why else ''}", "FieldValueRequired")


def validate(manifest: Manifest, before: Manifest | None = None) -> list[Cause]:
    """Everything that is wrong with an object, or with turning ``before`` into it."""
    causes = list(_metadata(manifest))
    kind = manifest["kind"]
    spec = manifest.get("spec") or {}
    for name in _PATHS_TO_COUNT.get(kind, ()):
        value = spec.get(name)
        if isinstance(value, int) and value < 0:
            causes.append(invalid_value(f"spec.{name}", value, _NOT_NEGATIVE))
    if kind in _BY_KIND:
        causes.extend(_BY_KIND[kind](spec))
    if before is not None:
        causes.extend(_transition(kind, spec, before.get("spec") or {}))
    return causes


def _metadata(manifest: Manifest) -> Iterator[Cause]:
    name = manifest["metadata"].get("name", "")
    if not name:
        yield required("metadata.name", "name or generateName is required")
    elif not _SUBDOMAIN.match(name) or len(name) > 253:
        yield invalid_value("metadata.name", name, _SUBDOMAIN_RULE)
    for field in ("labels", "annotations"):
        for key, value in (manifest["metadata"].get(field) or {}).items():
            if not isinstance(value, str):
                yield invalid_value(f"metadata.{field}.{key}", value, "must be a string")


# --- pods --------------------------------------------------------------------------------------


def _pod_spec(
    spec: Mapping[str, Any], at: str, claims: frozenset[str] = frozenset()
) -> Iterator[Cause]:
    """``claims`` are the volumes that a StatefulSet's claim templates add."""
    containers = spec.get("containers") or []
    if not containers:
        yield required(f"{at}.containers")
    volumes = claims | {volume.get("name") for volume in spec.get("volumes") or ()}
    seen: set[str] = set()
    for field in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(field) or ()):
            where = f"{at}.{field}[{index}]"
            yield from _container(container, where, volumes)
            name = container.get("name", "")
            if name in seen:
                yield Cause(f"{where}.name", f'Duplicate value: "{name}"', "FieldValueDuplicate")
            seen.add(name)


def _container(container: Mapping[str, Any], at: str, volumes: frozenset[Any]) -> Iterator[Cause]:
    name = container.get("name", "")
    if not name:
        yield required(f"{at}.name")
    elif not _LABEL.match(name) or len(name) > 63:
        yield invalid_value(f"{at}.name", name, "a lowercase RFC 1123 label must be used")
    if not container.get("image"):
        yield required(f"{at}.image")
    for index, variable in enumerate(container.get("env") or ()):
        if not variable.get("name"):
            yield required(f"{at}.env[{index}].name")
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        if mount.get("name") not in volumes and not mount.get("name", "").startswith("kube-api"):
            message = f'Not found: "{mount.get("name")}"'
            yield Cause(f"{at}.volumeMounts[{index}].name", message, "FieldValueNotFound")
    for index, port in enumerate(container.get("ports") or ()):
        yield from _port(port.get("containerPort"), f"{at}.ports[{index}].containerPort")
    yield from _resources(container.get("resources") or {}, f"{at}.resources")


def _port(value: Any, at: str) -> Iterator[Cause]:
    if value is None:
        yield required(at)
    elif not isinstance(value, int) or not 1 <= value <= 65535:
        yield invalid_value(at, value, "must be between 1 and 65535, inclusive")


def _resources(resources: Mapping[str, Any], at: str) -> Iterator[Cause]:
    limits = resources.get("limits") or {}
    requests = resources.get("requests") or {}
    for field, amounts in (("limits", limits), ("requests", requests)):
        for name, amount in amounts.items():
            if parse_quantity(amount) < 0:
                yield invalid_value(f"{at}.{field}[{name}]", str(amount), _NOT_NEGATIVE)
    for name, amount in requests.items():
        limit = limits.get(name)
        if limit is not None and parse_quantity(amount) > parse_quantity(limit):
            why = f"must be less than or equal to {name} limit of {limit}"
            yield invalid_value(f"{at}.requests", str(amount), why)


# --- kinds -------------------------------------------------------------------------------------


def _pod(spec: Mapping[str, Any]) -> Iterator[Cause]:
    yield from _pod_spec(spec, "spec")


def _workload(spec: Mapping[str, Any]) -> Iterator[Cause]:
    template = spec.get("template") or {}
    selector = spec.get("selector")
    if not selector:
        yield required("spec.selector")
    elif not label_selector(selector).matches({"metadata": template.get("metadata") or {}}):
        labels = (template.get("metadata") or {}).get("labels") or {}
        why = "`selector` does not match template `labels`"
        yield invalid_value("spec.template.metadata.labels", labels, why)
    claims = spec.get("volumeClaimTemplates") or ()
    claimed = frozenset(claim["metadata"]["name"] for claim in claims)
    yield from _pod_spec(template.get("spec") or {}, "spec.template.spec", claimed)
    policy = (template.get("spec") or {}).get("restartPolicy", "Always")
    if policy != "Always":
        at = "spec.template.spec.restartPolicy"
        message = f'Unsupported value: "{policy}": supported values: "Always"'
        yield Cause(at, message, "FieldValueNotSupported")


def _job(spec: Mapping[str, Any], at: str = "spec") -> Iterator[Cause]:
    pod = (spec.get("template") or {}).get("spec") or {}
    yield from _pod_spec(pod, f"{at}.template.spec")
    if pod.get("restartPolicy") == "Always":
        message = 'Required value: valid values: "OnFailure", "Never"'
        yield Cause(f"{at}.template.spec.restartPolicy", message, "FieldValueRequired")


def _cron_job(spec: Mapping[str, Any]) -> Iterator[Cause]:
    schedule = spec.get("schedule", "")
    if not schedule:
        yield required("spec.schedule")
    else:
        try:
            parse_schedule(schedule)
        except CronError as error:
            yield invalid_value("spec.schedule", schedule, str(error))
    if zone := spec.get("timeZone"):
        try:
            parse_schedule("@daily", zone)
        except CronError as error:
            yield invalid_value("spec.timeZone", zone, str(error))
    if spec.get("concurrencyPolicy") not in ("Allow", "Forbid", "Replace"):
        message = (
            f'Unsupported value: "{spec.get("concurrencyPolicy")}": '
            'supported values: "Allow", "Forbid", "Replace"'
        )
        yield Cause("spec.concurrencyPolicy", message, "FieldValueNotSupported")
    yield from _job((spec.get("jobTemplate") or {}).get("spec") or {}, "spec.jobTemplate.spec")


def _service(spec: Mapping[str, Any]) -> Iterator[Cause]:
    portless = spec.get("type") == "ExternalName" or spec.get("clusterIP") == "None"
    if not spec.get("ports") and not portless:
        yield required("spec.ports")
    for index, port in enumerate(spec.get("ports") or ()):
        yield from _port(port.get("port"), f"spec.ports[{index}].port")


def _autoscaler(spec: Mapping[str, Any]) -> Iterator[Cause]:
    minimum, maximum = spec.get("minReplicas", 1), spec.get("maxReplicas", 0)
    if minimum < 1:
        yield invalid_value("spec.minReplicas", minimum, "must be greater than or equal to 1")
    if maximum < 1:
        yield invalid_value("spec.maxReplicas", maximum, "must be greater than 0")
    elif maximum < minimum:
        why = "must be greater than or equal to `minReplicas`"
        yield invalid_value("spec.maxReplicas", maximum, why)


_BY_KIND: dict[str, Callable[[Mapping[str, Any]], Iterator[Cause]]] = {
    "Pod": _pod,
    "Deployment": _workload,
    "ReplicaSet": _workload,
    "StatefulSet": _workload,
    "DaemonSet": _workload,
    "Job": _job,
    "CronJob": _cron_job,
    "Service": _service,
    "HorizontalPodAutoscaler": _autoscaler,
}


# --- updates -----------------------------------------------------------------------------------


def _transition(kind: str, spec: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[Cause]:
    for field in _IMMUTABLE_FIELDS.get(kind, ()):
        if spec.get(field) != before.get(field):
            yield invalid_value(f"spec.{field}", str(spec.get(field)), "field is immutable")
    if kind == "StatefulSet":
        changed = [k for k in spec.keys() | before.keys() if spec.get(k) != before.get(k)]
        if any(name not in _STATEFUL_MUTABLE for name in changed):
            allowed = ", ".join(f"'{name}'" for name in _STATEFUL_MUTABLE)
            message = (
                "Forbidden: updates to statefulset spec for fields other than "
                f"{allowed} are forbidden"
            )
            yield Cause("spec", message, "FieldValueForbidden")
    if kind == "Pod" and _without_images(spec) != _without_images(before):
        message = (
            "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
            "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations`"
        )
        yield Cause("spec", message, "FieldValueForbidden")


def _without_images(spec: Mapping[str, Any]) -> dict[str, Any]:
    bare = {k: v for k, v in spec.items() if k not in ("activeDeadlineSeconds", "tolerations")}
    for field in ("containers", "initContainers"):
        if field in bare:
            bare[field] = [
                {k: v for k, v in container.items() if k not in ("image", "imagePullPolicy")}
                for container in bare[field]
            ]
    return bare

"""Values that do not even decode into the API's Go types, as the server words it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sandbox.kubernetes.errors import bad_request
from sandbox.kubernetes.quantity import QuantityError, parse_quantity

_WHOLE_NUMBERS = {
    "replicas",
    "minReadySeconds",
    "revisionHistoryLimit",
    "progressDeadlineSeconds",
    "parallelism",
    "completions",
    "backoffLimit",
    "minReplicas",
    "maxReplicas",
    "containerPort",
    "terminationGracePeriodSeconds",
    "partition",
    "successfulJobsHistoryLimit",
    "failedJobsHistoryLimit",
}
_SHARES = {"maxSurge", "maxUnavailable", "minAvailable"}
_PERCENT = re.compile(r"^\d+%$")
_BOOLEANS = {"suspend", "unschedulable", "paused", "hostNetwork"}
_STRING_MAPS = {"labels", "annotations", "matchLabels", "nodeSelector"}
_STRINGS = {"image", "schedule", "nodeName", "serviceAccountName"}
_LISTS = {"containers", "initContainers", "env", "volumes", "volumeMounts", "ports"}
_OBJECTS = {
    "metadata",
    "spec",
    "template",
    "jobTemplate",
    "selector",
    "strategy",
    "updateStrategy",
    "rollingUpdate",
    "resources",
    "limits",
    "requests",
    "scaleTargetRef",
}
_GO_NAMES = {str: "string", bool: "bool", int: "number", float: "number", list: "array"}


@contextmanager
def shape_checked() -> Iterator[None]:
    """Turn a stumble over a value of an unexpected shape into ApiError 400.

    The API's types are not modelled field by field; what our code cannot walk (a text where a map
    belongs) does not decode into the server's Go types either. Only for code that does nothing
    but read the client's object.
    """
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise bad_request(f"json: cannot unmarshal the object: {error!r}") from error


def without_nulls(value: Any) -> Any:
    """A copy without the map entries that are null, which mean the same as none at all."""
    if isinstance(value, Mapping):
        return {k: without_nulls(inner) for k, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [without_nulls(inner) for inner in value]
    return value


def malformed(manifest: Mapping[str, Any]) -> str | None:
    """What the JSON decoder would say of the first value of a wrong type, or None."""
    for part in ("metadata", "spec"):
        value = manifest.get(part)
        if value is not None and not isinstance(value, Mapping):
            return _wrong(value, part, "object")
    found = next(_metadata_errors(manifest), None) or next(
        _walk(manifest.get("spec"), "spec"), None
    )
    if found is None and manifest.get("kind") in ("ConfigMap", "Secret"):
        return next(_string_map(manifest.get("data"), "data"), None)
    return found


def _metadata_errors(manifest: Mapping[str, Any]) -> Iterator[str]:
    metadata = manifest.get("metadata") or {}
    for name in ("labels", "annotations"):
        yield from _string_map(metadata.get(name), f"metadata.{name}")


def _walk(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if inner is not None:
                yield from _check(str(name), inner, f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner, path)


def _check(name: str, value: Any, path: str) -> Iterator[str]:
    if name in ("limits", "requests") and isinstance(value, Mapping):
        yield from _quantities(value)
    elif name in _STRING_MAPS:
        yield from _string_map(value, path)
    elif (expected := _expected(name)) is not None and not _is_a(value, expected):
        yield _wrong(value, path, expected)
    elif name == "env":
        yield from _environment(value, path)
    else:
        yield from _walk(value, path)


def _expected(name: str) -> str | None:
    if name in _WHOLE_NUMBERS:
        return "int32"
    if name in _SHARES:
        return "intstr"
    if name in _BOOLEANS:
        return "bool"
    if name in _STRINGS:
        return "string"
    if name in _OBJECTS:
        return "object"
    return "array" if name in _LISTS else None


def _is_a(value: Any, expected: str) -> bool:
    if expected == "int32":
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31
    if expected == "intstr":
        return _is_a(value, "int32") or (isinstance(value, str) and bool(_PERCENT.match(value)))
    if expected == "array":
        return isinstance(value, list) and all(isinstance(item, Mapping) for item in value)
    types: dict[str, type] = {"bool": bool, "string": str, "object": Mapping}
    return isinstance(value, types[expected])


def _environment(variables: list[Any], path: str) -> Iterator[str]:
    for variable in variables:
        if not isinstance(variable.get("value", ""), str):
            yield _wrong(variable["value"], f"{path}.value", "string")


def _quantities(amounts: Mapping[str, Any]) -> Iterator[str]:
    for amount in amounts.values():
        try:
            parse_quantity(amount)
        except QuantityError as error:
            yield str(error)


def _string_map(value: Any, path: str) -> Iterator[str]:
    if value is None:
        return
    if not isinstance(value, Mapping):
        yield _wrong(value, path, "map[string]string")
        return
    for inner in value.values():
        if not isinstance(inner, str):
            yield _wrong(inner, path, "string")


def _wrong(value: Any, path: str, expected: str) -> str:
    actual = _GO_NAMES.get(type(value), "object")
    return f"json: cannot unmarshal {actual} into Go struct field .{path} of type {expected}"

"""Merge patch (RFC 7386), JSON patch (RFC 6902) and Kubernetes' strategic merge patch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.kubernetes.cloning import clone
from sandbox.kubernetes.errors import ApiError, bad_request
from sandbox.kubernetes.schema import Path, list_type

Manifest = dict[str, Any]
_DELETE_PRIMITIVES = "$deleteFromPrimitiveList/"
_SET_ORDER = "$setElementOrder/"


def merge_patch(target: Any, patch: Any) -> Any:
    """Apply an RFC 7386 merge patch: null removes, lists are replaced."""
    if not isinstance(patch, Mapping):
        return clone(patch)
    merged = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


# --- strategic merge ---------------------------------------------------------------------------


def strategic_merge(kind: str, target: Manifest, patch: Mapping[str, Any]) -> Manifest:
    """Apply a strategic merge patch to an object of ``kind``.

    Keyed lists merge by their key; ``$patch: delete|replace|merge``, ``$retainKeys``,
    ``$deleteFromPrimitiveList`` and ``$setElementOrder`` are honoured.
    Raises ApiError 400 for a malformed patch.
    """
    return _merge_map(kind, clone(target), patch, ())


def _merge_map(
    kind: str, target: dict[str, Any], patch: Mapping[str, Any], path: Path
) -> dict[str, Any]:
    directive = patch.get("$patch")
    if directive == "replace":
        return {key: clone(v) for key, v in patch.items() if key != "$patch"}
    if directive == "delete":
        return {}
    if "$retainKeys" in patch:
        target = {key: v for key, v in target.items() if key in patch["$retainKeys"]}
    for key, value in patch.items():
        if key.startswith("$"):
            _apply_directive(target, key, value)
        elif value is None:
            target.pop(key, None)
        else:
            target[key] = _merge_value(kind, target.get(key), value, (*path, key))
    for key, order in patch.items():
        if key.startswith(_SET_ORDER):
            _order(kind, target, key.removeprefix(_SET_ORDER), order, path)
    return target


def _apply_directive(target: dict[str, Any], key: str, value: Any) -> None:
    if key.startswith(_DELETE_PRIMITIVES):
        field = key.removeprefix(_DELETE_PRIMITIVES)
        target[field] = [item for item in target.get(field) or () if item not in value]


def _merge_value(kind: str, target: Any, patch: Any, path: Path) -> Any:
    if isinstance(patch, Mapping):
        return _merge_map(kind, target if isinstance(target, dict) else {}, patch, path)
    if isinstance(patch, list):
        return _merge_list(kind, target if isinstance(target, list) else [], patch, path)
    return patch


def _merge_list(kind: str, target: list[Any], patch: list[Any], path: Path) -> list[Any]:
    how = list_type(kind, path)
    if how.is_set:
        return target + [item for item in patch if item not in target]
    if how.merge_key is None:
        return clone(patch)
    if any(isinstance(item, Mapping) and item.get("$patch") == "replace" for item in patch):
        return [clone(item) for item in patch if item.get("$patch") != "replace"]
    for item in patch:
        target = _merge_item(kind, target, item, how.merge_key, path)
    return target


def _merge_item(kind: str, target: list[Any], item: Any, merge_key: str, path: Path) -> list[Any]:
    if not isinstance(item, Mapping) or merge_key not in item:
        raise bad_request(f"map: {item!r} does not contain declared merge key: {merge_key}")
    name = item[merge_key]
    if item.get("$patch") == "delete":
        return [other for other in target if other.get(merge_key) != name]
    for position, other in enumerate(target):
        if other.get(merge_key) == name:
            target[position] = _merge_map(kind, other, item, path)
            return target
    return [*target, _merge_map(kind, {}, item, path)]


def _order(kind: str, target: dict[str, Any], field: str, order: Sequence[Any], path: Path) -> None:
    items = target.get(field)
    if not isinstance(items, list):
        return
    key = list_type(kind, (*path, field)).merge_key
    wanted = [entry.get(key) if isinstance(entry, Mapping) else entry for entry in order]

    def rank(item: Any) -> int:
        name = item.get(key) if isinstance(item, Mapping) else item
        return wanted.index(name) if name in wanted else len(wanted)

    target[field] = sorted(items, key=rank)


# --- JSON patch --------------------------------------------------------------------------------


def json_patch(target: Manifest, operations: Any) -> Manifest:
    """Apply an RFC 6902 patch; raises ApiError 400 (malformed) or 422 (cannot be applied)."""
    if not isinstance(operations, list):
        raise bad_request("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    document: Any = clone(target)
    for operation in operations:
        document = _operate(document, operation)
    if not isinstance(document, dict):
        raise _impossible("the patch does not leave an object")
    return document


def _impossible(why: str) -> ApiError:
    return ApiError(422, "Invalid", f"the server rejected our request due to an error: {why}")


def _pointer(text: Any) -> list[str]:
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise bad_request(f"jsonpatch: invalid path {text!r}")
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _operate(document: Any, operation: Any) -> Any:
    if not isinstance(operation, Mapping) or "op" not in operation:
        raise bad_request(f"jsonpatch: unknown operation {operation!r}")
    path = _pointer(operation.get("path"))
    match operation["op"]:
        case "add":
            return _add(document, path, operation.get("value"))
        case "replace":
            _look_up(document, path)
            return _add(_remove(document, path), path, operation.get("value"))
        case "remove":
            return _remove(document, path)
        case "test":
            if _look_up(document, path) != operation.get("value"):
                raise _impossible(f"testing value {operation['path']} failed")
            return document
        case "move" | "copy":
            source = _pointer(operation.get("from"))
            value = clone(_look_up(document, source))
            if operation["op"] == "move":
                document = _remove(document, source)
            return _add(document, path, value)
    raise bad_request(f"jsonpatch: unknown operation {operation['op']!r}")


def _look_up(document: Any, path: Sequence[str]) -> Any:
    value = document
    for part in path:
        try:
            value = value[_index(part, len(value) - 1)] if isinstance(value, list) else value[part]
        except (KeyError, TypeError) as error:
            raise _impossible(f"path /{'/'.join(path)} does not exist") from error
    return value


def _index(part: str, last: int) -> int:
    if not part.isdecimal() or int(part) > last:
        raise _impossible(f"unable to access invalid index: {part}")
    return int(part)


def _add(document: Any, path: list[str], value: Any) -> Any:
    if not path:
        return clone(value)
    parent = _look_up(document, path[:-1])
    if isinstance(parent, list):
        position = len(parent) if path[-1] == "-" else _index(path[-1], len(parent))
        parent.insert(position, clone(value))
    elif isinstance(parent, dict):
        parent[path[-1]] = clone(value)
    else:
        raise _impossible(f"path /{'/'.join(path)} does not exist")
    return document


def _remove(document: Any, path: list[str]) -> Any:
    if not path:
        return None
    _look_up(document, path)
    parent = _look_up(document, path[:-1])
    if isinstance(parent, list):
        del parent[_index(path[-1], len(parent) - 1)]
    else:
        del parent[path[-1]]
    return document

"""Kustomize's patches on plain data: strategic merges (lists of things with names by their names) and JSON patches."""

from __future__ import annotations

import copy
from typing import Any

from agent.model import Json

_MOST_OPERATIONS = 500


def merged(base: Any, patch: Any) -> Any:
    """``base`` with a strategic merge patch on it; neither is changed."""
    if isinstance(base, dict) and isinstance(patch, dict):
        if patch.get("$patch") == "replace":
            return {k: v for k, v in patch.items() if k != "$patch"}
        found = dict(base)
        for key, value in patch.items():
            if value is None:
                found.pop(key, None)
            else:
                found[key] = merged(found.get(key), value)
        return found
    if _named(base) and _named(patch):
        return _merged_by_name(base, patch)
    return copy.deepcopy(patch)


def _named(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(v, dict) and "name" in v for v in value)


def _merged_by_name(base: list[Json], patch: list[Json]) -> list[Json]:
    found = {str(v["name"]): v for v in base}
    for value in patch:
        name = str(value["name"])
        if value.get("$patch") == "delete":
            found.pop(name, None)
        else:
            found[name] = merged(found.get(name), value)
    return list(found.values())


def json_patched(base: Json, operations: Any) -> Json:
    """``base`` with a JSON patch (RFC 6902: add, replace, remove) on it; operations that don't apply are left out."""
    if not isinstance(operations, list):
        return base
    found = copy.deepcopy(base)
    for operation in operations[:_MOST_OPERATIONS]:
        if isinstance(operation, dict) and isinstance(operation.get("path"), str):
            _apply(found, operation)
    return found


def _apply(document: Json, operation: Json) -> None:
    *way, last = [p.replace("~1", "/").replace("~0", "~") for p in operation["path"].split("/")[1:]]
    place: Any = document
    for part in way:
        if isinstance(place, dict) and part in place:
            place = place[part]
        elif isinstance(place, list) and part.isdecimal() and int(part) < len(place):
            place = place[int(part)]
        else:
            return
    if isinstance(place, dict):
        _on_mapping(place, last, operation)
    elif isinstance(place, list):
        _on_list(place, last, operation)


def _on_mapping(place: Json, key: str, operation: Json) -> None:
    if operation.get("op") == "remove":
        place.pop(key, None)
    elif operation.get("op") in ("add", "replace") and "value" in operation:
        place[key] = operation["value"]


def _on_list(place: list[Any], key: str, operation: Json) -> None:
    if key == "-" and operation.get("op") == "add":
        place.append(operation.get("value"))
    elif key.isdecimal() and int(key) < len(place):
        match operation.get("op"):
            case "remove":
                del place[int(key)]
            case "replace":
                place[int(key)] = operation.get("value")
            case "add":
                place.insert(int(key), operation.get("value"))

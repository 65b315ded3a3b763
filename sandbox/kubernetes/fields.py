"""Sets of field paths, as ``managedFields`` records who owns what (structured-merge-diff's FieldsV1).

A path is a tuple of elements: ``f:spec`` for a field, ``k:{"name":"web"}`` for an item of a keyed
list, ``v:"x"`` for an item of a set, and a final ``.`` for the item or map itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sandbox.kubernetes.schema import Path, is_atomic_map, list_type

FieldPath = tuple[str, ...]
FieldSet = frozenset[FieldPath]

_SERVER_OWNED = {
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
    "selfLink",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
}
ABSENT = object()
"""What ``value_at`` returns for a path that leads nowhere; equal to nothing else."""


def fields_of(manifest: Mapping[str, Any]) -> FieldSet:
    """The paths of every field that a manifest sets and that somebody can own."""
    kind = str(manifest.get("kind", ""))
    paths: set[FieldPath] = set()
    for name, value in manifest.items():
        if name in ("apiVersion", "kind") or value is None:
            continue
        if name == "metadata":
            value = {k: v for k, v in value.items() if k not in _SERVER_OWNED}
            if not value:
                continue
        paths.update(_walk(kind, value, (f"f:{name}",), (name,)))
    return frozenset(paths)


def _walk(kind: str, value: Any, at: FieldPath, names: Path) -> Iterator[FieldPath]:
    if isinstance(value, Mapping) and value and not is_atomic_map(names):
        for name, inner in value.items():
            if inner is not None:
                yield from _walk(kind, inner, (*at, f"f:{name}"), (*names, name))
        return
    how = list_type(kind, names) if isinstance(value, list) else None
    if how is not None and how.is_set:
        yield from ((*at, f"v:{json.dumps(item)}") for item in value)
    elif how is not None and how.apply_keys and value:
        for item in value:
            element = item_element(item, how.apply_keys)
            yield (*at, element, ".")
            for name, inner in item.items():
                yield from _walk(kind, inner, (*at, element, f"f:{name}"), (*names, name))
    else:
        yield at


def item_element(item: Mapping[str, Any], keys: Iterable[str]) -> str:
    """The path element of a keyed list's item."""
    defaults = {"protocol": "TCP"}
    values = {key: item.get(key, defaults.get(key)) for key in sorted(keys)}
    return "k:" + json.dumps(values, separators=(",", ":"), sort_keys=True)


def _step(value: Any, element: str) -> Any:
    if element == ".":
        return True
    tag, _, rest = element.partition(":")
    if tag == "f":
        return value.get(rest, ABSENT) if isinstance(value, Mapping) else ABSENT
    if not isinstance(value, list):
        return ABSENT
    wanted = json.loads(rest)
    if tag == "v":
        return wanted if wanted in value else ABSENT
    for item in value:
        if item_element(item, wanted) == element:
            return item
    return ABSENT


def value_at(manifest: Any, path: FieldPath) -> Any:
    """What stands at ``path``, or ``ABSENT``; True for an item that is there at all."""
    value = manifest
    for element in path:
        value = _step(value, element)
        if value is ABSENT:
            return ABSENT
    return value


def remove_at(manifest: Any, path: FieldPath) -> None:
    """Take the field or item at ``path`` away, in place."""
    if path[-1] == ".":
        path = path[:-1]
    parent = value_at(manifest, path[:-1])
    tag, _, rest = path[-1].partition(":")
    if tag == "f" and isinstance(parent, dict):
        parent.pop(rest, None)
    elif isinstance(parent, list):
        item = _step(parent, path[-1])
        if item is not ABSENT:
            parent.remove(item)


def dotted(path: FieldPath) -> str:
    """A path as error messages spell it: ``.spec.template.spec.containers[name="web"].image``."""
    text = ""
    for element in path:
        tag, _, rest = element.partition(":")
        if tag == "f":
            text += f".{rest}"
        elif tag == "k":
            keys = ",".join(f"{k}={json.dumps(v)}" for k, v in json.loads(rest).items())
            text += f"[{keys}]"
        elif tag == "v":
            text += f"[={rest}]"
    return text


def to_fields_v1(paths: Iterable[FieldPath]) -> dict[str, Any]:
    """A set of paths in the nested form that ``managedFields`` carries."""
    root: dict[str, Any] = {}
    for path in sorted(paths):
        node = root
        for element in path:
            node = node.setdefault(element, {})
    return root


def from_fields_v1(tree: Mapping[str, Any]) -> FieldSet:
    """Read the nested form back; a node without children is a path."""

    def leaves(node: Mapping[str, Any], at: FieldPath) -> Iterator[FieldPath]:
        for element, inner in node.items():
            if inner:
                yield from leaves(inner, (*at, element))
            else:
                yield (*at, element)

    return frozenset(leaves(tree, ()))

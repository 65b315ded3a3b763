"""Who owns which fields, and server-side apply on top of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.kubernetes.clock import format_time
from sandbox.kubernetes.cloning import clone
from sandbox.kubernetes.errors import apply_conflict
from sandbox.kubernetes.fields import (
    ABSENT,
    FieldPath,
    FieldSet,
    dotted,
    fields_of,
    from_fields_v1,
    item_element,
    remove_at,
    to_fields_v1,
    value_at,
)
from sandbox.kubernetes.schema import Path, is_atomic_map, list_type

Manifest = dict[str, Any]
_UNKNOWN_OWNER = "before-first-apply"


@dataclass(frozen=True)
class Manager:
    """A field manager: its name, how it writes (Apply or Update), and on which subresource."""

    name: str
    operation: str = "Update"
    subresource: str = ""


class _Owners:
    """The field sets of an object's managers."""

    def __init__(self, manifest: Manifest) -> None:
        self._sets: dict[Manager, FieldSet] = {}
        self._times: dict[Manager, str] = {}
        entries = manifest["metadata"].get("managedFields") or ()
        for entry in entries:
            manager = Manager(entry["manager"], entry["operation"], entry.get("subresource", ""))
            self._sets[manager] = from_fields_v1(entry["fieldsV1"])
            self._times[manager] = entry["time"]
        if not entries and manifest["metadata"].get("uid"):
            unknown = Manager(_UNKNOWN_OWNER)
            self._sets[unknown] = fields_of(manifest)
            self._times[unknown] = manifest["metadata"]["creationTimestamp"]

    def of(self, manager: Manager) -> FieldSet:
        return self._sets.get(manager, frozenset())

    def others(self, manager: Manager, path: FieldPath) -> list[Manager]:
        return [other for other, owned in self._sets.items() if other != manager and path in owned]

    def give(self, manager: Manager, paths: FieldSet, when: datetime) -> None:
        self._sets[manager] = paths
        self._times[manager] = format_time(when)

    def take_from_others(self, manager: Manager, paths: FieldSet) -> None:
        for other, owned in self._sets.items():
            if other != manager:
                self._sets[other] = owned - paths

    def keep_only(self, present: FieldSet) -> None:
        for manager, owned in self._sets.items():
            self._sets[manager] = owned & present

    def written_to(self, manifest: Manifest) -> None:
        manifest["metadata"]["managedFields"] = [
            self._entry(manager, owned, manifest["apiVersion"])
            for manager, owned in self._sets.items()
            if owned
        ]

    def _entry(self, manager: Manager, owned: FieldSet, api_version: str) -> dict[str, Any]:
        entry = {
            "manager": manager.name,
            "operation": manager.operation,
            "apiVersion": api_version,
            "time": self._times[manager],
            "fieldsType": "FieldsV1",
            "fieldsV1": to_fields_v1(owned),
        }
        return entry | ({"subresource": manager.subresource} if manager.subresource else {})


def record_update(
    before: Manifest | None, after: Manifest, manager: Manager, when: datetime
) -> None:
    """Note in ``after`` (in place) that ``manager`` wrote the fields that differ from ``before``."""
    owners = _Owners(before if before is not None else {"metadata": {}})
    present = fields_of(after)
    changed = frozenset(
        path
        for path in present
        if before is None or value_at(before, path) != value_at(after, path)
    )
    owners.keep_only(present)
    if changed:
        owners.take_from_others(manager, changed)
        owners.give(manager, owners.of(manager) | changed, when)
    owners.written_to(after)


def server_side_apply(
    live: Manifest | None, config: Manifest, manager: Manager, force: bool, when: datetime
) -> Manifest:
    """Apply ``config`` as ``manager``'s whole intent: merged, with what it no longer names removed.

    Raises ApiError 409 listing each field that another manager owns with another value, unless
    ``force`` takes them over.
    """
    owners = _Owners(live if live is not None else {"metadata": {}})
    intent = fields_of(config)
    base: Manifest = clone(live) if live is not None else {}
    taken = _contested(base, config, intent, manager, owners)
    if taken and not force:
        raise apply_conflict(
            [(other.name, dotted(path)) for path in sorted(taken) for other in taken[path]]
        )
    owners.take_from_others(manager, frozenset(taken))
    merged: Manifest = _merge(str(config["kind"]), base, config, ())
    for path in sorted(owners.of(manager) - intent, reverse=True):
        if not owners.others(manager, path):
            remove_at(merged, path)
    owners.give(manager, intent, when)
    owners.written_to(merged)
    return merged


def _contested(
    live: Manifest, config: Manifest, intent: FieldSet, manager: Manager, owners: _Owners
) -> dict[FieldPath, list[Manager]]:
    contested = {}
    for path in intent:
        current = value_at(live, path)
        if current is ABSENT or current == value_at(config, path):
            continue
        if others := owners.others(manager, path):
            contested[path] = others
    return contested


def _merge(kind: str, live: Any, config: Any, names: Path) -> Any:
    if isinstance(config, Mapping) and not (names and is_atomic_map(names)):
        merged = dict(live) if isinstance(live, Mapping) else {}
        for name, value in config.items():
            if value is not None:
                merged[name] = _merge(kind, merged.get(name), value, (*names, name))
        return merged
    if isinstance(config, list) and isinstance(live, list):
        how = list_type(kind, names)
        if how.is_set:
            return live + [item for item in config if item not in live]
        if how.apply_keys:
            return _merge_items(kind, live, config, how.apply_keys, names)
    return clone(config)


def _merge_items(
    kind: str, live: list[Any], config: list[Any], keys: tuple[str, ...], names: Path
) -> list[Any]:
    merged = list(live)
    positions = {item_element(item, keys): place for place, item in enumerate(merged)}
    for item in config:
        place = positions.get(item_element(item, keys))
        if place is None:
            merged.append(clone(item))
        else:
            merged[place] = _merge(kind, merged[place], item, names)
    return merged

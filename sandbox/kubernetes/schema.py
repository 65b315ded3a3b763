"""How lists merge: which are keyed, by which fields, and which are replaced whole.

Taken from the ``patchMergeKey`` and ``listType`` markers of the API types.
"""

from __future__ import annotations

from dataclasses import dataclass

Path = tuple[str, ...]
"""Field names from the object's root; list items take no element."""


@dataclass(frozen=True)
class ListType:
    """The markers of one list field."""

    merge_key: str | None = None
    """What strategic merge matches items by; None if it replaces the list."""
    apply_keys: tuple[str, ...] = ()
    """What server-side apply matches items by; empty if the list is atomic."""
    is_set: bool = False
    """A list of scalars that merges as a set."""


def _keyed(key: str, *apply_keys: str) -> ListType:
    return ListType(key, apply_keys or (key,))


ATOMIC = ListType()
_BY_FIELD = {
    "containers": _keyed("name"),
    "initContainers": _keyed("name"),
    "ephemeralContainers": _keyed("name"),
    "env": _keyed("name"),
    "volumes": _keyed("name"),
    "volumeMounts": _keyed("mountPath"),
    "volumeDevices": _keyed("devicePath"),
    "imagePullSecrets": _keyed("name"),
    "secrets": ListType("name"),
    "hostAliases": _keyed("ip"),
    "schedulingGates": _keyed("name"),
    "topologySpreadConstraints": _keyed("topologyKey", "topologyKey", "whenUnsatisfiable"),
    "conditions": _keyed("type"),
    "ownerReferences": _keyed("uid"),
    "addresses": ListType("type"),
    "taints": ListType("key"),
    "podIPs": _keyed("ip"),
    "finalizers": ListType(is_set=True),
}
_CONTAINER_PORTS = _keyed("containerPort", "containerPort", "protocol")
_SERVICE_PORTS = _keyed("port", "port", "protocol")
_CONTAINERS = {"containers", "initContainers", "ephemeralContainers"}
_UNKEYED_KINDS = {"Endpoints", "EndpointSlice", "NetworkPolicy", "Ingress"}


def list_type(kind: str, path: Path) -> ListType:
    """How the list at ``path`` of an object of ``kind`` merges."""
    if kind in _UNKEYED_KINDS and path[0] != "metadata":
        return ATOMIC
    if path[-1] == "ports":
        if len(path) > 1 and path[-2] in _CONTAINERS:
            return _CONTAINER_PORTS
        return _SERVICE_PORTS if kind == "Service" else ATOMIC
    return _BY_FIELD.get(path[-1], ATOMIC)


def is_atomic_map(path: Path) -> bool:
    """Whether the map at ``path`` is owned and replaced whole (selectors)."""
    return path[-1] in ("selector", "labelSelector", "podSelector", "namespaceSelector") or (
        path[-1] == "nodeSelector"
    )

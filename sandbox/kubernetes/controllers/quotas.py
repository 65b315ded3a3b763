"""ResourceQuotas: what a namespace may use in all, asked before a pod is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.kubernetes.controllers.cluster import Cluster, Manifest, is_terminating
from sandbox.kubernetes.quantity import parse_quantity

_FINISHED = ("Succeeded", "Failed")


def exceeded(cluster: Cluster, namespace: str, spec: Mapping[str, Any]) -> str:
    """What the API server says against one more pod of this spec; empty: there is room."""
    for quota in cluster.store.current("ResourceQuota", namespace):
        hard = (quota.get("spec") or {}).get("hard") or {}
        asked = {name: _asked(spec, name) for name in hard}
        used = used_of(cluster, namespace, hard)
        over = [n for n in sorted(hard) if asked[n] and used[n] + asked[n] > _number(hard[n])]
        if over:
            return (
                f"exceeded quota: {quota['metadata']['name']}"
                f", requested: {_told(over, asked)}, used: {_told(over, used)}"
                f", limited: {','.join(f'{n}={hard[n]}' for n in over)}"
            )
    return ""


def reconcile_quota(cluster: Cluster, quota: Manifest) -> None:
    """Write what is used of a quota into its status."""
    hard = (quota.get("spec") or {}).get("hard") or {}
    used = used_of(cluster, quota["metadata"]["namespace"], hard)
    told = {name: _quantity(name, value) for name, value in used.items()}
    cluster.set_status(quota, {"hard": hard, "used": told})


def used_of(cluster: Cluster, namespace: str, hard: Mapping[str, Any]) -> dict[str, float]:
    """What the namespace's pods use of each thing that a quota limits."""
    pods = [
        pod["spec"]
        for pod in cluster.store.current("Pod", namespace)
        if not is_terminating(pod) and pod["status"].get("phase") not in _FINISHED
    ]
    return {name: sum(_asked(spec, name) for spec in pods) for name in hard}


def _asked(spec: Mapping[str, Any], name: str) -> float:
    """What one pod counts for: ``pods``, ``requests.cpu``, ``limits.memory``, ``cpu`` ..."""
    if name in ("pods", "count/pods"):
        return 1.0
    bound, _, resource = name.rpartition(".")
    amounts = (
        ((c.get("resources") or {}).get(bound or "requests") or {}).get(resource, 0)
        for c in spec["containers"]
    )
    return sum(map(_number, amounts))


def _number(quantity: object) -> float:
    return float(parse_quantity(str(quantity)))


def _told(names: list[str], values: Mapping[str, float]) -> str:
    return ",".join(f"{name}={_quantity(name, values[name])}" for name in names)


def _quantity(name: str, value: float) -> str:
    if name.endswith("memory"):
        return f"{value / 2**20:.0f}Mi"
    if name.endswith("cpu") and not value.is_integer():
        return f"{value * 1000:.0f}m"
    return f"{value:.0f}"

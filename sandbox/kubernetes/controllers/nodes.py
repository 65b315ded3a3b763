"""The node lifecycle: cordoned nodes bear a taint; pods of a node that no longer reports are not ready, and after a while are taken down."""

from __future__ import annotations

from datetime import timedelta

from sandbox.kubernetes.clock import format_time, parse_time
from sandbox.kubernetes.cloning import clone
from sandbox.kubernetes.controllers.cluster import (
    Cluster,
    Manifest,
    controller_of,
    is_terminating,
)
from sandbox.kubernetes.controllers.conditions import condition
from sandbox.kubernetes.controllers.pods import FINISHED, stop_pod
from sandbox.kubernetes.ownership import Manager, record_update

UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
"""The taint of cordoned nodes."""
_MANAGER = Manager("kube-controller-manager")
TOLERATED = timedelta(minutes=5)
"""How long pods stay on a node that does not report (the default toleration of the taint ``unreachable``)."""


def sync_nodes(cluster: Cluster) -> None:
    """Taint nodes that are cordoned; mark, and in time take down, the pods of nodes that do not report."""
    for node in cluster.store.current("Node"):
        _taint_cordoned(cluster, node)
    _sync_lost(cluster)


def _taint_cordoned(cluster: Cluster, node: Manifest) -> None:
    """Have the taint of unschedulable nodes on those that are, and on no other."""
    taints = list(node["spec"].get("taints") or ()) if node.get("spec") else []
    others = [t for t in taints if t["key"] != UNSCHEDULABLE]
    closed = bool((node.get("spec") or {}).get("unschedulable"))
    if closed == (len(others) < len(taints)):
        return
    changed = clone(node)
    if closed:
        since = format_time(cluster.now)
        others.append({"key": UNSCHEDULABLE, "effect": "NoSchedule", "timeAdded": since})
    changed["spec"]["taints"] = others
    if not others:
        changed["spec"].pop("taints")
    record_update(node, changed, _MANAGER, cluster.now)
    cluster.update(changed)


def _sync_lost(cluster: Cluster) -> None:
    lost = {
        node["metadata"]["name"]: told
        for node in cluster.store.current("Node")
        for told in (node.get("status") or {}).get("conditions") or ()
        if told["type"] == "Ready" and told["status"] == "Unknown"
    }
    if not lost:
        return
    for pod in cluster.store.current("Pod"):
        told = lost.get(pod["spec"].get("nodeName", ""))
        if told is None or pod["status"].get("phase") in FINISHED or is_terminating(pod):
            continue
        marked = _not_ready(cluster, pod)
        owner = controller_of(pod) or {}
        since = cluster.now - parse_time(told["lastTransitionTime"])
        if since >= TOLERATED and owner.get("kind") != "DaemonSet":
            message = (
                f"Marking for deletion Pod {pod['metadata']['namespace']}/{pod['metadata']['name']}"
            )
            cluster.event(pod, "TaintManagerEviction", message, "taint-eviction-controller")
            stop_pod(cluster, marked)


def _not_ready(cluster: Cluster, pod: Manifest) -> Manifest:
    known = pod["status"].get("conditions") or []
    if not any(c["type"] == "Ready" and c["status"] == "True" for c in known):
        return pod
    marked = clone(pod)
    marked["status"]["conditions"] = [
        condition(known, "Ready", False, cluster.now) if c["type"] == "Ready" else c for c in known
    ]
    cluster.event(pod, "NodeNotReady", "Node is not ready", "node-controller", "Warning")
    return cluster.update(marked)

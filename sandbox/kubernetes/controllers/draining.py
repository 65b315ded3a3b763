"""Draining a node, as ``kubectl drain --ignore-daemonsets`` does it."""

from __future__ import annotations

from sandbox.kubernetes.cloning import clone
from sandbox.kubernetes.controllers.cluster import (
    Cluster,
    Manifest,
    controller_of,
    is_terminating,
)
from sandbox.kubernetes.controllers.pods import FINISHED, stop_pod
from sandbox.kubernetes.controllers.services import reconcile_budget
from sandbox.kubernetes.ownership import Manager, record_update
from sandbox.kubernetes.selectors import label_selector


def drain_node(cluster: Cluster, *, name: str, by: str) -> None:
    """Cordon a node and evict, once, each of its pods that its disruption budget lets go."""
    node = cluster.store.get("Node", "", name)
    if node is None:
        return
    if not node["spec"].get("unschedulable"):
        cordoned = clone(node)
        cordoned["spec"]["unschedulable"] = True
        record_update(node, cordoned, Manager(by), cluster.now)
        cluster.update(cordoned)
    for pod in cluster.store.current("Pod"):
        if pod["spec"].get("nodeName") == name and _goes(cluster, pod):
            stop_pod(cluster, pod)


def _goes(cluster: Cluster, pod: Manifest) -> bool:
    owner = controller_of(pod) or {}
    if owner.get("kind") == "DaemonSet" or is_terminating(pod):
        return False
    return pod["status"].get("phase") not in FINISHED and _may_go(cluster, pod)


def _may_go(cluster: Cluster, pod: Manifest) -> bool:
    namespace = pod["metadata"]["namespace"]
    for budget in cluster.store.current("PodDisruptionBudget", namespace):
        if label_selector(budget["spec"].get("selector")).matches(pod):
            reconcile_budget(cluster, budget)
            counted = cluster.store.get(
                "PodDisruptionBudget", namespace, budget["metadata"]["name"]
            )
            if counted is None or counted["status"].get("disruptionsAllowed", 0) < 1:
                return False
    return True

"""DaemonSets: one pod on each node."""

from __future__ import annotations

from sandbox.kubernetes.cloning import clone
from sandbox.kubernetes.controllers.cluster import Cluster, Manifest, is_terminating, safe_hash
from sandbox.kubernetes.controllers.pods import is_ready, make_pod, stop_pod
from sandbox.kubernetes.controllers.revisions import (
    REVISION_LABEL,
    current_revision,
    has_revision,
    revision_hash,
)


def reconcile(cluster: Cluster, daemon_set: Manifest) -> None:
    """Fill empty nodes, clear foreign ones, roll one pod at a time, and report."""
    revision = current_revision(cluster, daemon_set)
    digest = revision_hash(daemon_set, revision)
    nodes = _nodes(cluster, daemon_set)
    pods = {pod["spec"].get("nodeName"): pod for pod in cluster.owned(daemon_set, "Pod")}
    for node in nodes:
        if node not in pods:
            _create(cluster, daemon_set, node, digest)
    for node, pod in pods.items():
        if node not in nodes:
            stop_pod(cluster, pod)
    if all(is_ready(pod) and not is_terminating(pod) for pod in pods.values()):
        _roll(cluster, daemon_set, list(pods.values()), digest)
    _report(cluster, daemon_set, len(nodes), digest)


def _nodes(cluster: Cluster, daemon_set: Manifest) -> list[str]:
    selector = daemon_set["spec"]["template"]["spec"].get("nodeSelector") or {}
    return [
        node["metadata"]["name"]
        for node in cluster.store.current("Node")
        if selector.items() <= (node["metadata"].get("labels") or {}).items()
    ]


def _create(cluster: Cluster, daemon_set: Manifest, node: str, digest: str) -> None:
    template = clone(daemon_set["spec"]["template"])
    template["spec"]["nodeName"] = node
    metadata = daemon_set["metadata"]
    suffix = safe_hash(f"{metadata['uid']}/{node}/{cluster.now.isoformat()}", 5)
    name = f"{metadata['name']}-{suffix}"
    labels = {
        REVISION_LABEL: digest,
        "pod-template-generation": str(metadata["generation"]),
    }
    make_pod(cluster, daemon_set, template, name, labels)


def _roll(cluster: Cluster, daemon_set: Manifest, pods: list[Manifest], digest: str) -> None:
    if daemon_set["spec"]["updateStrategy"]["type"] != "RollingUpdate":
        return
    stale = [pod for pod in pods if not has_revision(pod, digest)]
    if stale:
        stop_pod(cluster, stale[0])


def _report(cluster: Cluster, daemon_set: Manifest, wanted: int, digest: str) -> None:
    pods = [p for p in cluster.owned(daemon_set, "Pod") if not is_terminating(p)]
    ready = sum(map(is_ready, pods))
    cluster.set_status(
        daemon_set,
        {
            "observedGeneration": daemon_set["metadata"]["generation"],
            "desiredNumberScheduled": wanted,
            "currentNumberScheduled": len(pods),
            "updatedNumberScheduled": sum(has_revision(pod, digest) for pod in pods) or None,
            "numberReady": ready,
            "numberAvailable": ready or None,
            "numberUnavailable": max(0, wanted - ready) or None,
            "numberMisscheduled": 0,
        },
    )

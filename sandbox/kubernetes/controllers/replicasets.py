"""ReplicaSets: as many pods as asked for."""

from __future__ import annotations

from typing import Any

from sandbox.kubernetes.controllers.cluster import Cluster, Manifest, is_terminating, safe_hash
from sandbox.kubernetes.controllers.pods import FINISHED, is_ready, make_pod, stop_pod


def live_pods(cluster: Cluster, owner: Manifest) -> list[Manifest]:
    """The owner's pods that neither stop nor have finished."""
    return [
        pod
        for pod in cluster.owned(owner, "Pod")
        if not is_terminating(pod) and pod["status"].get("phase") not in FINISHED
    ]


def reconcile(cluster: Cluster, replica_set: Manifest) -> None:
    """Create or stop pods until there are ``spec.replicas``, unready and youngest first to go."""
    wanted = replica_set["spec"]["replicas"]
    pods = live_pods(cluster, replica_set)
    for _ in range(wanted - len(pods)):
        _add_pod(cluster, replica_set)
    if len(pods) > wanted:
        youngest_last = sorted(pods, key=lambda p: (is_ready(p), _age_order(p)), reverse=True)
        for pod in youngest_last[wanted:]:
            message = f"Deleted pod: {pod['metadata']['name']}"
            cluster.event(replica_set, "SuccessfulDelete", message, "replicaset-controller")
            stop_pod(cluster, pod)
    _report(cluster, replica_set)


def _age_order(pod: Manifest) -> str:
    """Sorts older pods higher when reversed."""
    return "".join(chr(0x10FFFF - ord(c)) for c in str(pod["metadata"]["creationTimestamp"]))


def _add_pod(cluster: Cluster, replica_set: Manifest) -> None:
    metadata = replica_set["metadata"]
    attempt = 0
    while True:
        text = f"{metadata['uid']}/{cluster.now.isoformat()}/{attempt}"
        name = f"{metadata['name']}-{safe_hash(text, 5)}"
        if cluster.store.get("Pod", metadata["namespace"], name) is None:
            break
        attempt += 1
    make_pod(cluster, replica_set, replica_set["spec"]["template"], name, {})


def _report(cluster: Cluster, replica_set: Manifest) -> None:
    pods = live_pods(cluster, replica_set)
    ready = sum(map(is_ready, pods))
    status: dict[str, Any] = {
        "replicas": len(pods),
        "fullyLabeledReplicas": len(pods) or None,
        "readyReplicas": ready or None,
        "availableReplicas": ready or None,
        "observedGeneration": replica_set["metadata"]["generation"],
    }
    cluster.set_status(replica_set, status)

"""ReplicaSets: as many pods as asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sandbox.kubernetes.controllers.cluster import Cluster, Manifest, is_terminating, safe_hash
from sandbox.kubernetes.controllers.conditions import condition
from sandbox.kubernetes.controllers.pods import FINISHED, is_ready, make_pod, stop_pod
from sandbox.kubernetes.controllers.quotas import exceeded

_RETRY_EVERY = timedelta(minutes=2)


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
    refusal = ""
    for _ in range(wanted - len(pods)):
        refusal = _add_pod(cluster, replica_set)
        if refusal:
            break
    if len(pods) > wanted:
        youngest_last = sorted(pods, key=lambda p: (is_ready(p), _age_order(p)), reverse=True)
        for pod in youngest_last[wanted:]:
            message = f"Deleted pod: {pod['metadata']['name']}"
            cluster.event(replica_set, "SuccessfulDelete", message, "replicaset-controller")
            stop_pod(cluster, pod)
    _report(cluster, replica_set, refusal)


def is_short(replica_set: Manifest) -> bool:
    """Whether it has fewer pods than asked for, and so tries again."""
    status = replica_set.get("status") or {}
    return bool(status.get("replicas", 0) < replica_set["spec"]["replicas"])


def _age_order(pod: Manifest) -> str:
    """Sorts older pods higher when reversed."""
    return "".join(chr(0x10FFFF - ord(c)) for c in str(pod["metadata"]["creationTimestamp"]))


def _add_pod(cluster: Cluster, replica_set: Manifest) -> str:
    """Make a pod; returns what the API server says against it, if it does."""
    metadata, template = replica_set["metadata"], replica_set["spec"]["template"]
    attempt = 0
    while True:
        text = f"{metadata['uid']}/{cluster.now.isoformat()}/{attempt}"
        name = f"{metadata['name']}-{safe_hash(text, 5)}"
        if cluster.store.get("Pod", metadata["namespace"], name) is None:
            break
        attempt += 1
    refusal = exceeded(cluster, metadata["namespace"], template["spec"])
    if refusal:
        return f'pods "{name}" is forbidden: {refusal}'
    make_pod(cluster, replica_set, template, name, {})
    return ""


def _report(cluster: Cluster, replica_set: Manifest, refusal: str) -> None:
    pods = live_pods(cluster, replica_set)
    ready = sum(map(is_ready, pods))
    status: dict[str, Any] = {
        "replicas": len(pods),
        "fullyLabeledReplicas": len(pods) or None,
        "readyReplicas": ready or None,
        "availableReplicas": ready or None,
        "observedGeneration": replica_set["metadata"]["generation"],
        "conditions": _failure(cluster, replica_set, refusal),
    }
    cluster.set_status(replica_set, status)


def _failure(cluster: Cluster, replica_set: Manifest, refusal: str) -> list[dict[str, Any]]:
    """The condition and the Event of a pod that the API server refused."""
    if not refusal:
        return []
    known = (replica_set.get("status") or {}).get("conditions") or ()
    for told in known:
        # Each attempt has a new name; the Event counts up instead of coming anew.
        if (
            told.get("message", "").partition(" is forbidden")[2]
            == refusal.partition(" is forbidden")[2]
        ):
            refusal = told["message"]
    message = f"Error creating: {refusal}"
    cluster.event(
        replica_set,
        "FailedCreate",
        message,
        "replicaset-controller",
        "Warning",
        every=_RETRY_EVERY,
    )
    return [condition(known, "ReplicaFailure", True, cluster.now, "FailedCreate", refusal)]

"""Deletion and what it takes along: graceful pods, finalizers, and owners' dependents."""

from __future__ import annotations

from datetime import datetime

from sandbox.kubernetes.clock import format_time
from sandbox.kubernetes.cloning import clone
from sandbox.kubernetes.controllers.cluster import Cluster, Manifest
from sandbox.kubernetes.controllers.pods import FINISHED, stop_pod
from sandbox.kubernetes.store import ObjectStore, key_of

_DEPENDENT_KINDS = ("ReplicaSet", "Job", "ControllerRevision", "EndpointSlice", "Pod")


def remove(
    store: ObjectStore,
    manifest: Manifest,
    now: datetime,
    policy: str = "Background",
    grace_seconds: int | None = None,
) -> Manifest | None:
    """Delete an object by ``policy`` (Background, Foreground, Orphan).

    Returns the object if it stays for a while (a pod that stops gracefully, or one with
    finalizers), else None.
    """
    cluster = Cluster(store, now)
    if manifest["metadata"].get("finalizers"):
        return _mark(cluster, manifest)
    if manifest["kind"] == "Pod" and grace_seconds != 0 and _is_running(manifest):
        return stop_pod(cluster, manifest, grace_seconds)
    store.delete(*key_of(manifest), when=now)
    _release(cluster, manifest, policy)
    return None


def _is_running(pod: Manifest) -> bool:
    return bool(pod["spec"].get("nodeName")) and pod["status"].get("phase") not in FINISHED


def _mark(cluster: Cluster, manifest: Manifest) -> Manifest:
    if manifest["metadata"].get("deletionTimestamp"):
        return manifest
    changed = clone(manifest)
    changed["metadata"]["deletionTimestamp"] = format_time(cluster.now)
    changed["metadata"]["deletionGracePeriodSeconds"] = 0
    return cluster.update(changed)


def _release(cluster: Cluster, owner: Manifest, policy: str) -> None:
    """Let go of the dependents of a deleted object, or delete them too."""
    uid = owner["metadata"]["uid"]
    namespace = owner["metadata"].get("namespace")
    if namespace is None:
        return
    for kind in _DEPENDENT_KINDS:
        for dependent in list(cluster.store.owned_by(uid, kind, namespace)):
            if policy != "Orphan":
                remove(cluster.store, dependent, cluster.now, policy)
                continue
            freed = clone(dependent)
            references = freed["metadata"]["ownerReferences"]
            freed["metadata"]["ownerReferences"] = [r for r in references if r["uid"] != uid]
            cluster.update(freed)

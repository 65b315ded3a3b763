"""Laying down the history of workloads: each revision with its ReplicaSets, pods and claims."""

from __future__ import annotations

from datetime import datetime, timedelta

from sandbox.kubernetes.controllers.cluster import Manifest
from sandbox.kubernetes.controllers.reconciler import Reconciler
from sandbox.kubernetes.store import ObjectStore, key_of

_STEP = timedelta(seconds=1)
_LONGEST_ROLLOUT = timedelta(minutes=10)


def expand(store: ObjectStore, manifest: Manifest, when: datetime) -> None:
    """Load a workload as of ``when`` and play its rollout through, silently.

    Give a Deployment, StatefulSet, DaemonSet or Job with apiVersion, kind, metadata and spec.
    Each later call for the same workload with another template makes one more revision; a
    ``kubernetes.io/change-cause`` annotation stays with its revision. Other kinds are only loaded
    (a CronJob's past runs appear when the controllers start). Nodes have to be loaded before, at
    or before ``when``; revisions have to come in order of time.

    Raises ValueError when there is no Node, or when the workload has a later state already.
    """
    if not store.current("Node"):
        raise ValueError("load the cluster's Nodes before its workloads: pods need a place to run")
    past = store.changes(*key_of(manifest))
    if past and past[-1][0] > when:
        name = manifest["metadata"]["name"]
        raise ValueError(f"{name} has a state later than {when}: expand revisions in order of time")
    reconciler = Reconciler(store, follow_services=False)
    with store.hub.silence(), reconciler.listening():
        store.load(_with_status(store, manifest), when)
        stored = store.get(*key_of(manifest))
        if stored is not None:
            reconciler.mark(stored)
        moment = when
        while reconciler.is_busy and moment < when + _LONGEST_ROLLOUT:
            reconciler.step(moment)
            moment += _STEP


def _with_status(store: ObjectStore, manifest: Manifest) -> Manifest:
    """The new revision with what the cluster had written to the old one."""
    before = store.get(*key_of(manifest))
    if before is None:
        return manifest
    merged = {**manifest, "metadata": dict(manifest["metadata"])}
    merged.setdefault("status", before.get("status", {}))
    annotations = before["metadata"].get("annotations") or {}
    kept = {k: v for k, v in annotations.items() if k.startswith("deployment.kubernetes.io/")}
    merged["metadata"]["annotations"] = kept | (merged["metadata"].get("annotations") or {})
    return merged

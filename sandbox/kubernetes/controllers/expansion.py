"""Laying down the history of workloads: each revision with its ReplicaSets, pods and claims."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from sandbox.kubernetes.controllers import kubelet
from sandbox.kubernetes.controllers.cluster import Cluster, Health, Manifest, all_well
from sandbox.kubernetes.controllers.deployments import is_rolling
from sandbox.kubernetes.controllers.nodes import TOLERATED, sync_nodes
from sandbox.kubernetes.controllers.reconciler import Reconciler
from sandbox.kubernetes.store import ObjectStore, key_of

_STEP = timedelta(seconds=1)
_LONG_STEP = timedelta(seconds=30)
_QUICK = timedelta(seconds=45)
"""What takes longer than this is stuck: it is looked at less often."""
_LONGEST_ROLLOUT = timedelta(minutes=10)
Act = Callable[[Cluster], None]
Interruption = tuple[timedelta, Act]
"""What somebody does, and how long after its start, while a rollout is under way."""


def expand(
    store: ObjectStore,
    manifest: Manifest,
    when: datetime,
    health: Health = all_well,
    meanwhile: Interruption | None = None,
) -> None:
    """Load a workload as of ``when`` and play its rollout through, silently.

    Give a Deployment, StatefulSet, DaemonSet or Job with apiVersion, kind, metadata and spec.
    Each later call for the same workload with another template makes one more revision; a
    ``kubernetes.io/change-cause`` annotation stays with its revision. Other kinds are only loaded
    (a CronJob's past runs appear when the controllers start). Nodes have to be loaded before, at
    or before ``when``; revisions have to come in order of time. ``health`` tells how pods fare at a moment,
    ``meanwhile`` what somebody does before the rollout is through.

    Raises ValueError when there is no Node, or when the workload has a later state already.
    """
    if not store.current("Node"):
        raise ValueError("load the cluster's Nodes before its workloads: pods need a place to run")
    past = store.changes(*key_of(manifest))
    if past and past[-1][0] > when:
        name = manifest["metadata"]["name"]
        raise ValueError(f"{name} has a state later than {when}: expand revisions in order of time")
    with _replaying(store, health) as reconciler:
        store.load(_with_status(store, manifest), when)
        stored = store.get(*key_of(manifest))
        if stored is not None:
            reconciler.mark(stored)
        _settle(store, reconciler, when, health, meanwhile)


def relive(store: ObjectStore, moments: Sequence[datetime], act: Act, health: Health) -> None:
    """Have ``act`` done at each of the past moments, silently, with all that follows from it.

    The moments have to lie after what was laid down of the objects that it touches.
    """
    with _replaying(store, health) as reconciler:
        for moment in sorted(moments):
            act(Cluster(store, moment, health))
            _settle(store, reconciler, moment, health)


@contextmanager
def _replaying(store: ObjectStore, health: Health) -> Iterator[Reconciler]:
    reconciler = Reconciler(store, health, follow_services=False)
    with store.hub.silence(), reconciler.listening():
        yield reconciler


def _settle(
    store: ObjectStore,
    reconciler: Reconciler,
    when: datetime,
    health: Health,
    meanwhile: Interruption | None = None,
) -> None:
    """Play on until nothing is to be done, or until it is clear that time does not help."""
    moment, end = when, min(when + _LONGEST_ROLLOUT, store.now())
    while reconciler.is_busy and moment <= end:
        if meanwhile is not None and moment >= when + meanwhile[0]:
            meanwhile[1](Cluster(store, moment, health))
            meanwhile = None
        reconciler.step(moment)
        moment += _STEP if moment - when < _QUICK else _LONG_STEP
    late = when + _LONGEST_ROLLOUT + _STEP
    rolling = [d for d in store.current("Deployment") if is_rolling(d)]
    if rolling and late <= store.now():
        for deployment in rolling:
            reconciler.mark(deployment)
        reconciler.step(late)


def observe_pods(pods: Callable[[Manifest], bool]) -> Act:
    """What kubelets write, at the moment, about the running pods that ``pods`` chooses."""

    def act(cluster: Cluster) -> None:
        for pod in cluster.store.current("Pod"):
            if pod["status"].get("phase") == "Running" and pods(pod):
                kubelet.observe(cluster, pod)

    return act


def follow_nodes(store: ObjectStore, since: datetime, health: Health) -> None:
    """What follows from nodes that stopped reporting at ``since``: pods not ready, then taken down."""
    moments = [m for m in (since, since + TOLERATED) if m <= store.now()]
    relive(store, moments, sync_nodes, health)


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

"""Deployments: a ReplicaSet per revision, rolled from the old to the new."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sandbox.kubernetes.clock import parse_time
from sandbox.kubernetes.cloning import clone
from sandbox.kubernetes.controllers.cluster import (
    Cluster,
    Manifest,
    is_terminating,
    owner_reference,
    safe_hash,
)
from sandbox.kubernetes.controllers.conditions import condition
from sandbox.kubernetes.controllers.replicasets import live_pods

REVISION = "deployment.kubernetes.io/revision"
_HISTORY = "deployment.kubernetes.io/revision-history"
_DESIRED = "deployment.kubernetes.io/desired-replicas"
_HASH_LABEL = "pod-template-hash"
_NOT_COPIED = {REVISION, _HISTORY, _DESIRED, "kubectl.kubernetes.io/last-applied-configuration"}


def reconcile(cluster: Cluster, deployment: Manifest) -> None:
    """Take one step of the rollout and report."""
    sets = cluster.owned(deployment, "ReplicaSet")
    new = _matching(deployment, sets)
    if not deployment["spec"].get("paused"):
        new = _current_set(cluster, deployment, sets, new)
        deployment = _note_revision(cluster, deployment, new)
    old = [s for s in sets if new is None or s["metadata"]["uid"] != new["metadata"]["uid"]]
    if new is not None:
        _roll(cluster, deployment, new, old)
    _forget_old(cluster, deployment, old)
    _report(cluster, deployment, new)


def is_rolling(deployment: Manifest) -> bool:
    """Whether a rollout is under way, which may exceed its deadline by time alone."""
    conditions = (deployment.get("status") or {}).get("conditions") or ()
    return any(c.get("reason") == "ReplicaSetUpdated" for c in conditions)


def _bare_template(template: Mapping[str, Any]) -> dict[str, Any]:
    """The template without what its ReplicaSet adds, to compare; it shares its parts with the given one."""
    metadata = template.get("metadata") or {}
    labels = {k: v for k, v in (metadata.get("labels") or {}).items() if k != _HASH_LABEL}
    return {**template, "metadata": {**metadata, "labels": labels}}


def _matching(deployment: Manifest, sets: Sequence[Manifest]) -> Manifest | None:
    wanted = _bare_template(deployment["spec"]["template"])
    return next((s for s in sets if _bare_template(s["spec"]["template"]) == wanted), None)


def _revision(manifest: Manifest) -> int:
    return int((manifest["metadata"].get("annotations") or {}).get(REVISION, 0))


def _copied_annotations(deployment: Manifest) -> dict[str, str]:
    annotations = deployment["metadata"].get("annotations") or {}
    return {key: value for key, value in annotations.items() if key not in _NOT_COPIED}


def _current_set(
    cluster: Cluster, deployment: Manifest, sets: Sequence[Manifest], new: Manifest | None
) -> Manifest:
    """The ReplicaSet of the current template, made if missing, carrying the highest revision."""
    highest = max((_revision(s) for s in sets if s is not new), default=0)
    annotations = _copied_annotations(deployment) | {
        _DESIRED: str(deployment["spec"]["replicas"]),
    }
    if new is None:
        return _make_set(cluster, deployment, annotations | {REVISION: str(highest + 1)})
    revision = _revision(new)
    if revision < highest:
        before = (new["metadata"].get("annotations") or {}).get(_HISTORY)
        annotations[_HISTORY] = f"{before},{revision}" if before else str(revision)
        annotations[REVISION] = str(highest + 1)
    return cluster.annotate(new, annotations)


def _make_set(cluster: Cluster, deployment: Manifest, annotations: dict[str, str]) -> Manifest:
    template = clone(deployment["spec"]["template"])
    metadata = deployment["metadata"]
    digest = safe_hash(json.dumps(template, sort_keys=True), 10)
    template["metadata"]["labels"] = (template["metadata"].get("labels") or {}) | {
        _HASH_LABEL: digest
    }
    selector = clone(deployment["spec"]["selector"])
    selector["matchLabels"] = (selector.get("matchLabels") or {}) | {_HASH_LABEL: digest}
    return cluster.create(
        {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{metadata['name']}-{digest}",
                "namespace": metadata["namespace"],
                "labels": template["metadata"]["labels"],
                "annotations": annotations,
                "ownerReferences": [owner_reference(deployment)],
            },
            "spec": {"replicas": 0, "selector": selector, "template": template},
        }
    )


def _note_revision(cluster: Cluster, deployment: Manifest, new: Manifest) -> Manifest:
    return cluster.annotate(deployment, {REVISION: str(_revision(new))})


# --- rolling -----------------------------------------------------------------------------------


def _allowance(value: Any, replicas: int, round_up: bool) -> int:
    if isinstance(value, str) and value.endswith("%"):
        share = replicas * int(value[:-1]) / 100
        return math.ceil(share) if round_up else math.floor(share)
    return int(value)


def _scale(cluster: Cluster, deployment: Manifest, replica_set: Manifest, replicas: int) -> None:
    before = replica_set["spec"]["replicas"]
    if replicas == before:
        return
    direction = "up" if replicas > before else "down"
    message = (
        f"Scaled {direction} replica set {replica_set['metadata']['name']} "
        f"from {before} to {replicas}"
    )
    cluster.event(deployment, "ScalingReplicaSet", message, "deployment-controller")
    cluster.update({**replica_set, "spec": replica_set["spec"] | {"replicas": replicas}})


def _roll(cluster: Cluster, deployment: Manifest, new: Manifest, old: list[Manifest]) -> None:
    wanted = deployment["spec"]["replicas"]
    active = [s for s in old if s["spec"]["replicas"] > 0]
    strategy = deployment["spec"]["strategy"]
    if not active:
        if strategy["type"] != "Recreate" or not _any_pods(cluster, old):
            _scale(cluster, deployment, new, wanted)
    elif strategy["type"] == "Recreate":
        for replica_set in active:
            _scale(cluster, deployment, replica_set, 0)
    elif not deployment["spec"].get("paused"):
        _roll_step(cluster, deployment, new, active)


def _any_pods(cluster: Cluster, sets: Sequence[Manifest]) -> bool:
    return any(cluster.owned(replica_set, "Pod") for replica_set in sets)


def _roll_step(cluster: Cluster, deployment: Manifest, new: Manifest, old: list[Manifest]) -> None:
    """Grow the new set within maxSurge, then shrink the old ones within maxUnavailable."""
    wanted = deployment["spec"]["replicas"]
    rolling = deployment["spec"]["strategy"].get("rollingUpdate") or {}
    surge = _allowance(rolling.get("maxSurge", "25%"), wanted, round_up=True)
    missing = _allowance(rolling.get("maxUnavailable", "25%"), wanted, round_up=False)
    if surge == 0 and missing == 0:
        missing = 1
    total = new["spec"]["replicas"] + sum(s["spec"]["replicas"] for s in old)
    grown = min(wanted, new["spec"]["replicas"] + max(0, wanted + surge - total))
    if grown != new["spec"]["replicas"]:
        _scale(cluster, deployment, new, grown)
        return
    _shrink(cluster, deployment, old, _available(new), wanted - missing)


def _available(replica_set: Manifest) -> int:
    return int((replica_set.get("status") or {}).get("availableReplicas", 0))


def _shrink(
    cluster: Cluster, deployment: Manifest, old: list[Manifest], available: int, minimum: int
) -> None:
    """Take away old pods that are not available anyway, then as many others as can be missed."""
    spare = available + sum(min(_available(s), s["spec"]["replicas"]) for s in old) - minimum
    for replica_set in old:
        size = replica_set["spec"]["replicas"]
        broken = size - min(_available(replica_set), size)
        removed = min(size, broken + max(0, spare))
        spare -= max(0, removed - broken)
        _scale(cluster, deployment, replica_set, size - removed)


def _forget_old(cluster: Cluster, deployment: Manifest, old: list[Manifest]) -> None:
    """Delete the oldest idle ReplicaSets beyond ``revisionHistoryLimit``."""
    idle = [s for s in old if s["spec"]["replicas"] == 0 and not cluster.owned(s, "Pod")]
    excess = len(idle) - deployment["spec"]["revisionHistoryLimit"]
    for replica_set in sorted(idle, key=_revision)[: max(0, excess)]:
        metadata = replica_set["metadata"]
        cluster.store.delete("ReplicaSet", metadata["namespace"], metadata["name"], cluster.now)


# --- status ------------------------------------------------------------------------------------


def _report(cluster: Cluster, deployment: Manifest, new: Manifest | None) -> None:
    name, namespace = deployment["metadata"]["name"], deployment["metadata"]["namespace"]
    stored = cluster.store.get("Deployment", namespace, name)
    if stored is None or is_terminating(stored):
        return
    sets = cluster.owned(stored, "ReplicaSet")
    total = sum(len(live_pods(cluster, s)) for s in sets)
    ready = sum(_available(s) for s in sets)
    updated = 0
    if new is not None:
        updated = len(live_pods(cluster, new))
    wanted = stored["spec"]["replicas"]
    status = {
        "observedGeneration": stored["metadata"]["generation"],
        "replicas": total or None,
        "updatedReplicas": updated or None,
        "readyReplicas": ready or None,
        "availableReplicas": ready or None,
        "unavailableReplicas": max(0, max(wanted, total) - ready) or None,
        "conditions": _conditions(cluster, stored, new, (wanted, total, updated, ready)),
    }
    cluster.set_status(stored, status)


def _conditions(
    cluster: Cluster, deployment: Manifest, new: Manifest | None, counts: tuple[int, int, int, int]
) -> list[dict[str, Any]]:
    wanted, total, updated, ready = counts
    before = (deployment.get("status") or {}).get("conditions")
    rolling = deployment["spec"]["strategy"].get("rollingUpdate") or {}
    missing = _allowance(rolling.get("maxUnavailable", 0), wanted, round_up=False)
    available = ready >= wanted - missing
    told = (
        ("MinimumReplicasAvailable", "Deployment has minimum availability.")
        if available
        else ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    )
    done = updated == wanted and total == wanted and ready >= wanted
    return [
        condition(before, "Available", available, cluster.now, *told, with_update_time=True),
        _progressing(cluster, deployment, new, done),
        *_replica_failure(new),
    ]


def _replica_failure(new: Manifest | None) -> list[dict[str, Any]]:
    """What keeps the new set from making its pods, as the set says it."""
    conditions = ((new or {}).get("status") or {}).get("conditions") or ()
    return [dict(c) for c in conditions if c["type"] == "ReplicaFailure"]


def _progressing(
    cluster: Cluster, deployment: Manifest, new: Manifest | None, done: bool
) -> dict[str, Any]:
    before = (deployment.get("status") or {}).get("conditions") or ()
    name = new["metadata"]["name"] if new else deployment["metadata"]["name"]
    known = next((c for c in before if c["type"] == "Progressing"), None)
    if deployment["spec"].get("paused"):
        if known is not None and known.get("reason") == "ProgressDeadlineExceeded":
            return dict(known)
        told = ("DeploymentPaused", "Deployment is paused")
        return condition(before, "Progressing", None, cluster.now, *told, with_update_time=True)
    reason, message = "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.'
    holds = True
    if done:
        reason = "NewReplicaSetAvailable"
        message = f'ReplicaSet "{name}" has successfully progressed.'
    elif known is not None and known.get("message", "").startswith(f'ReplicaSet "{name}"'):
        limit = timedelta(seconds=deployment["spec"]["progressDeadlineSeconds"])
        late = cluster.now - parse_time(known["lastUpdateTime"]) > limit
        if known["reason"] == "NewReplicaSetAvailable":
            return dict(known)
        if late or known["reason"] == "ProgressDeadlineExceeded":
            reason, holds = "ProgressDeadlineExceeded", False
            message = f'ReplicaSet "{name}" has timed out progressing.'
    return condition(
        before, "Progressing", holds, cluster.now, reason, message, with_update_time=True
    )

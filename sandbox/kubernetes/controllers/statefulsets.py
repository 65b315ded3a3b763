"""StatefulSets: numbered pods, started in order and rolled from the highest number down."""

from __future__ import annotations

from sandbox.kubernetes.cloning import clone
from sandbox.kubernetes.controllers.cluster import Cluster, Manifest, is_terminating
from sandbox.kubernetes.controllers.pods import is_ready, make_pod, stop_pod
from sandbox.kubernetes.controllers.revisions import (
    REVISION_LABEL,
    current_revision,
    has_revision,
    revision_hash,
)


def reconcile(cluster: Cluster, stateful_set: Manifest) -> None:
    """Take one step towards the wanted pods and report."""
    revision = current_revision(cluster, stateful_set)
    digest = revision_hash(stateful_set, revision)
    pods = {_ordinal(pod): pod for pod in cluster.owned(stateful_set, "Pod")}
    wanted = stateful_set["spec"]["replicas"]
    if not _create_missing(cluster, stateful_set, pods, digest):
        surplus = [n for n in sorted(pods, reverse=True) if n >= wanted]
        if surplus:
            _stop(cluster, stateful_set, pods[surplus[0]])
        else:
            _roll(cluster, stateful_set, pods, digest)
    _report(cluster, stateful_set, digest)


def _ordinal(pod: Manifest) -> int:
    return int(pod["metadata"]["name"].rsplit("-", 1)[1])


def _create_missing(
    cluster: Cluster, stateful_set: Manifest, pods: dict[int, Manifest], digest: str
) -> bool:
    """Create the next missing pod (or all, if Parallel); whether pods are still to become ready."""
    parallel = stateful_set["spec"]["podManagementPolicy"] == "Parallel"
    for number in range(stateful_set["spec"]["replicas"]):
        pod = pods.get(number)
        if pod is None:
            _create(cluster, stateful_set, number, digest)
        if not parallel and (pod is None or is_terminating(pod)):
            return True
        if not parallel and not is_ready(pod or {}) and has_revision(pod or {}, digest):
            return True
    return False


def _create(cluster: Cluster, stateful_set: Manifest, number: int, digest: str) -> None:
    metadata = stateful_set["metadata"]
    name = f"{metadata['name']}-{number}"
    template = clone(stateful_set["spec"]["template"])
    for claim in stateful_set["spec"].get("volumeClaimTemplates") or ():
        claimed = f"{claim['metadata']['name']}-{name}"
        _claim(cluster, stateful_set, claim, claimed)
        volume = {
            "name": claim["metadata"]["name"],
            "persistentVolumeClaim": {"claimName": claimed},
        }
        template["spec"].setdefault("volumes", []).append(volume)
    template["spec"]["hostname"] = name
    template["spec"]["subdomain"] = stateful_set["spec"]["serviceName"]
    labels = {
        REVISION_LABEL: digest,
        "statefulset.kubernetes.io/pod-name": name,
        "apps.kubernetes.io/pod-index": str(number),
    }
    make_pod(cluster, stateful_set, template, name, labels)


def _claim(cluster: Cluster, stateful_set: Manifest, template: Manifest, name: str) -> None:
    namespace = stateful_set["metadata"]["namespace"]
    if cluster.store.get("PersistentVolumeClaim", namespace, name) is not None:
        return
    spec = clone(template.get("spec") or {})
    spec["volumeName"] = f"pvc-{stateful_set['metadata']['uid'][:8]}-{name[-1]}"
    status = {
        "phase": "Bound",
        "accessModes": spec.get("accessModes", ["ReadWriteOnce"]),
        "capacity": (spec.get("resources") or {}).get("requests", {}),
    }
    labels = (stateful_set["spec"].get("selector") or {}).get("matchLabels") or {}
    cluster.create(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": name, "namespace": namespace, "labels": dict(labels)},
            "spec": spec,
            "status": status,
        }
    )


def _stop(cluster: Cluster, stateful_set: Manifest, pod: Manifest) -> None:
    if is_terminating(pod):
        return
    name, owner = pod["metadata"]["name"], stateful_set["metadata"]["name"]
    message = f"delete Pod {name} in StatefulSet {owner} successful"
    cluster.event(stateful_set, "SuccessfulDelete", message, "statefulset-controller")
    stop_pod(cluster, pod)


def _roll(cluster: Cluster, stateful_set: Manifest, pods: dict[int, Manifest], digest: str) -> None:
    """Stop the highest pod of an older revision, one at a time, down to the partition."""
    strategy = stateful_set["spec"]["updateStrategy"]
    if strategy["type"] != "RollingUpdate":
        return
    partition = (strategy.get("rollingUpdate") or {}).get("partition", 0)
    for number in sorted(pods, reverse=True):
        pod = pods[number]
        if number >= partition and not has_revision(pod, digest):
            _stop(cluster, stateful_set, pod)
            return
        if not is_ready(pod):
            return


def _report(cluster: Cluster, stateful_set: Manifest, digest: str) -> None:
    pods = [p for p in cluster.owned(stateful_set, "Pod") if not is_terminating(p)]
    ready = sum(map(is_ready, pods))
    updated = [pod for pod in pods if has_revision(pod, digest)]
    status = stateful_set.get("status") or {}
    wanted = stateful_set["spec"]["replicas"]
    done = len(updated) == wanted == len(pods) and all(map(is_ready, updated))
    current = digest if done else status.get("currentRevision", digest)
    settled = [pod for pod in pods if has_revision(pod, current)]
    cluster.set_status(
        stateful_set,
        {
            "observedGeneration": stateful_set["metadata"]["generation"],
            "replicas": len(pods),
            "readyReplicas": ready or None,
            "availableReplicas": ready,
            "currentReplicas": len(settled) or None,
            "updatedReplicas": len(updated) or None,
            "currentRevision": current,
            "updateRevision": digest,
            "collisionCount": 0,
        },
    )

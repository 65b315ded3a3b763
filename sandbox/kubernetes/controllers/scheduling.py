"""The scheduler: which nodes take a pod, and what it says when none does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from sandbox.kubernetes.clock import format_time
from sandbox.kubernetes.cloning import clone
from sandbox.kubernetes.controllers.cluster import Cluster, Manifest
from sandbox.kubernetes.controllers.conditions import condition
from sandbox.kubernetes.quantity import parse_quantity

_REPELLING = ("NoSchedule", "NoExecute")
_RETRY_EVERY = timedelta(minutes=5)


def schedule(cluster: Cluster, pod: Manifest) -> None:
    """Bind the pod to the node with the fewest pods, or leave it pending with the reason."""
    nodes = cluster.store.current("Node")
    refusal = _unready_claim(cluster, pod)
    if refusal is not None:
        _leave(cluster, pod, _sentence([refusal] * len(nodes), told_once=True))
        return
    refusals = {node["metadata"]["name"]: _refusal(node, pod) for node in nodes}
    free = [name for name, reason in refusals.items() if not reason]
    if not free:
        _leave(cluster, pod, _sentence(refusals.values()))
        return
    load = dict.fromkeys(free, 0)
    for other in cluster.store.current("Pod"):
        if other["spec"].get("nodeName") in load:
            load[other["spec"]["nodeName"]] += 1
    _bind(cluster, pod, min(load, key=lambda node: (load[node], node)))


def _sentence(refusals: Iterable[str], *, told_once: bool = False) -> str:
    """Each reason with the number of nodes that have it, as the scheduler's FitError words it.

    ``told_once``: the reason is the pod's own, so that no nodes are counted.
    """
    counts = Counter(refusals)
    total = sum(counts.values())
    if not total:
        return "no nodes available to schedule pods"
    reasons = ", ".join(
        sorted(reason if told_once else f"{number} {reason}" for reason, number in counts.items())
    )
    lacking = sum(n for reason, n in counts.items() if reason.startswith("Insufficient"))
    helpless = ", ".join(
        sorted(
            f"{number} {text}"
            for number, text in (
                (lacking, "No preemption victims found for incoming pod"),
                (total - lacking, "Preemption is not helpful for scheduling"),
            )
            if number
        )
    )
    return f"0/{total} nodes are available: {reasons}. preemption: 0/{total} nodes are available: {helpless}."


def _refusal(node: Manifest, pod: Manifest) -> str:
    """Why the node does not take the pod, in the scheduler's words; empty: it does."""
    spec = node.get("spec") or {}
    tolerations = pod["spec"].get("tolerations") or ()
    if spec.get("unschedulable"):
        return "node(s) were unschedulable"
    for taint in spec.get("taints") or ():
        if taint["effect"] in _REPELLING and not any(_tolerates(t, taint) for t in tolerations):
            return f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value', '')}}}"
    if not _is_wanted(node, pod):
        return "node(s) didn't match Pod's node affinity/selector"
    allocatable = (node.get("status") or {}).get("allocatable") or {}
    for resource in ("cpu", "memory"):
        room = allocatable.get(resource)
        if room is not None and requested(pod, resource) > parse_quantity(str(room)):
            return f"Insufficient {resource}"
    return ""


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in (None, "", taint["key"])
    same_value = toleration.get("value", "") == taint.get("value", "")
    return bool(toleration.get("key") == taint["key"] and same_value)


def _is_wanted(node: Manifest, pod: Manifest) -> bool:
    labels = node["metadata"].get("labels") or {}
    selector = pod["spec"].get("nodeSelector") or {}
    if any(labels.get(key) != value for key, value in selector.items()):
        return False
    affinity = ((pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    terms = (affinity or {}).get("nodeSelectorTerms") or ()
    return not terms or any(_term_holds(term, labels) for term in terms)


def _term_holds(term: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    return all(_expression_holds(e, labels) for e in term.get("matchExpressions") or ())


def _expression_holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value, values = labels.get(expression["key"]), expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case _:
            return value is None


def requested(pod: Manifest, resource: str) -> float:
    """What the pod's containers request of a resource (cores or bytes)."""
    amounts = (
        ((c.get("resources") or {}).get("requests") or {}).get(resource, 0)
        for c in pod["spec"]["containers"]
    )
    return float(sum(parse_quantity(str(amount)) for amount in amounts))


def _unready_claim(cluster: Cluster, pod: Manifest) -> str | None:
    """What is wrong with a claim of the pod, in the scheduler's words; None: nothing."""
    namespace = pod["metadata"]["namespace"]
    for volume in pod["spec"].get("volumes") or ():
        name = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if not name:
            continue
        claim = cluster.store.get("PersistentVolumeClaim", namespace, name)
        if claim is None:
            return f'persistentvolumeclaim "{name}" not found'
        if (claim.get("status") or {}).get("phase", "Bound") != "Bound":
            return "pod has unbound immediate PersistentVolumeClaims"
    return None


def _leave(cluster: Cluster, pod: Manifest, message: str) -> None:
    known = pod["status"].get("conditions")
    unscheduled = condition(known, "PodScheduled", False, cluster.now, "Unschedulable", message)
    cluster.event(
        pod, "FailedScheduling", message, "default-scheduler", "Warning", every=_RETRY_EVERY
    )
    cluster.set_status(pod, pod["status"] | {"conditions": [unscheduled]})


def _bind(cluster: Cluster, pod: Manifest, node: str) -> None:
    metadata = pod["metadata"]
    bound = clone(pod)
    bound["spec"]["nodeName"] = node
    before = pod["status"].get("conditions")
    bound["status"]["conditions"] = [condition(before, "PodScheduled", True, cluster.now)]
    bound["status"]["startTime"] = format_time(cluster.now)
    bound["status"]["containerStatuses"] = [
        _creating(container) for container in pod["spec"]["containers"]
    ]
    message = f"Successfully assigned {metadata['namespace']}/{metadata['name']} to {node}"
    cluster.event(pod, "Scheduled", message, "default-scheduler")
    cluster.update(bound)


def _creating(container: Manifest) -> dict[str, Any]:
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "ready": False,
        "started": False,
        "restartCount": 0,
        "state": {"waiting": {"reason": "ContainerCreating"}},
        "lastState": {},
    }

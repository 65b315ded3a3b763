"""HorizontalPodAutoscalers: what they measure and want, as their status and Events tell it, and what they do about it.

At the start the number of pods of a workload is what its own history says. So that a status never tells of an
autoscaler that sees a need and does not follow it, what is measured is kept within the range in which a real one would
rest, except at its bounds, where it cannot follow. One whose bounds somebody writes follows what it measures from then
on (see ``rescaling``).
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sandbox.kubernetes.clock import format_time, parse_time
from sandbox.kubernetes.controllers.cluster import Cluster, Manifest, is_terminating
from sandbox.kubernetes.controllers.conditions import condition
from sandbox.kubernetes.controllers.pods import FINISHED
from sandbox.kubernetes.controllers.rescaling import COMPONENT, Rescaler
from sandbox.kubernetes.quantity import parse_quantity
from sandbox.kubernetes.selectors import label_selector

Measure = Callable[[Manifest], float | None]
"""The mean CPU usage of a Deployment's pods now, cores; None when nothing is known of it."""
_PERIOD = timedelta(seconds=15)
_TOLERANCE = 0.1
_SPREAD_POINTS = 25
_MOVED_POINTS = 8
"""A status that differs by less than this in its measured percentage is left as it is."""
_FOUND = (
    "the HPA was able to successfully calculate a replica count from cpu resource utilization"
    " (percentage of request)"
)


def reconcile_autoscaler(
    cluster: Cluster, hpa: Manifest, measure: Measure, rescaler: Rescaler
) -> None:
    """Write what the autoscaler sees of its Deployment, and scale it."""
    namespace, wanted = hpa["metadata"]["namespace"], hpa["spec"]["scaleTargetRef"]
    deployment = cluster.store.get("Deployment", namespace, wanted["name"])
    target = _target_percent(hpa)
    if deployment is None or target is None:
        return
    pods = _pods(cluster, deployment)
    blind = _without_request(pods)
    if blind is not None:
        _report_blind(cluster, hpa, deployment, *blind)
        return
    cores, request = measure(deployment), _requested(deployment)
    asked = current = deployment["spec"]["replicas"]
    if cores is not None and request and current:
        measured = 100.0 * cores / request
        if not rescaler.follows(cluster, hpa):
            measured = _plausible(measured, target, hpa, deployment)
        asked = _report(cluster, hpa, deployment, round(measured), target)
    rescaler.act(cluster, hpa, deployment, asked)


def _target_percent(hpa: Manifest) -> float | None:
    for metric in hpa["spec"].get("metrics") or ():
        resource = metric.get("resource") or {}
        if resource.get("name") == "cpu":
            percent = (resource.get("target") or {}).get("averageUtilization")
            return None if percent is None else float(percent)
    return None


def _pods(cluster: Cluster, deployment: Manifest) -> list[Manifest]:
    chosen = label_selector(deployment["spec"]["selector"])
    return [
        pod
        for pod in cluster.store.current("Pod", deployment["metadata"]["namespace"])
        if chosen.matches(pod)
        and pod["status"].get("phase") not in FINISHED
        and not is_terminating(pod)
    ]


def _without_request(pods: list[Manifest]) -> tuple[Manifest, str] | None:
    """The oldest pod with a container that requests no CPU, and that container: what blinds an autoscaler."""
    for pod in sorted(pods, key=lambda p: str(p["metadata"]["creationTimestamp"])):
        for container in pod["spec"]["containers"]:
            if "cpu" not in ((container.get("resources") or {}).get("requests") or {}):
                return pod, container["name"]
    return None


def _requested(deployment: Manifest) -> float:
    containers = deployment["spec"]["template"]["spec"]["containers"]
    requests = ((c.get("resources") or {}).get("requests") or {} for c in containers)
    return float(sum(parse_quantity(str(r.get("cpu", 0))) for r in requests))


def _plausible(percent: float, target: float, hpa: Manifest, deployment: Manifest) -> float:
    """What it measures where it can follow: no more than its tolerance above the target, and less by its name's doing,
    since not all of them stand at the same point."""
    current = deployment["spec"]["replicas"]
    lower = zlib.crc32(hpa["metadata"]["name"].encode()) % _SPREAD_POINTS / 100.0
    low, high = 0.95 * target * (current - 1) / current, (1.0 + _TOLERANCE / 2 - lower) * target
    if current > hpa["spec"].get("minReplicas", 1):
        percent = max(percent, low)
    return percent if current >= hpa["spec"]["maxReplicas"] else min(percent, high)


def _report(
    cluster: Cluster, hpa: Manifest, deployment: Manifest, percent: int, target: float
) -> int:
    """Write the status; the number of replicas that the measure asks for."""
    status = hpa.get("status") or {}
    current = int(deployment["spec"]["replicas"])
    known = _percent_of(status)
    if known is not None and abs(known - percent) < _MOVED_POINTS:
        percent = known
    ratio = percent / target
    asked = current if abs(ratio - 1.0) <= _TOLERANCE else math.ceil(current * ratio)
    before = status.get("conditions")
    made = {
        "observedGeneration": hpa["metadata"].get("generation"),
        "lastScaleTime": _last_scaled(cluster, deployment),
        "currentReplicas": current,
        "desiredReplicas": _bounded(asked, hpa),
        "currentMetrics": [_current(percent, _requested(deployment))],
        "conditions": [
            _condition(cluster, hpa, before, "AbleToScale", True, *_able(asked, current, hpa)),
            _condition(cluster, hpa, before, "ScalingActive", True, "ValidMetricFound", _FOUND),
            _limited(cluster, hpa, deployment, before, asked),
        ],
    }
    cluster.set_status(hpa, made)
    return asked


def _bounded(asked: int, hpa: Manifest) -> int:
    spec = hpa["spec"]
    return int(min(max(asked, spec.get("minReplicas", 1)), spec["maxReplicas"]))


def _able(asked: int, current: int, hpa: Manifest) -> tuple[str, str]:
    if _bounded(asked, hpa) == current:
        return "ReadyForNewScale", "recommended size matches current size"
    return "SucceededRescale", f"the HPA controller was able to update the target scale to {asked}"


def _limited(
    cluster: Cluster, hpa: Manifest, deployment: Manifest, before: Any, asked: int
) -> dict[str, Any]:
    spec = hpa["spec"]
    if asked > spec["maxReplicas"]:
        told = (
            "TooManyReplicas",
            "the desired replica count is more than the maximum replica count",
        )
        since = parse_time(_last_scaled(cluster, deployment) or format_time(cluster.now))
        return _condition(cluster, hpa, before, "ScalingLimited", True, *told, since=since)
    if asked < spec.get("minReplicas", 1):
        told = (
            "TooFewReplicas",
            "the desired replica count is less than the minimum replica count",
        )
        return _condition(cluster, hpa, before, "ScalingLimited", True, *told)
    told = ("DesiredWithinRange", "the desired count is within the acceptable range")
    return _condition(cluster, hpa, before, "ScalingLimited", False, *told)


def _condition(
    cluster: Cluster,
    hpa: Manifest,
    before: Any,
    kind: str,
    holds: bool,
    reason: str,
    message: str,
    since: datetime | None = None,
) -> dict[str, Any]:
    """A condition; one that was not told of before holds ``since`` then, or as long as the autoscaler exists."""
    moment = cluster.now
    if not before:
        moment = since or parse_time(hpa["metadata"]["creationTimestamp"])
    return condition(before, kind, holds, moment, reason, message)


def _report_blind(
    cluster: Cluster, hpa: Manifest, deployment: Manifest, pod: Manifest, container: str
) -> None:
    since = parse_time(pod["metadata"]["creationTimestamp"])
    lack = (
        "failed to get cpu utilization: missing request for cpu in container"
        f" {container} of Pod {pod['metadata']['name']}"
    )
    before = (hpa.get("status") or {}).get("conditions")
    able = ("SucceededGetScale", "the HPA controller was able to get the target's current scale")
    unable = (
        "FailedGetResourceMetric",
        f"the HPA was unable to compute the replica count: {lack}",
    )
    current = deployment["spec"]["replicas"]
    status = {
        "observedGeneration": hpa["metadata"].get("generation"),
        "currentReplicas": current,
        "desiredReplicas": current,
        "conditions": [
            _condition(cluster, hpa, before, "AbleToScale", True, *able),
            _condition(cluster, hpa, before, "ScalingActive", False, *unable, since=since),
        ],
    }
    cluster.set_status(hpa, status)
    whole = (
        "invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric"
        f" value: {lack}"
    )
    for reason, message in (
        ("FailedGetResourceMetric", lack),
        ("FailedComputeMetricsReplicas", whole),
    ):
        _tell(cluster, hpa, reason, message, since)


def _tell(cluster: Cluster, hpa: Manifest, reason: str, message: str, since: datetime) -> None:
    periods = (cluster.now - since) // _PERIOD
    if periods < 0:
        return
    told = {
        "type": "Warning",
        "reason": reason,
        "message": message,
        "component": COMPONENT,
        "count": 1 + periods,
        "first": since,
        "last": since + periods * _PERIOD,
    }
    cluster.count_event(hpa, told)


def _percent_of(status: Mapping[str, Any]) -> int | None:
    for metric in status.get("currentMetrics") or ():
        percent = ((metric.get("resource") or {}).get("current") or {}).get("averageUtilization")
        if percent is not None:
            return int(percent)
    return None


def _current(percent: int, request: float) -> dict[str, Any]:
    used = f"{request * percent * 10:.0f}m"
    current = {"averageUtilization": percent, "averageValue": used}
    return {"type": "Resource", "resource": {"name": "cpu", "current": current}}


def _last_scaled(cluster: Cluster, deployment: Manifest) -> str | None:
    """When the Deployment's replicas were last changed; None: never."""
    metadata = deployment["metadata"]
    states = cluster.store.changes("Deployment", metadata["namespace"], metadata["name"])
    sizes = [(when, m["spec"].get("replicas")) for when, m in states if m is not None]
    changed = [when for (_, old), (when, new) in pairwise(sizes) if old != new]
    return format_time(changed[-1]) if changed else None

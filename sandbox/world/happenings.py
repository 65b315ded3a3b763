"""Kubernetes Events and pod health that the faults bring about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from sandbox.kubernetes.clock import format_time
from sandbox.kubernetes.resources import by_kind
from sandbox.world.component import Component
from sandbox.world.faults.fault import Fault
from sandbox.world.noise import key_hash
from sandbox.world.parts import Entity
from sandbox.world.ports import ClusterHistory, Manifest
from sandbox.world.scenario import FaultEvent
from sandbox.world.signals import Sampler, Sources

_KEPT = timedelta(hours=1)
_COMPONENTS = {"Pod": "kubelet", "HorizontalPodAutoscaler": "horizontal-pod-autoscaler"}
_RESTART_SEARCH_S = 3600 * 24
_RESTART_STEP_S = 300


def events(
    faults: Sequence[Fault], history: ClusterHistory, namespace: str | None, now: datetime
) -> Iterator[Manifest]:
    """The Events of the last hour; each repeats with a count, as the cluster folds them."""
    for fault in faults:
        for spec in fault.spec.events:
            if namespace in (None, spec.object.namespace):
                yield from _folded(fault, spec, history, now)


def _folded(
    fault: Fault, spec: FaultEvent, history: ClusterHistory, now: datetime
) -> Iterator[Manifest]:
    times = np.arange(fault.onset, now.timestamp(), spec.every.total_seconds())
    times = times[fault.activity(times).strength > 0.5] if times.size else times
    if not times.size or times[-1] < (now - _KEPT).timestamp():
        return
    first, last = (datetime.fromtimestamp(float(t), UTC) for t in (times[0], times[-1]))
    reference = _reference(spec.object, history)
    name = f"{reference['name']}.{key_hash(0, spec.reason, spec.message):016x}"
    yield {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": spec.object.namespace},
        "involvedObject": reference,
        "type": spec.type,
        "reason": spec.reason,
        "message": spec.message,
        "count": int(times.size),
        "firstTimestamp": format_time(first),
        "lastTimestamp": format_time(last),
        "source": {"component": _COMPONENTS.get(spec.object.kind, "controller-manager")},
    }


def _reference(entity: Entity, history: ClusterHistory) -> dict[str, Any]:
    """The object itself; of a kind ``Pod``, the newest one whose name begins like it.

    What is told of an object without a namespace, such as a Node, is told in ``default``.
    """
    namespaced = by_kind(entity.kind).namespaced
    matching = [
        m
        for m in history.current(entity.kind, entity.namespace if namespaced else "")
        if m["metadata"]["name"] == entity.name
        or (entity.kind == "Pod" and m["metadata"]["name"].startswith(f"{entity.name}-"))
    ]
    metadata: Mapping[str, Any] = matching[-1]["metadata"] if matching else {"name": entity.name}
    reference = {
        "kind": entity.kind,
        "apiVersion": by_kind(entity.kind).group_version,
        "name": metadata["name"],
        "uid": metadata.get("uid", ""),
    }
    return reference | ({"namespace": entity.namespace} if namespaced else {})


def pod_status(
    sources: Sources, component: Component, ordinal: int, now: datetime
) -> dict[str, Any]:
    """Restarts of a pod's main container, with how it last ended."""
    end = now.timestamp()
    times = np.arange(end - _RESTART_SEARCH_S, end + 1, _RESTART_STEP_S)
    restarts = Sampler(sources, component, times, ordinal)["restarts"]
    status: dict[str, Any] = {"ready": True, "restartCount": int(restarts[-1])}
    rises = np.flatnonzero(np.diff(restarts) > 0)
    if status["restartCount"] and rises.size:
        ended = datetime.fromtimestamp(float(times[rises[-1] + 1]), UTC)
        terminated = {"exitCode": 137, "reason": "OOMKilled", "finishedAt": format_time(ended)}
        status["lastState"] = {"terminated": terminated}
    return status

"""Services' endpoints, and PodDisruptionBudgets' counts: what follows from pods' readiness."""

from __future__ import annotations

import math
from typing import Any

from sandbox.kubernetes.controllers.cluster import (
    Cluster,
    Manifest,
    is_terminating,
    owner_reference,
    safe_hash,
)
from sandbox.kubernetes.controllers.pods import FINISHED, is_ready
from sandbox.kubernetes.selectors import label_selector


def _selected(cluster: Cluster, namespace: str, selector: dict[str, Any]) -> list[Manifest]:
    chosen = label_selector(selector)
    return [
        pod
        for pod in cluster.store.current("Pod", namespace)
        if chosen.matches(pod) and pod["status"].get("phase") not in FINISHED
    ]


def selects(service: Manifest, pod: Manifest) -> bool:
    """Whether the service leads to the pod, by its labels."""
    wanted = service["spec"].get("selector")
    return bool(wanted) and label_selector({"matchLabels": wanted}).matches(pod)


def covers(budget: Manifest, pod: Manifest) -> bool:
    """Whether the budget counts the pod, by its labels."""
    return label_selector(budget["spec"].get("selector")).matches(pod)


def reconcile_service(cluster: Cluster, service: Manifest) -> None:
    """Write the service's Endpoints and EndpointSlice."""
    selector = service["spec"].get("selector")
    if not selector:
        return
    namespace = service["metadata"]["namespace"]
    pods = [
        pod
        for pod in _selected(cluster, namespace, {"matchLabels": selector})
        if pod["status"].get("podIP") and not is_terminating(pod)
    ]
    found = (_endpoint_port(port, pods) for port in service["spec"].get("ports") or ())
    ports = [port for port in found if port is not None]
    _put(cluster, _endpoints(service, pods, ports))
    _put(cluster, _slice(service, pods, ports))


def _endpoint_port(port: dict[str, Any], pods: list[Manifest]) -> dict[str, Any] | None:
    """The port of the pods that a service's port leads to; None when it is named and no container has that name."""
    target = port.get("targetPort", port["port"])
    if isinstance(target, str) and not target.isdecimal():
        named = [
            container_port["containerPort"]
            for pod in pods
            for container in pod["spec"]["containers"]
            for container_port in container.get("ports") or ()
            if container_port.get("name") == target
        ]
        if pods and not named:
            return None
        target = named[0] if named else port["port"]
    made = {"port": int(target), "protocol": port.get("protocol", "TCP")}
    return made | ({"name": port["name"]} if port.get("name") else {})


def _pod_reference(pod: Manifest) -> dict[str, str]:
    metadata = pod["metadata"]
    return {
        "kind": "Pod",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
    }


def _endpoints(service: Manifest, pods: list[Manifest], ports: list[Any]) -> Manifest:
    def address(pod: Manifest) -> dict[str, Any]:
        return {
            "ip": pod["status"]["podIP"],
            "nodeName": pod["spec"]["nodeName"],
            "targetRef": _pod_reference(pod),
        }

    subset: dict[str, Any] = {"ports": ports}
    if ready := [address(pod) for pod in pods if is_ready(pod)]:
        subset["addresses"] = ready
    if unready := [address(pod) for pod in pods if not is_ready(pod)]:
        subset["notReadyAddresses"] = unready
    metadata = service["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "labels": metadata.get("labels") or {},
        },
        "subsets": [subset] if pods else [],
    }


def _slice(service: Manifest, pods: list[Manifest], ports: list[Any]) -> Manifest:
    metadata = service["metadata"]
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{metadata['name']}-{safe_hash(metadata['uid'], 5)}",
            "namespace": metadata["namespace"],
            "labels": (metadata.get("labels") or {})
            | {"kubernetes.io/service-name": metadata["name"]},
            "ownerReferences": [owner_reference(service)],
        },
        "addressType": "IPv4",
        "ports": [{"name": ""} | port for port in ports],
        "endpoints": [
            {
                "addresses": [pod["status"]["podIP"]],
                "conditions": {
                    "ready": is_ready(pod),
                    "serving": is_ready(pod),
                    "terminating": False,
                },
                "nodeName": pod["spec"]["nodeName"],
                "targetRef": _pod_reference(pod),
            }
            for pod in pods
        ],
    }


def _put(cluster: Cluster, manifest: Manifest) -> None:
    metadata = manifest["metadata"]
    if cluster.store.get(manifest["kind"], metadata["namespace"], metadata["name"]) is None:
        cluster.create(manifest)
    else:
        cluster.update(manifest)


def reconcile_budget(cluster: Cluster, budget: Manifest) -> None:
    """Count healthy pods and the disruptions that the budget leaves."""
    spec = budget["spec"]
    pods = _selected(cluster, budget["metadata"]["namespace"], spec.get("selector") or {})
    expected = len(pods)
    healthy = sum(is_ready(pod) and not is_terminating(pod) for pod in pods)
    if spec.get("minAvailable") is not None:
        desired = _share(spec["minAvailable"], expected)
    else:
        desired = expected - _share(spec.get("maxUnavailable", 1), expected)
    cluster.set_status(
        budget,
        {
            "observedGeneration": budget["metadata"]["generation"],
            "expectedPods": expected,
            "desiredHealthy": max(0, desired),
            "currentHealthy": healthy,
            "disruptionsAllowed": max(0, healthy - max(0, desired)),
        },
    )


def _share(value: Any, total: int) -> int:
    if isinstance(value, str) and value.endswith("%"):
        return math.ceil(total * int(value[:-1]) / 100)
    return int(value)

"""What stands around a workload: configuration, secrets, network, scaling; and the nodes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

from sandbox.world.manifests.common import JsonObject, Place, inventory, metadata, named, selector
from sandbox.world.ports import Manifest


def surroundings(place: Place) -> Iterator[Manifest]:
    """Every further object of one workload."""
    yield config_map(place)
    yield from _secret(place)
    yield _service(place)
    yield from _scaling(place)
    yield from _network(place)
    yield from _claims(place)


def config_map(place: Place) -> Manifest:
    """The workload's settings; DSNs and URLs name what it depends on."""
    data = {key: place.filled(value) for key, value in place.facts["config"].items()}
    return named("v1", "ConfigMap", metadata(place, place.config_name), data=data)


def _secret(place: Place) -> Iterator[Manifest]:
    if not place.facts.get("secrets"):
        return
    values = {}
    for key in place.facts["secrets"]:
        digest = hashlib.sha256(f"{place.namespace}/{place.name}/{key}".encode()).digest()
        values[key] = base64.b64encode(base64.b64encode(digest)[:24]).decode()
    meta = metadata(place, place.secret_name)
    yield named("v1", "Secret", meta, type="Opaque", data=values)


def _service(place: Place) -> Manifest:
    port = {"name": "main", "port": place.facts["port"], "targetPort": "main"}
    spec: dict[str, object] = {"selector": selector(place), "ports": [port]}
    if place.facts["kind"] == "StatefulSet":
        spec["clusterIP"] = "None"
    told = place.facts.get("service") or {}
    if told.get("address"):
        spec["clusterIP"] = told["address"]
    return named("v1", "Service", metadata(place, told.get("name", place.name)), spec=spec)


def _scaling(place: Place) -> Iterator[Manifest]:
    if place.namespace != "production":
        return
    hpa, available = place.facts.get("hpa"), place.facts.get("pdb")
    if hpa:
        target = {"type": "Utilization", "averageUtilization": hpa["cpu"]}
        yield named(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            metadata(place, place.name),
            spec={
                "scaleTargetRef": {
                    "apiVersion": "apps/v1",
                    "kind": "Deployment",
                    "name": place.name,
                },
                "minReplicas": hpa["min"],
                "maxReplicas": hpa["max"],
                "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
            },
            status={"currentReplicas": place.replicas, "desiredReplicas": place.replicas},
        )
    if available:
        spec = {"minAvailable": available, "selector": {"matchLabels": selector(place)}}
        meta = metadata(place, place.name)
        yield named("policy/v1", "PodDisruptionBudget", meta, spec=spec)


def _network(place: Place) -> Iterator[Manifest]:
    host = place.facts.get("ingress")
    if host:
        prefix = "" if place.namespace == "production" else f"{place.namespace}."
        backend = {"service": {"name": place.name, "port": {"name": "main"}}}
        path = {"path": "/", "pathType": "Prefix", "backend": backend}
        rule = {"host": f"{prefix}{host}", "http": {"paths": [path]}}
        spec: dict[str, object] = {"ingressClassName": "nginx", "rules": [rule]}
        yield named("networking.k8s.io/v1", "Ingress", metadata(place, place.name), spec=spec)
    callers = place.facts.get("network_policy")
    if callers:
        peers = [
            {"podSelector": {"matchLabels": {"app.kubernetes.io/name": caller}}}
            for caller in callers
        ]
        spec = {
            "podSelector": {"matchLabels": selector(place)},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": peers, "ports": [{"port": place.facts["port"]}]}],
        }
        yield named("networking.k8s.io/v1", "NetworkPolicy", metadata(place, place.name), spec=spec)


def _claims(place: Place) -> Iterator[Manifest]:
    if not place.facts.get("volume"):
        return
    size = {"storage": place.facts["volume"]}
    for ordinal in range(place.replicas):
        yield named(
            "v1",
            "PersistentVolumeClaim",
            metadata(place, f"data-{place.name}-{ordinal}"),
            spec={
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "gp3",
                "resources": {"requests": size},
                "volumeName": f"pv-{place.namespace}-{place.name}-{ordinal}",
            },
            status={"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": size},
        )


def namespaces() -> Iterator[Manifest]:
    """The company's namespaces."""
    for name, facts in inventory()["namespaces"].items():
        yield named("v1", "Namespace", {"name": name, "labels": {"env": facts["env"]}})


def nodes() -> Iterator[Manifest]:
    """The cluster's machines."""
    yield from map(_node, inventory()["nodes"])


def _node(facts: JsonObject) -> Manifest:
    labels = {
        "kubernetes.io/hostname": facts["name"],
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/zone": facts["zone"],
        "node.kubernetes.io/instance-type": "m7i.4xlarge"
        if facts["pool"] == "general"
        else "r7i.4xlarge",
        "sundial.example/pool": facts["pool"],
    }
    capacity = {"cpu": facts["cpu"], "memory": facts["memory"], "pods": "110"}
    address = facts["name"].removeprefix("ip-").replace("-", ".")
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
    return named(
        "v1",
        "Node",
        {"name": facts["name"], "labels": labels},
        spec={"providerID": f"aws:///{facts['zone']}/{facts['name']}"},
        status={
            "capacity": capacity,
            "allocatable": capacity,
            "conditions": [ready],
            "addresses": [{"type": "InternalIP", "address": address}],
            "nodeInfo": {
                "kubeletVersion": "v1.34.2",
                "osImage": "Bottlerocket",
                "architecture": "amd64",
                "operatingSystem": "linux",
                "containerRuntimeVersion": "containerd://2.1.4",
                "kernelVersion": "6.12.40",
            },
        },
    )

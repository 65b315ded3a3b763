"""The values that the API server fills in where a manifest is silent."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

from sandbox.kubernetes.cloning import clone
from sandbox.kubernetes.resources import by_kind

Manifest = dict[str, Any]
_ROLLING = {"maxSurge": "25%", "maxUnavailable": "25%"}
_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}


def _fill(target: dict[str, Any], values: dict[str, Any]) -> None:
    for key, value in values.items():
        if target.get(key) is None:
            target[key] = clone(value)


def _default_container(container: dict[str, Any]) -> None:
    image = str(container.get("image", ""))
    latest = ":" not in image.rsplit("/", 1)[-1] or image.endswith(":latest")
    _fill(
        container,
        {
            "imagePullPolicy": "Always" if latest and "@" not in image else "IfNotPresent",
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "resources": {},
        },
    )
    limits = container["resources"].get("limits") or {}
    if limits:
        _fill(container["resources"].setdefault("requests", {}), limits)
    for port in container.get("ports") or ():
        _fill(port, {"protocol": "TCP"})
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(probe):
            _default_probe(container[probe])
    for variable in container.get("env") or ():
        reference = (variable.get("valueFrom") or {}).get("fieldRef")
        if reference:
            _fill(reference, {"apiVersion": "v1"})


def _default_probe(probe: dict[str, Any]) -> None:
    _fill(probe, _PROBE)
    if probe.get("httpGet"):
        _fill(probe["httpGet"], {"path": "/", "scheme": "HTTP"})


def default_pod_spec(spec: dict[str, Any], restart_policy: str = "Always") -> None:
    """Fill in a PodSpec in place."""
    _fill(
        spec,
        {
            "restartPolicy": restart_policy,
            "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst",
            "schedulerName": "default-scheduler",
            "securityContext": {},
        },
    )
    if spec.get("serviceAccountName"):
        _fill(spec, {"serviceAccount": spec["serviceAccountName"]})
    for field in ("containers", "initContainers"):
        for container in spec.get(field) or ():
            _default_container(container)
    for volume in spec.get("volumes") or ():
        _default_volume(volume)


def _default_volume(volume: dict[str, Any]) -> None:
    for source in ("configMap", "secret", "projected"):
        if volume.get(source) is not None:
            _fill(volume[source], {"defaultMode": 420})


def _default_template(owner_spec: dict[str, Any], restart_policy: str = "Always") -> None:
    template = owner_spec.setdefault("template", {})
    template.setdefault("metadata", {}).setdefault("creationTimestamp", None)
    default_pod_spec(template.setdefault("spec", {}), restart_policy)


def _deployment(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    _fill(
        spec,
        {
            "replicas": 1,
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
            "strategy": {"type": "RollingUpdate"},
        },
    )
    _fill(spec["strategy"], {"type": "RollingUpdate"})
    if spec["strategy"]["type"] == "RollingUpdate":
        _fill(spec["strategy"].setdefault("rollingUpdate", {}), _ROLLING)
    _default_template(spec)


def _replica_set(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    _fill(spec, {"replicas": 1})
    _default_template(spec)


def _stateful_set(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    _fill(
        spec,
        {
            "replicas": 1,
            "revisionHistoryLimit": 10,
            "podManagementPolicy": "OrderedReady",
            "serviceName": manifest["metadata"]["name"],
            "updateStrategy": {"type": "RollingUpdate"},
            "persistentVolumeClaimRetentionPolicy": {
                "whenDeleted": "Retain",
                "whenScaled": "Retain",
            },
        },
    )
    _fill(spec["updateStrategy"], {"type": "RollingUpdate"})
    if spec["updateStrategy"]["type"] == "RollingUpdate":
        _fill(spec["updateStrategy"].setdefault("rollingUpdate", {}), {"partition": 0})
    _default_template(spec)


def _daemon_set(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    _fill(spec, {"revisionHistoryLimit": 10, "updateStrategy": {"type": "RollingUpdate"}})
    _fill(spec["updateStrategy"], {"type": "RollingUpdate"})
    if spec["updateStrategy"]["type"] == "RollingUpdate":
        rolling = spec["updateStrategy"].setdefault("rollingUpdate", {})
        _fill(rolling, {"maxSurge": 0, "maxUnavailable": 1})
    _default_template(spec)


def _job_spec(spec: dict[str, Any]) -> None:
    _fill(
        spec,
        {
            "parallelism": 1,
            "completions": 1,
            "backoffLimit": 6,
            "completionMode": "NonIndexed",
            "suspend": False,
            "manualSelector": None,
        },
    )
    spec.pop("manualSelector")
    _default_template(spec, "Never")


def _job(manifest: Manifest) -> None:
    _job_spec(manifest.setdefault("spec", {}))


def _cron_job(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    _fill(
        spec,
        {
            "concurrencyPolicy": "Allow",
            "suspend": False,
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 1,
        },
    )
    job_template = spec.setdefault("jobTemplate", {})
    job_template.setdefault("metadata", {}).setdefault("creationTimestamp", None)
    _default_template(job_template.setdefault("spec", {}), "Never")


def _pod(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    default_pod_spec(spec)
    _fill(
        spec,
        {"serviceAccountName": "default", "serviceAccount": "default", "enableServiceLinks": True},
    )
    manifest.setdefault("status", {}).setdefault("phase", "Pending")


def _service(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    _fill(
        spec,
        {
            "type": "ClusterIP",
            "sessionAffinity": "None",
            "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
        },
    )
    if spec["type"] != "ExternalName":
        _fill(spec, {"clusterIP": _cluster_ip(manifest["metadata"])})
        _fill(spec, {"clusterIPs": [spec["clusterIP"]]})
    for port in spec.get("ports") or ():
        _fill(port, {"protocol": "TCP", "targetPort": port.get("port")})
    manifest.setdefault("status", {}).setdefault("loadBalancer", {})


def _cluster_ip(metadata: dict[str, Any]) -> str:
    """The service's virtual address, the same each time for a name."""
    number = zlib.crc32(f"{metadata['namespace']}/{metadata['name']}".encode())
    return f"10.96.{number // 250 % 250}.{1 + number % 250}"


def _namespace(manifest: Manifest) -> None:
    name = manifest["metadata"]["name"]
    manifest["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = name
    _fill(manifest.setdefault("spec", {}), {"finalizers": ["kubernetes"]})
    manifest.setdefault("status", {}).setdefault("phase", "Active")


def _secret(manifest: Manifest) -> None:
    _fill(manifest, {"type": "Opaque"})


def _autoscaler(manifest: Manifest) -> None:
    _fill(manifest.setdefault("spec", {}), {"minReplicas": 1})


_DEFAULTS: dict[str, Callable[[Manifest], None]] = {
    "Namespace": _namespace,
    "Pod": _pod,
    "Service": _service,
    "Secret": _secret,
    "Deployment": _deployment,
    "ReplicaSet": _replica_set,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "CronJob": _cron_job,
    "HorizontalPodAutoscaler": _autoscaler,
}


def with_defaults(manifest: Manifest) -> Manifest:
    """A copy of ``manifest`` as the API server would store it; the argument is left alone.

    Raises KeyError for an unknown kind or an object without a name.
    """
    complete = clone(manifest)
    resource = by_kind(complete["kind"])
    complete["apiVersion"] = resource.group_version
    if resource.namespaced:
        complete["metadata"].setdefault("namespace", "default")
    else:
        complete["metadata"].pop("namespace", None)
    fill = _DEFAULTS.get(resource.kind)
    if fill is not None:
        fill(complete)
    return complete

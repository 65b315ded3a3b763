"""Deployments, StatefulSets, DaemonSets and CronJobs."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from sandbox.kubernetes.controllers.pods import DURATION_ANNOTATION
from sandbox.world.manifests.common import (
    Place,
    inventory,
    labels,
    metadata,
    named,
    selector,
)
from sandbox.world.ports import Manifest

STOPS_WHEN_SUSPENDED = "sundial.example/stops-when-suspended"
"""The company's job runner ends a running Job when its CronJob is suspended."""


def image(place: Place, version: str) -> str:
    """The container image at ``version``."""
    repository = place.facts.get("image") or f"{inventory()['registry']}/{place.name}"
    return f"{repository}:{version}"


def workload(place: Place, version: str | None = None, note: str = "") -> Manifest:
    """The workload at ``version``; ``note`` becomes its change cause."""
    at_version = version or str(place.facts["version"])
    meta = metadata(place, place.name, at_version)
    if note:
        meta["annotations"]["kubernetes.io/change-cause"] = note
    # Reloader (github.com/stakater/Reloader) restarts pods when their ConfigMap changes.
    meta["annotations"]["reloader.stakater.com/auto"] = "true"
    spec: dict[str, Any] = {
        "selector": {"matchLabels": selector(place)},
        "template": _pod_template(place, at_version),
    }
    kind = place.facts["kind"]
    if kind != "DaemonSet":
        spec["replicas"] = place.replicas
    if kind == "StatefulSet":
        spec["serviceName"] = place.name
        spec["volumeClaimTemplates"] = [_claim_template(place)]
    return named("apps/v1", kind, meta, spec=spec)


def cron_job(place: Place, schedule: str, lasts: timedelta) -> Manifest:
    """A CronJob with ``schedule`` in UTC, whose runs take as long as ``lasts``."""
    version = str(place.facts["version"])
    meta = metadata(place, place.name)
    meta["annotations"]["sundial.example/note"] = place.facts["note"]
    meta["annotations"][STOPS_WHEN_SUSPENDED] = "true"
    container = {
        "name": place.name,
        "image": image(place, version),
        "args": [place.filled(argument) for argument in place.facts["args"]],
        "resources": _resources(place),
    }
    pod = {
        "metadata": {
            "labels": labels(place, version),
            "annotations": {DURATION_ANNOTATION: str(int(lasts.total_seconds()))},
        },
        "spec": {"containers": [container], "restartPolicy": "Never"},
    }
    return named(
        "batch/v1",
        "CronJob",
        meta,
        spec={
            "schedule": schedule,
            "timeZone": "Etc/UTC",
            "suspend": False,
            "concurrencyPolicy": "Forbid",
            "jobTemplate": {
                "metadata": {"labels": labels(place, version)},
                "spec": {"template": pod},
            },
        },
    )


def _pod_template(place: Place, version: str) -> dict[str, Any]:
    annotations = {
        f"ad.datadoghq.com/{place.name}.logs": json.dumps([{"service": place.name}]),
        "sundial.example/owner": place.owner,
    }
    spec: dict[str, Any] = {"containers": [_container(place, version)]}
    if place.facts["kind"] == "StatefulSet":
        spec["volumes"] = [{"name": "config", "configMap": {"name": place.config_name}}]
    if place.facts.get("pool"):
        spec["nodeSelector"] = {"sundial.example/pool": place.facts["pool"]}
    return {
        "metadata": {"labels": labels(place, version), "annotations": annotations},
        "spec": spec,
    }


def _container(place: Place, version: str) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": place.name,
        "image": image(place, version),
        "ports": [{"name": "main", "containerPort": place.facts["port"]}],
        "resources": _resources(place),
        "readinessProbe": _probe(place),
        "env": [
            {"name": "DD_ENV", "value": place.env},
            {"name": "DD_SERVICE", "value": place.name},
            {"name": "DD_VERSION", "value": version},
        ],
    }
    if place.facts["kind"] == "StatefulSet":
        container["volumeMounts"] = [
            {"name": "config", "mountPath": "/etc/config"},
            {"name": "data", "mountPath": "/data"},
        ]
    else:
        container["envFrom"] = [{"configMapRef": {"name": place.config_name}}]
    for key in place.facts.get("secrets", ()):
        reference = {"secretKeyRef": {"name": place.secret_name, "key": key}}
        container["env"].append({"name": key, "valueFrom": reference})
    return container


def _probe(place: Place) -> dict[str, Any]:
    if place.facts["kind"] == "Deployment":
        return {"httpGet": {"path": "/healthz", "port": "main"}}
    return {"tcpSocket": {"port": "main"}}


def _resources(place: Place) -> dict[str, Any]:
    return {"requests": dict(place.facts["requests"]), "limits": dict(place.facts["limits"])}


def _claim_template(place: Place) -> Manifest:
    return {
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "gp3",
            "resources": {"requests": {"storage": place.facts["volume"]}},
        },
    }

"""The cluster's configuration over time, as arrays that telemetry can be computed from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sandbox.kubernetes.quantity import parse_quantity
from sandbox.world.component import Component
from sandbox.world.noise import Floats
from sandbox.world.ports import ClusterHistory, Manifest

Reading = Callable[[Manifest], float | None]


class Configuration:
    """Reads what workloads were set to at any time."""

    def __init__(self, history: ClusterHistory) -> None:
        self.history = history

    def replicas(self, component: Component, times: Floats) -> Floats:
        """The wanted number of pods."""

        def read(manifest: Manifest) -> float | None:
            return float(manifest["spec"].get("replicas", component.place.replicas))

        return self._steps(component.kind, component, read, component.place.replicas, times)

    def missing(self, component: Component, times: Floats) -> Floats:
        """How many of the wanted pods were not ready, as the workload's status says."""

        def read(manifest: Manifest) -> float | None:
            status = manifest.get("status") or {}
            if status.get("observedGeneration") != manifest["metadata"].get("generation"):
                return 0.0  # its controller has not looked yet
            ready = status.get("availableReplicas", status.get("readyReplicas", 0))
            return float(max(0, manifest["spec"].get("replicas", 0) - ready))

        return self._steps(component.kind, component, read, 0.0, times)

    def unavailable(self, component: Component, times: Floats) -> Floats:
        """How many of a Deployment's pods are not available, those of a rollout under way included."""

        def read(manifest: Manifest) -> float | None:
            return float((manifest.get("status") or {}).get("unavailableReplicas", 0))

        return self._steps(component.kind, component, read, 0.0, times)

    def resource(self, component: Component, bound: str, resource: str, times: Floats) -> Floats:
        """``limits`` or ``requests`` of ``cpu`` (cores) or ``memory`` (bytes); NaN without."""

        def read(manifest: Manifest) -> float | None:
            return container_resource(manifest, bound, resource)

        return self._steps(component.kind, component, read, np.nan, times)

    def storage(self, component: Component, times: Floats) -> Floats:
        """Bytes that the claim of a StatefulSet's first pod asks for."""
        ordinary = self.storage_laid_out(component)
        changes = self.history.changes(
            "PersistentVolumeClaim", component.namespace, f"data-{component.name}-0"
        )
        if not changes:
            return np.full(times.shape, ordinary)
        moments = np.array([when.timestamp() for when, _ in changes])
        row = np.array([ordinary if m is None else claimed_bytes(m) for _, m in changes])
        position = np.maximum(np.searchsorted(moments, times, side="right") - 1, 0)
        return np.asarray(row[position])

    def storage_laid_out(self, component: Component) -> float:
        """Bytes of each pod's volume as the company laid it out; 0 without."""
        return float(parse_quantity(str(component.place.facts.get("volume", "0"))))

    def setting(self, component: Component, key: str, times: Floats) -> Floats:
        """A number among the workload's settings: its environment wins over its ConfigMap."""
        own = self._steps(component.kind, component, lambda m: config_number(m, key), np.nan, times)
        shared = self._steps("ConfigMap", component, lambda m: config_number(m, key), np.nan, times)
        return np.where(np.isnan(own), shared, own)

    def _steps(
        self, kind: str, component: Component, read: Reading, default: float, times: Floats
    ) -> Floats:
        name = component.place.config_name if kind == "ConfigMap" else component.name
        changes = self.history.changes(kind, component.namespace, name)
        if not changes:
            return np.full(times.shape, float(default))
        moments = np.array([when.timestamp() for when, _ in changes])
        values = [None if state is None else read(state) for _, state in changes]
        row = np.array([np.nan if value is None else value for value in values])
        position = np.maximum(np.searchsorted(moments, times, side="right") - 1, 0)
        return np.asarray(row[position])


def claimed_bytes(claim: Manifest) -> float:
    """What a PersistentVolumeClaim asks for."""
    return float(parse_quantity(str(claim["spec"]["resources"]["requests"]["storage"])))


def container_resource(manifest: Manifest, bound: str, resource: str) -> float | None:
    """One resource of a workload's first container."""
    spec = manifest["spec"]
    template = (
        spec["jobTemplate"]["spec"]["template"] if "jobTemplate" in spec else spec["template"]
    )
    resources = template["spec"]["containers"][0].get("resources") or {}
    text = (resources.get(bound) or {}).get(resource)
    return None if text is None else float(parse_quantity(str(text)))


def config_number(manifest: Manifest, key: str) -> float | None:
    """A number in a ConfigMap's data, or in the environment of a workload's first container."""
    return _number(config_text(manifest, key))


def config_text(manifest: Manifest, key: str) -> str | None:
    """A setting in a ConfigMap's data, or in the environment of a workload's first container."""
    if manifest["kind"] == "ConfigMap":
        text = (manifest.get("data") or {}).get(key)
        return None if text is None else str(text)
    spec = manifest["spec"]
    if "template" not in spec:
        return None
    variables = spec["template"]["spec"]["containers"][0].get("env") or ()
    return next((v.get("value") for v in variables if v["name"] == key), None)


_REDIS_UNITS = {"gb": 2.0**30, "mb": 2.0**20, "g": 1e9, "m": 1e6}
"""As redis.conf has it: 16g are 16 GB, 16gb are 16 GiB."""


def _number(text: object) -> float | None:
    lowered = str(text).strip().lower()
    unit = next((unit for unit in _REDIS_UNITS if lowered.endswith(unit)), "")
    try:
        return float(lowered.removesuffix(unit)) * _REDIS_UNITS.get(unit, 1.0)
    except ValueError:
        return None

"""What an autoscaler does with what it measures: the number of replicas it writes, and when.

Up at once, by no more than double or four pods in a step; down only to the highest that it asked for in the last five
minutes (the default ``behavior`` of autoscaling/v2).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sandbox.kubernetes.cloning import clone
from sandbox.kubernetes.controllers.cluster import Cluster, Manifest
from sandbox.kubernetes.ownership import Manager, record_update
from sandbox.kubernetes.store import Key, key_of

COMPONENT = "horizontal-pod-autoscaler"
_STABLE = timedelta(minutes=5)
_LEAST_STEP = 4
_MANAGER = Manager("kube-controller-manager", "Update", "scale")


class Rescaler:
    """Remembers what autoscalers asked for, and whose bounds somebody has written since it began.

    Only those follow what they measure in full: the others stand where the cluster's history left them, which tells
    of a load that they had followed already.
    """

    def __init__(self, began_at: datetime) -> None:
        self._began_at = began_at
        self._asked: dict[Key, list[tuple[datetime, int]]] = {}

    def follows(self, cluster: Cluster, hpa: Manifest) -> bool:
        """Whether its spec was written since the beginning."""
        metadata = hpa["metadata"]
        states = cluster.store.changes(hpa["kind"], metadata["namespace"], metadata["name"])
        before = [m for when, m in states if when <= self._began_at and m is not None]
        return not before or before[-1]["spec"] != hpa["spec"]

    def act(self, cluster: Cluster, hpa: Manifest, deployment: Manifest, asked: int) -> None:
        """Write the Deployment's replicas: ``asked``, as far as bounds and rates allow."""
        current = deployment["spec"]["replicas"]
        wanted, why = self._wanted(cluster, hpa, current, asked)
        if wanted == current or current == 0:
            return
        scaled = clone(deployment)
        scaled["spec"]["replicas"] = wanted
        record_update(deployment, scaled, _MANAGER, cluster.now)
        cluster.update(scaled)
        cluster.event(hpa, "SuccessfulRescale", f"New size: {wanted}; reason: {why}", COMPONENT)

    def _wanted(self, cluster: Cluster, hpa: Manifest, current: int, asked: int) -> tuple[int, str]:
        least, most = hpa["spec"].get("minReplicas", 1), hpa["spec"]["maxReplicas"]
        if current > most:
            return most, "Current number of replicas above Spec.MaxReplicas"
        if current < least:
            return least, "Current number of replicas below Spec.MinReplicas"
        if not self.follows(cluster, hpa):
            return current, ""
        stable = self._stable(key_of(hpa), cluster.now, current, asked)
        if stable > current:
            step = max(2 * current, current + _LEAST_STEP)
            why = "cpu resource utilization (percentage of request) above target"
            return min(stable, step, most), why
        return max(stable, least), "All metrics below target"

    def _stable(self, key: Key, now: datetime, current: int, asked: int) -> int:
        """The highest number asked for within the window; before anything was, what there is counts as asked for."""
        known = self._asked.get(key, [(now, current)])
        kept = [(at, n) for at, n in known if now - at < _STABLE]
        self._asked[key] = [*kept, (now, asked)]
        return max(n for _, n in self._asked[key])

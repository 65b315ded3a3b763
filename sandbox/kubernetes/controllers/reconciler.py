"""Which objects need a controller's attention, and giving it to them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from sandbox.kubernetes.controllers import (
    daemonsets,
    deployments,
    jobs,
    quotas,
    replicasets,
    services,
    statefulsets,
)
from sandbox.kubernetes.controllers.cluster import (
    Cluster,
    Health,
    Manifest,
    all_well,
    controller_of,
)
from sandbox.kubernetes.controllers.pods import advance_pod, is_moving, rests_until
from sandbox.kubernetes.store import Key, ObjectStore, key_of
from sandbox.kubernetes.watch import WatchEvent

_RECONCILERS: dict[str, Callable[[Cluster, Manifest], None]] = {
    "Deployment": deployments.reconcile,
    "ReplicaSet": replicasets.reconcile,
    "StatefulSet": statefulsets.reconcile,
    "DaemonSet": daemonsets.reconcile,
    "Job": jobs.reconcile_job,
    "CronJob": jobs.reconcile_cron_job,
    "Service": services.reconcile_service,
    "PodDisruptionBudget": services.reconcile_budget,
    "ResourceQuota": quotas.reconcile_quota,
}
_log = logging.getLogger(__name__)
_MAX_ROUNDS = 20
"""A step settles in fewer; the bound keeps a controller that never rests from hanging us."""


class Reconciler:
    """Listens to the store and reconciles what changed, one step at a time."""

    def __init__(
        self, store: ObjectStore, health: Health = all_well, follow_services: bool = True
    ) -> None:
        self._store = store
        self._health = health
        self._follow_services = follow_services
        self._due: set[Key] = set()
        self._moving: set[Key] = set()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take note of the store's writes while the context lasts."""
        stop = self._store.hub.listen(self._note)
        try:
            yield
        finally:
            stop()

    def listen(self) -> None:
        """Take note of the store's writes from now on."""
        self._store.hub.listen(self._note)

    @property
    def is_busy(self) -> bool:
        """Whether something is still to be done, now or with time."""
        return bool(self._due or self._moving)

    def rests_until(self) -> datetime | None:
        """When there will be something to do again, while nothing but Jobs' pods run; None: at once."""
        pods = [self._store.get(*key) for key in self._moving]
        ends = [rests_until(pod) if pod is not None else None for pod in pods]
        if self._due or not ends or None in ends:
            return None
        return min(end for end in ends if end is not None)

    def mark(self, manifest: Manifest) -> None:
        """Have the object, or for a pod its owner and services, looked at in the next step."""
        kind = manifest["kind"]
        key = key_of(manifest)
        if kind == "Pod":
            (self._moving.add if is_moving(manifest) else self._moving.discard)(key)
            if self._follow_services:
                self._mark_selecting(manifest)
        elif kind == "Node":
            self._due.update(key_of(each) for each in self._store.current("DaemonSet"))
        elif kind in _RECONCILERS:
            self._due.add(key)
        self._mark_owners(manifest)

    def _mark_owners(self, manifest: Manifest) -> None:
        """Mark the object's controller, and that one's controller, up to the top."""
        current: Manifest | None = manifest
        while current is not None:
            owner = controller_of(current)
            if owner is None or owner["kind"] not in _RECONCILERS:
                return
            key = (owner["kind"], current["metadata"]["namespace"], owner["name"])
            self._due.add(key)
            current = self._store.get(*key)

    def _mark_selecting(self, pod: Manifest) -> None:
        """Mark what counts the pod: the services and budgets that select it, its namespace's quotas."""
        namespace = pod["metadata"]["namespace"]
        for kind, selects in (
            ("Service", services.selects),
            ("PodDisruptionBudget", services.covers),
        ):
            found = (each for each in self._store.current(kind, namespace) if selects(each, pod))
            self._due.update(map(key_of, found))
        self._due.update(key_of(each) for each in self._store.current("ResourceQuota", namespace))

    def _note(self, event: WatchEvent) -> None:
        before = event.previous
        if before and before["kind"] == "Pod" and self._follow_services:
            self._mark_selecting(before)
        self.mark(event.manifest)
        if event.type == "DELETED":
            self._moving.discard(key_of(event.manifest))

    def step(self, now: datetime) -> None:
        """Do all that can be done at the moment ``now``."""
        cluster = Cluster(self._store, now, self._health)
        for key in sorted(self._moving):
            pod = self._store.get(*key)
            if pod is not None:
                advance_pod(cluster, pod)
        for _ in range(_MAX_ROUNDS):
            if not self._due:
                break
            due, self._due = sorted(self._due), set()
            for key in due:
                manifest = self._store.get(*key)
                if manifest is not None:
                    self._reconcile(cluster, key, manifest)

    def _reconcile(self, cluster: Cluster, key: Key, manifest: Manifest) -> None:
        """Reconcile one object; one that its controller cannot read must not stop the others."""
        try:
            _RECONCILERS[key[0]](cluster, manifest)
        except (AttributeError, KeyError, TypeError, ValueError):
            _log.exception("could not reconcile %s %s/%s", *key)

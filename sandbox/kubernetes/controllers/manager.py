"""The controllers at work: driven by writes, by time, and by what the world does to pods."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from sandbox.kubernetes.clock import parse_time
from sandbox.kubernetes.controllers import kubelet
from sandbox.kubernetes.controllers.autoscalers import reconcile_autoscaler
from sandbox.kubernetes.controllers.cluster import EVENT_LIFETIME, Cluster, Manifest, is_terminating
from sandbox.kubernetes.controllers.deployments import is_rolling
from sandbox.kubernetes.controllers.jobs import make_job, run_if_due
from sandbox.kubernetes.controllers.nodes import sync_nodes
from sandbox.kubernetes.controllers.reconciler import Reconciler
from sandbox.kubernetes.controllers.reloader import Reloader
from sandbox.kubernetes.controllers.replicasets import is_short
from sandbox.kubernetes.controllers.rescaling import Rescaler
from sandbox.kubernetes.cron import CronError, parse_schedule
from sandbox.kubernetes.store import ObjectStore
from sandbox.world.ports import World

_TICK_SECONDS = 0.5
_SYNC_EVERY = timedelta(seconds=2)
_SCALED_EVERY = timedelta(seconds=15)
_MEASURED = timedelta(minutes=3)
_PAST_RUNS = 3
_PLAYED_EVERY = timedelta(seconds=1)
_RECONCILED_AT_START = (
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
    "Service",
    "PodDisruptionBudget",
    "ResourceQuota",
    "Pod",
)


class Controllers:
    """Everything in the cluster that acts by itself.

    ``advance`` is cheap when nothing is due, and safe to call as often as one likes.
    """

    def __init__(self, store: ObjectStore, world: World) -> None:
        self._store = store
        self._world = world
        self._reconciler = Reconciler(store, self._health)
        self._reconciler.listen()
        self._reloader = Reloader(store)
        self._synced_at: datetime | None = None
        self._scaled_at: datetime | None = None
        self._started = False
        self._rescaler = Rescaler(store.now())

    def advance(self, now: datetime) -> None:
        """Bring the cluster up to ``now``."""
        if not self._started:
            self._start(now)
        if self._synced_at is None or now - self._synced_at >= _SYNC_EVERY:
            self._synced_at = now
            self._sync(Cluster(self._store, now, self._health))
        self._reloader.act(Cluster(self._store, now))
        self._reconciler.step(now)
        if self._scaled_at is None or now - self._scaled_at >= _SCALED_EVERY:
            self._scaled_at = now
            self._sync_autoscalers(now)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Advance with the world's clock while the context lasts."""
        task = asyncio.create_task(self._run(), name="kubernetes-controllers")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            self.advance(self._world.now())
            await asyncio.sleep(_TICK_SECONDS)

    def _start(self, now: datetime) -> None:
        self._started = True
        with self._store.hub.silence():
            self._lay_down_runs(now)
            for kind in _RECONCILED_AT_START:
                for manifest in self._store.current(kind):
                    self._reconciler.mark(manifest)
            self._reconciler.step(now)

    def _lay_down_runs(self, now: datetime) -> None:
        """Make the Jobs that CronJobs loaded as history would have run last, in order of time."""
        cron_jobs = self._store.current("CronJob")
        runs = [(due, c) for c in cron_jobs for due in _past_runs(self._states(c), now)]
        runs.sort(key=lambda run: run[0])
        ends = [due for due, _ in runs[1:]] + [now]
        for (due, cron_job), until in zip(runs, ends, strict=False):
            metadata = cron_job["metadata"]
            then = self._store.at("CronJob", metadata["namespace"], metadata["name"], due)
            if then is not None and not then["spec"]["suspend"]:
                self._play(then, due, until)

    def _states(self, cron_job: Manifest) -> Sequence[tuple[datetime, Manifest | None]]:
        metadata = cron_job["metadata"]
        return self._store.changes("CronJob", metadata["namespace"], metadata["name"])

    def _play(self, cron_job: Manifest, due: datetime, until: datetime) -> None:
        """Start a Job at ``due`` and let what runs go on ``until`` the next one."""
        make_job(Cluster(self._store, due), cron_job, due)
        moment = due
        while self._reconciler.is_busy and moment < until:
            self._reconciler.step(moment)
            rest = (self._reconciler.rests_until() or moment) - moment
            moment += max(_PLAYED_EVERY, math.ceil(rest / _PLAYED_EVERY) * _PLAYED_EVERY)

    def _sync(self, cluster: Cluster) -> None:
        """What kubelets and schedules do every few seconds."""
        for cron_job in self._store.current("CronJob"):
            with suppress(CronError):
                run_if_due(cluster, cron_job)
        for pod in self._store.current("Pod"):
            if pod["status"].get("phase") == "Running" and not is_terminating(pod):
                kubelet.observe(cluster, pod)
        sync_nodes(cluster)
        for replica_set in self._store.current("ReplicaSet"):
            if is_short(replica_set):
                self._reconciler.mark(replica_set)
        for deployment in self._store.current("Deployment"):
            if is_rolling(deployment):
                self._reconciler.mark(deployment)
        self._sync_events(cluster)

    def _sync_autoscalers(self, now: datetime) -> None:
        cluster = Cluster(self._store, now)
        for hpa in self._store.current("HorizontalPodAutoscaler"):
            reconcile_autoscaler(cluster, hpa, self._cpu_cores, self._rescaler)

    def _cpu_cores(self, deployment: Manifest) -> float | None:
        """What a pod of the Deployment uses in the mean, as its metrics tell; None without any."""
        now, metadata = self._world.now(), deployment["metadata"]
        tags = {"kube_namespace": metadata["namespace"], "kube_deployment": metadata["name"]}
        found = self._world.series(
            "kubernetes.cpu.usage.total", tags, (), now - _MEASURED, now, 60, "avg"
        )
        return found[0][1][-1][1] / 1e9 if found and found[0][1] else None

    def _health(self, pod: Manifest, _: datetime) -> Mapping[str, Any]:
        return self._world.pod_status(pod)

    def _sync_events(self, cluster: Cluster) -> None:
        for event in self._world.kubernetes_events(None):
            metadata = event["metadata"]
            known = self._store.get("Event", metadata["namespace"], metadata["name"])
            if known is None:
                cluster.create(event)
            else:
                cluster.update(event)
        for event in self._store.current("Event"):
            seen = event.get("lastTimestamp") or event["metadata"]["creationTimestamp"]
            if cluster.now - parse_time(seen) > EVENT_LIFETIME:
                metadata = event["metadata"]
                self._store.delete("Event", metadata["namespace"], metadata["name"], cluster.now)


def _past_runs(states: Sequence[tuple[datetime, Manifest | None]], now: datetime) -> list[datetime]:
    """The last minutes that a CronJob was due in, newest first, each by what it was set to then."""
    moments: list[datetime] = []
    until = now
    for since, cron_job in reversed(states):
        spec = cron_job["spec"] if cron_job is not None else None
        schedule = parse_schedule(spec["schedule"], spec.get("timeZone")) if spec else None
        due = schedule.last_before(until) if schedule else None
        while schedule and due is not None and due >= since and len(moments) < _PAST_RUNS:
            moments.append(due)
            due = schedule.last_before(due - timedelta(minutes=1))
        until = since - timedelta(microseconds=1)
    return moments

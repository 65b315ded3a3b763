"""Lays the company's cluster down with its history, as of the sandbox's start."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sandbox.kubernetes.controllers import expand
from sandbox.kubernetes.controllers.jobs import job_of
from sandbox.kubernetes.controllers.pods import DURATION_ANNOTATION
from sandbox.kubernetes.ownership import Manager, record_update
from sandbox.kubernetes.store import ObjectStore
from sandbox.world.company import past_rollouts
from sandbox.world.manifests.common import Place, cron_places, places
from sandbox.world.manifests.surroundings import namespaces, nodes, surroundings
from sandbox.world.manifests.workloads import cron_job, workload
from sandbox.world.past import Past
from sandbox.world.ports import Company, Manifest
from sandbox.world.scenario import Rollout, Scenario
from sandbox.world.schedules import cron_expression, latest_run, run_name

_CLUSTER_AGE = timedelta(days=90)
_WRITERS = {"Node": "kubelet", "HorizontalPodAutoscaler": "argocd"}
_WORKLOAD_AGE = timedelta(days=60)


def lay_down(
    store: ObjectStore, company: Company, scenario: Scenario, started_at: datetime
) -> None:
    """Load every object, with one revision for each rollout before ``started_at``."""
    past = Past.of(store, scenario, started_at)
    for manifest in (*namespaces(), *nodes()):
        made_at = started_at - _CLUSTER_AGE
        store.load(_written(manifest, made_at), made_at)
    rollouts = [*past_rollouts(), *scenario.rollouts]
    for place in places(company):
        for manifest in surroundings(place):
            made_at = started_at - _WORKLOAD_AGE
            store.load(_written(manifest, made_at), made_at)
        own = [r for r in rollouts if (r.service, "production") == (place.name, place.namespace)]
        _roll_out(past, place, sorted(own, key=lambda r: r.ago, reverse=True))
    for place in cron_places(company):
        _schedule(store, place, scenario, started_at)
    past.play({p.name: p for p in places(company) if p.namespace == "production"})


def _written(manifest: Manifest, when: datetime) -> Manifest:
    """As an API server keeps it whose status moves all the time: with who wrote its spec, and when."""
    by = _WRITERS.get(manifest["kind"])
    if by is not None:
        spec = {k: v for k, v in manifest.items() if k != "status"}
        record_update(None, spec, Manager(by), when)
        manifest["metadata"] = spec["metadata"]
    return manifest


def _roll_out(past: Past, place: Place, rollouts: Sequence[Rollout]) -> None:
    """The workload's revisions, oldest first."""
    first = rollouts[0].before if rollouts else None
    expand(past.store, workload(place, first), past.started_at - _WORKLOAD_AGE)
    for rollout in rollouts:
        if not past.is_late(rollout):
            past.roll_out(place, rollout)


def _schedule(store: ObjectStore, place: Place, scenario: Scenario, started_at: datetime) -> None:
    """The CronJob, and its latest run when the scenario tells how long that lasts.

    The cluster's controllers lay down the ordinary runs before.
    """
    run = latest_run(place.facts["local_time"], scenario.hour, started_at)
    ordinary = timedelta(minutes=place.facts["minutes"])
    store.load(cron_job(place, cron_expression(run), ordinary), started_at - _WORKLOAD_AGE)
    stored = store.get("CronJob", place.namespace, place.name)
    for told in scenario.cron_runs:
        if stored is not None and told.name == place.name:
            job = job_of(stored, run_name(place.name, run), run)
            annotations = job["spec"]["template"]["metadata"]["annotations"]
            annotations[DURATION_ANNOTATION] = str(int(told.lasts.total_seconds()))
            expand(store, job, run)

"""The company's job runner: a running Job ends when its CronJob is suspended, if it says so."""

from __future__ import annotations

import copy

from sandbox.kubernetes.controllers.jobs import is_finished
from sandbox.kubernetes.store import ObjectStore
from sandbox.world.manifests.workloads import STOPS_WHEN_SUSPENDED


def stop_suspended_runs(store: ObjectStore) -> None:
    """Suspend the unfinished Jobs of suspended CronJobs; the Job controller then stops their pods."""
    for cron_job in store.current("CronJob"):
        metadata = cron_job["metadata"]
        stops = (metadata.get("annotations") or {}).get(STOPS_WHEN_SUSPENDED) == "true"
        if not stops or not cron_job["spec"].get("suspend"):
            continue
        for job in store.owned_by(metadata["uid"], "Job", metadata["namespace"]):
            if not is_finished(job) and not job["spec"].get("suspend"):
                suspended = copy.deepcopy(job)
                suspended["spec"]["suspend"] = True
                store.update(suspended)

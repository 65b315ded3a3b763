"""Jobs and the CronJobs that make them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sandbox.kubernetes.clock import format_time, parse_time
from sandbox.kubernetes.cloning import clone
from sandbox.kubernetes.controllers.cluster import (
    Cluster,
    Manifest,
    is_terminating,
    owner_reference,
    safe_hash,
)
from sandbox.kubernetes.controllers.conditions import condition
from sandbox.kubernetes.controllers.garbage import remove
from sandbox.kubernetes.controllers.pods import FINISHED, is_ready, make_pod, stop_pod
from sandbox.kubernetes.cron import parse_schedule

_TELL_WITHIN = timedelta(seconds=10)
"""How long after the due minute a run that is not started is told of."""
_FORBIDDEN = "Not starting job because prior execution is running and concurrency policy is Forbid"
_JOB_NAME_LABELS = ("batch.kubernetes.io/job-name", "job-name")


def is_finished(job: Manifest) -> bool:
    """Whether the Job is complete or has failed."""
    return has_condition(job, "Complete") or has_condition(job, "Failed")


def has_condition(job: Manifest, kind: str) -> bool:
    """Whether the condition holds."""
    conditions = (job.get("status") or {}).get("conditions") or ()
    return any(c["type"] == kind and c["status"] == "True" for c in conditions)


def reconcile_job(cluster: Cluster, job: Manifest) -> None:
    """Run the Job's pods, or stop them while it is suspended."""
    if is_finished(job):
        return
    pods = cluster.owned(job, "Pod")
    running = [
        p for p in pods if not is_terminating(p) and p["status"].get("phase") not in FINISHED
    ]
    succeeded = sum(p["status"].get("phase") == "Succeeded" for p in pods)
    if job["spec"]["suspend"]:
        for pod in running:
            stop_pod(cluster, pod)
        running = []
    else:
        wanted = min(job["spec"]["parallelism"], job["spec"]["completions"] - succeeded)
        for number in range(wanted - len(running)):
            running.append(_make(cluster, job, number))
    _report_job(cluster, job, running, succeeded)


def _make(cluster: Cluster, job: Manifest, number: int) -> Manifest:
    metadata = job["metadata"]
    suffix = safe_hash(f"{metadata['uid']}/{cluster.now.isoformat()}/{number}", 5)
    labels = dict.fromkeys(_JOB_NAME_LABELS, metadata["name"])
    labels["batch.kubernetes.io/controller-uid"] = metadata["uid"]
    name = f"{metadata['name']}-{suffix}"
    return make_pod(cluster, job, job["spec"]["template"], name, labels)


def _report_job(cluster: Cluster, job: Manifest, running: list[Manifest], succeeded: int) -> None:
    before = job.get("status") or {}
    suspended = job["spec"]["suspend"]
    conditions: list[dict[str, Any]] = []
    status: dict[str, Any] = {
        "active": len(running) or None,
        "ready": sum(map(is_ready, running)),
        "succeeded": succeeded or None,
        "startTime": before.get("startTime") or (None if suspended else format_time(cluster.now)),
        "uncountedTerminatedPods": {},
    }
    if suspended:
        told = ("JobSuspended", "Job suspended")
        conditions.append(
            condition(before.get("conditions"), "Suspended", True, cluster.now, *told)
        )
        status["startTime"] = None
    if succeeded >= job["spec"]["completions"]:
        told = ("CompletionsReached", "Reached expected number of succeeded pods")
        conditions.append(condition(None, "Complete", True, cluster.now, *told))
        status["completionTime"] = format_time(cluster.now)
        cluster.event(job, "Completed", "Job completed", "job-controller")
    cluster.set_status(job, status | {"conditions": conditions})


# --- CronJobs ----------------------------------------------------------------------------------


def run_if_due(cluster: Cluster, cron_job: Manifest) -> None:
    """Create the Job of the latest due minute, unless it ran, is too old, or is suspended."""
    spec = cron_job["spec"]
    due = parse_schedule(spec["schedule"], spec.get("timeZone")).last_before(cluster.now)
    if spec["suspend"] or due is None or is_terminating(cron_job):
        return
    status = cron_job.get("status") or {}
    since = status.get("lastScheduleTime") or cron_job["metadata"]["creationTimestamp"]
    if due <= parse_time(since):
        return
    running = [j for j in cluster.owned(cron_job, "Job") if not is_finished(j)]
    if running and spec["concurrencyPolicy"] == "Forbid":
        if cluster.now - due < _TELL_WITHIN:
            cluster.event(cron_job, "JobAlreadyActive", _FORBIDDEN, "cronjob-controller")
        return
    if spec["concurrencyPolicy"] == "Replace":
        for job in running:
            remove(cluster.store, job, cluster.now)
    make_job(cluster, cron_job, due)


def make_job(cluster: Cluster, cron_job: Manifest, due: datetime) -> None:
    """Create the Job of the scheduled minute ``due``, if it was not laid down before.

    ``cron_job`` may be a past state; the schedule time is noted on the present one.
    """
    namespace, owner = cron_job["metadata"]["namespace"], cron_job["metadata"]["name"]
    name = f"{owner}-{int(due.timestamp()) // 60}"
    if cluster.store.get("Job", namespace, name) is None:
        cluster.create(job_of(cron_job, name, due))
        cluster.event(cron_job, "SuccessfulCreate", f"Created job {name}", "cronjob-controller")
    present = cluster.store.get("CronJob", namespace, owner)
    if present is not None:
        status = dict(present.get("status") or {})
        cluster.set_status(present, status | {"lastScheduleTime": format_time(due)})


def job_of(cron_job: Manifest, name: str, due: datetime) -> Manifest:
    """The Job of a stored CronJob for the scheduled minute ``due``."""
    template = clone(cron_job["spec"]["jobTemplate"])
    metadata = template.get("metadata") or {}
    stamp = {"batch.kubernetes.io/cronjob-scheduled-timestamp": format_time(due)}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": cron_job["metadata"]["namespace"],
            "labels": metadata.get("labels") or {},
            "annotations": (metadata.get("annotations") or {}) | stamp,
            "ownerReferences": [owner_reference(cron_job)],
        },
        "spec": template["spec"],
    }


def reconcile_cron_job(cluster: Cluster, cron_job: Manifest) -> None:
    """List the active Jobs, and delete finished ones beyond the history limits."""
    jobs = cluster.owned(cron_job, "Job")
    complete = [job for job in jobs if has_condition(job, "Complete")]
    failed = [job for job in jobs if has_condition(job, "Failed")]
    spec = cron_job["spec"]
    _trim(cluster, complete, spec["successfulJobsHistoryLimit"])
    _trim(cluster, failed, spec["failedJobsHistoryLimit"])
    status = dict(cron_job.get("status") or {})
    status["active"] = [
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "name": job["metadata"]["name"],
            "namespace": job["metadata"]["namespace"],
            "uid": job["metadata"]["uid"],
        }
        for job in jobs
        if not is_finished(job)
    ]
    if complete:
        status["lastSuccessfulTime"] = complete[-1]["status"]["completionTime"]
    cluster.set_status(cron_job, status)


def _trim(cluster: Cluster, jobs: list[Manifest], limit: int) -> None:
    for job in jobs[: max(0, len(jobs) - limit)]:
        remove(cluster.store, job, cluster.now)

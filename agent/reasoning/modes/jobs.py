"""Jobs that compete: a CronJob that runs now against the same data store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from agent.model import Change, ChangeKind, Check, Claim, Entity
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, WEAK, Mode, Sign
from agent.reasoning.modes.target import JOB, Target
from agent.reasoning.modes.view import Metric, View, time_of
from agent.reasoning.modes.wording import clock

_NEAR = timedelta(minutes=25)
"""A symptom within this time after a job's start is taken to have begun with it."""
_EARLY, _EARLY_IF_GRADUAL = timedelta(minutes=6), timedelta(minutes=20)
"""How much before the job's start a change may be dated and still be its work: onsets of ramps are estimates."""


class RunningJob(NamedTuple):
    """A CronJob with a run under way."""

    name: str
    run: str
    started_at: datetime
    targets: tuple[str, ...]
    step: int
    namespace: str


def running_jobs(view: View) -> tuple[RunningJob, ...]:
    """The CronJobs that run now, unless suspended."""
    found = view.answer("kubernetes_jobs")
    if found is None:
        return ()
    return tuple(
        RunningJob(
            name=str(job["name"]),
            run=str(active["name"]),
            started_at=started,
            targets=tuple(str(t).split(".")[0] for t in job.get("targets") or []),
            step=found.step,
            namespace=view.namespace,
        )
        for job in found.data.get("cron_jobs") or []
        for active in (job.get("active") or [])[:1]
        if not job.get("suspended") and (started := time_of(active.get("started_at")))
    )


def competing_jobs(store: Target, view: View) -> tuple[RunningJob, ...]:
    """The running jobs that work against a data store."""
    return tuple(j for j in running_jobs(view) if store.name in j.targets)


def suspend(job: RunningJob, view: View, why: tuple[Claim, ...] = ()) -> Change:
    """Suspend a CronJob."""
    return Change(
        kind=ChangeKind.SUSPEND_JOB,
        target=Entity(
            name=job.name, kind="cronjob", namespace=job.namespace, environment=view.environment
        ),
        provenance={"target": f"step:{job.step}"},
        why=why,
    )


def _this(target: Target, view: View) -> RunningJob | None:
    return next((j for j in running_jobs(view) if j.name == target.name), None)


def _checks(target: Target, view: View) -> Iterator[Check]:
    yield target.ask("kubernetes_workload", "what the job does", name=target.name)
    job = _this(target, view)
    for store in job.targets if job else ():
        where = view.target(store)
        query = f'service:{store} env:{where.environment} "{target.name}"'
        yield Check(
            tool="datadog_logs",
            arguments={"query": query, "minutes": 180},
            reason=f"whether {store} complains of {target.name}",
        )
        yield where.metric("kubernetes.cpu.usage.total", f"whether {store} works harder")
        if where.flavour == "cache":
            yield where.metric("redis.mem.fragmentation_ratio", f"whether {store} forks and copies")
        elif where.flavour == "database":
            yield where.metric("postgresql.queries.time", f"whether queries on {store} are slow")
            yield where.metric("postgresql.connections", f"who holds connections to {store}")


def _signs(target: Target, view: View) -> Iterator[Sign]:
    job = _this(target, view)
    if job is None:
        found = view.answer("kubernetes_jobs")
        if found is not None:
            yield Sign(found.step, f"{target.name} does not run now", -DECISIVE)
        return
    near = {view.subject.name} | {d.name for d in view.dependencies(view.subject.name)}
    shared = [t for t in job.targets if t in near]
    if not shared:
        yield Sign(job.step, f"{job.name} does not touch what {view.subject.name} needs", -DECISIVE)
        return
    text = f"{job.name} runs against {shared[0]} since {clock(job.started_at)}"
    yield Sign(job.step, text, FAIR)
    store = view.target(shared[0])
    yield from _onset(job, store, view)
    yield from _named_in_logs(job, store, view)


def _onset(job: RunningJob, store: Target, view: View) -> Iterator[Sign]:
    """Whether something of the store changed about when the job started; of several changes the closest counts."""
    changes = list(_changes(store, view))
    if not changes:
        return
    words, metric, at = min(changes, key=lambda c: abs(c[2] - job.started_at))
    early = _EARLY_IF_GRADUAL if metric.gradual else _EARLY
    started = f"{job.name} started at {clock(job.started_at)}"
    if at < job.started_at - early:
        text = f"{words} changed at {clock(at)}, before {started}"
        yield Sign(metric.step, text, -STRONG, also=(job.step,))
    elif at <= job.started_at + _NEAR:
        text = f"{words} began to change about {clock(at)}; {started}"
        yield Sign(metric.step, text, STRONG, also=(job.step,))
    else:
        text = f"{words} changed at {clock(at)}, while {job.name} ran since {clock(job.started_at)}"
        yield Sign(metric.step, text, WEAK, also=(job.step,))


def _named_in_logs(job: RunningJob, store: Target, view: View) -> Iterator[Sign]:
    """Whether the store itself, or who uses it, complains of the job by its name."""
    for found in view.answers("datadog_logs"):
        for template in found.data.get("templates") or []:
            example = str(template.get("example"))
            if template.get("service") == store.name and job.name in example:
                quoted = " ".join(example.replace('"', "'").split())[:180]
                yield Sign(found.step, f'{store.name} logs: "{quoted}"', FAIR)
                return


def _changes(store: Target, view: View) -> Iterator[tuple[str, Metric, datetime]]:
    for name, words in (
        ("redis.mem.fragmentation_ratio", "memory fragmentation"),
        ("redis.info.latency_ms", "command latency"),
        ("redis.mem.used", "memory use"),
        ("postgresql.queries.time", "query time"),
        ("postgresql.connections", "the number of connections"),
    ):
        metric = view.metric(name, store)
        if metric and metric.onset and metric.rise >= 1.1:
            yield f"{words} of {store.name}", metric, metric.onset


def _fixes(target: Target, view: View) -> Iterator[Change]:
    if (job := _this(target, view)) is not None:
        yield suspend(job, view)


NOISY_NEIGHBOUR = Mode(
    id="noisy_neighbour_job",
    short="a competing job",
    statement="{name} competes for the same resources",
    prior=-1.8,
    flavours=frozenset({JOB}),
    checks=_checks,
    signs=_signs,
    fixes=_fixes,
    refines=frozenset(
        {
            "cache_memory_pressure",
            "connection_pool_exhaustion",
            "slow_query",
            "lock_contention",
            "replication_lag",
            "dependency_latency_or_errors",
        }
    ),
)
MODES = (NOISY_NEIGHBOUR,)

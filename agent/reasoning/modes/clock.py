"""Time itself: a job that runs at another hour than it was meant to, since its schedule or time zone was changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from agent.model import Change, Check, Json
from agent.reasoning.modes.jobs import RunningJob, running_jobs, suspend
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, WEAK, Mode, Sign
from agent.reasoning.modes.target import JOB, Target
from agent.reasoning.modes.view import View, time_of
from agent.reasoning.modes.wording import clock

_HOURS = 96
"""How far back earlier runs are looked for; clusters keep the last three."""
_SAME_HOUR = timedelta(minutes=75)
"""Runs of one schedule differ less than this in their time of day, a change of summer time included."""
_DAY = timedelta(days=1)
_SOON = timedelta(minutes=45)
_FEW = 2
_FIELDS = ("spec.timeZone", "spec.schedule")


def _this(target: Target, view: View) -> RunningJob | None:
    return next((j for j in running_jobs(view) if j.name == target.name), None)


def _cron(target: Target, view: View) -> tuple[int, Json] | None:
    for found in view.answers("kubernetes_jobs"):
        for cron in found.data.get("cron_jobs") or []:
            if cron.get("name") == target.name:
                return found.step, cron
    return None


def rescheduled(target: Target, view: View) -> tuple[int, Json] | None:
    """The step and the change that set a CronJob's schedule or time zone anew, the latest one."""
    found = view.answer("kubernetes_changes")
    for change in (found.data.get("changes") or []) if found else []:
        mine = change.get("kind") == "CronJob" and change.get("name") == target.name
        if mine and any(f in str(change.get("what")) for f in _FIELDS):
            assert found is not None
            return found.step, change
    return None


def _arises(target: Target, view: View) -> bool:
    """When it runs now, and was rescheduled of late or at an hour at which it did not run before."""
    job = _this(target, view)
    return job is not None and (
        rescheduled(target, view) is not None or bool(_elsewhen(job, target, view))
    )


def _earlier(job: RunningJob, target: Target, view: View) -> tuple[int, list[datetime]]:
    """The step that tells of most runs before the present one, and when those began."""
    best: tuple[int, list[datetime]] = (0, [])
    for found in view.answers("kubernetes_jobs"):
        runs = [j for j in found.data.get("jobs") or [] if j.get("owner") == target.name]
        began = [at for j in runs if (at := time_of(j.get("started_at"))) and at < job.started_at]
        if len(began) > len(best[1]):
            best = (found.step, sorted(began, reverse=True))
    return best


def _elsewhen(job: RunningJob, target: Target, view: View) -> list[datetime]:
    """The earlier runs, when all of them were at another time of day than the present one."""
    _, began = _earlier(job, target, view)
    return began if began and all(_apart(at, job.started_at) > _SAME_HOUR for at in began) else []


def _apart(one: datetime, other: datetime) -> timedelta:
    """How far two times of day lie apart, the shorter way round."""
    rest = (other - one) % _DAY
    return min(rest, _DAY - rest)


def _checks(target: Target, view: View) -> Iterator[Check]:
    yield target.ask("kubernetes_jobs", "at which hours it ran before", hours=_HOURS)
    if view.answer("kubernetes_changes") is None:
        yield target.ask("kubernetes_changes", "whether its schedule was changed")


def _signs(target: Target, view: View) -> Iterator[Sign]:
    job, cron = _this(target, view), _cron(target, view)
    if job is None or cron is None:
        return
    shared = _shared(job, view)
    if not shared:
        text = f"{job.name} does not touch what {view.subject.name} needs"
        yield Sign(job.step, text, -DECISIVE)
        return
    text = f"{job.name} runs against {shared} since {clock(job.started_at)}"
    yield Sign(job.step, text, FAIR)
    yield from _hours(job, target, view)
    changed = rescheduled(target, view)
    if changed is not None:
        yield from _set_anew(changed, cron, target)
    metric = view.symptom
    if metric is not None and metric.onset is not None:
        late = metric.onset - job.started_at
        if -_SOON / 3 <= late <= _SOON:
            text = f"what alerted began at {clock(metric.onset)}; {job.name} started at {clock(job.started_at)}"
            yield Sign(metric.step, text, STRONG, also=(job.step,))


def _shared(job: RunningJob, view: View) -> str:
    near = {view.subject.name} | {d.name for d in view.dependencies(view.subject.name)}
    return next((t for t in job.targets if t in near), "")


def _hours(job: RunningJob, target: Target, view: View) -> Iterator[Sign]:
    step, began = _earlier(job, target, view)
    if not began:
        return
    if not _elsewhen(job, target, view):
        text = (
            f"{job.name} ran at this hour before: it started at {clock(began[0])} the time before"
        )
        yield Sign(step, text, -DECISIVE, also=(job.step,))
        return
    times = " and ".join(dict.fromkeys(clock(at) for at in began[:_FEW]))
    text = (
        f"{job.name} started at {clock(job.started_at)} this time, at {times} UTC the times before"
    )
    yield Sign(step, text, STRONG, also=(job.step,))


def _set_anew(changed: tuple[int, Json], cron: tuple[int, Json], target: Target) -> Iterator[Sign]:
    step, change = changed
    cron_step, facts = cron
    what = ", ".join(f for f in _FIELDS if f in str(change.get("what")))
    at = time_of(change.get("at"))
    when = f" at {clock(at)}" if at else ""
    text = f"{change.get('by') or 'somebody'} changed {what} of CronJob {target.name}{when}"
    yield Sign(step, text, DECISIVE)
    zone = f" in time zone {facts['time_zone']}" if facts.get("time_zone") else ""
    text = f'{target.name} is scheduled for "{facts.get("schedule")}"{zone}'
    yield Sign(cron_step, text, WEAK)


def _fixes(target: Target, view: View) -> Iterator[Change]:
    if (job := _this(target, view)) is not None:
        yield suspend(job, view)


def _advice(target: Target, view: View) -> Iterator[str]:
    cron = _cron(target, view)
    if cron is None:
        return
    facts = cron[1]
    zone = facts.get("time_zone") or "none: the clock of the cluster's controller"
    text = f'Put schedule and timeZone of CronJob {target.name} right: "{facts.get("schedule")}", time zone {zone}'
    job = _this(target, view)
    earlier = _elsewhen(job, target, view) if job else []
    yield text + (f"; it ran at {clock(earlier[0])} UTC before" if earlier else "")


MISPLACED_JOB = Mode(
    id="misplaced_job_time",
    short="a job at the wrong hour",
    words=frozenset({"time zone", "timezone", "schedule"}),
    statement="{name} runs at another hour than it was meant to",
    prior=-1.8,
    flavours=frozenset({JOB}),
    arises=_arises,
    refines=frozenset(
        {
            "cache_memory_pressure",
            "connection_pool_exhaustion",
            "slow_query_or_lock_contention",
            "slow_query",
            "lock_contention",
            "replication_lag",
            "dependency_latency_or_errors",
        }
    ),
    checks=_checks,
    signs=_signs,
    fixes=_fixes,
    advice=_advice,
)
MODES = (MISPLACED_JOB,)

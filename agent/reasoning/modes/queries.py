"""Queries that are slow by themselves: a plan that changed, an index that is missing, statistics that are stale."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from agent.model import Change, Check
from agent.reasoning.modes.jobs import RunningJob, competing_jobs, suspend
from agent.reasoning.modes.lines import lines_check, spoken
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, WEAK, Mode, Role, Sign
from agent.reasoning.modes.target import DATABASE, Target
from agent.reasoning.modes.view import Metric, View
from agent.reasoning.modes.wording import clock, count, plain, share, times

_EARLY, _LATE = timedelta(minutes=20), timedelta(minutes=25)
"""How much before and after a job's start a change of its database may be dated to be its work."""
_SCANS_RISEN = 5.0
_WAITING = 3.0
"""Queries that wait for a lock at the same time, from which on it is no coincidence."""


def queries_wait(target: Target, view: View) -> Metric | None:
    """How many queries wait for a lock, if that is more than ever happens by the way."""
    waiting = view.metric("postgresql.waiting_queries", target)
    if waiting is None or waiting.last < max(_WAITING, 3.0 * waiting.baseline):
        return None
    return waiting


def database_lines(target: Target) -> Check:
    """The one search of a database's logs that all its failure modes share."""
    return lines_check(
        target,
        "(duration OR lock OR waiting OR deadlock OR recovery OR space OR slot)",
        "what it complains of",
    )


def jobs_behind(target: Target, view: View, trouble: Metric | None) -> Iterator[RunningJob]:
    """The running jobs that trouble of a database came with: they began right before it, or it names them in its logs."""
    for job in competing_jobs(target, view):
        began = trouble.onset if trouble is not None else None
        came_with = began is not None and job.started_at - _EARLY <= began <= job.started_at + _LATE
        if came_with or next(spoken(target.name, view, (job.name,)), None) is not None:
            yield job


def query_checks(target: Target, view: View) -> Iterator[Check]:
    """Whether queries take longer, whether they wait, and what the database says of it."""
    yield target.metric("postgresql.queries.time", "whether queries take longer")
    yield target.metric("postgresql.waiting_queries", "whether queries wait for locks")
    yield database_lines(target)


def _checks(target: Target, view: View) -> Iterator[Check]:
    yield from query_checks(target, view)
    yield target.metric("postgresql.seq_scans", "whether whole tables are read")
    yield target.metric("postgresql.connections", "how many connections are open")
    yield target.metric("postgresql.max_connections", "how many connections there may be")
    yield target.metric("kubernetes.cpu.usage.total", "whether it works harder")


def query_time(target: Target, view: View) -> Iterator[Sign]:
    """Whether queries take longer than they did."""
    slow = view.metric("postgresql.queries.time", target)
    if slow is not None and slow.risen:
        since = f" since {clock(slow.onset)}" if slow.onset else ""
        text = (
            f"queries on {target.name} take {plain(slow.last)} ms, {times(slow.rise)}"
            f" the baseline of {plain(slow.baseline)} ms{since}"
        )
        yield Sign(slow.step, text, STRONG, onset=slow.onset)
    elif slow is not None and slow.rise < 1.2:
        text = f"query time on {target.name} is normal ({plain(slow.last)} ms)"
        yield Sign(slow.step, text, -STRONG)


def _signs(target: Target, view: View) -> Iterator[Sign]:
    yield from query_time(target, view)
    yield from _scans(target, view)
    yield from _waits(target, view)
    yield from _connections(target, view)
    for line in spoken(target.name, view, ("duration:", "slow query")):
        yield Sign(line.step, f'{target.name} logs: "{line.quoted}"', FAIR)
        return


def _scans(target: Target, view: View) -> Iterator[Sign]:
    scans = view.metric("postgresql.seq_scans", target)
    if scans is None:
        return
    if scans.risen and scans.rise >= _SCANS_RISEN:
        since = f" since {clock(scans.onset)}" if scans.onset else ""
        text = (
            f"{target.name} reads whole tables {plain(scans.last)} times a second,"
            f" {times(scans.rise)} the baseline of {plain(scans.baseline)}{since}"
        )
        yield Sign(scans.step, text, DECISIVE, onset=scans.onset)
    elif scans.rise < 1.5:
        yield Sign(scans.step, f"{target.name} reads whole tables no more often than before", 0.0)


def _waits(target: Target, view: View) -> Iterator[Sign]:
    if (waiting := queries_wait(target, view)) is not None:
        text = f"{count(waiting.last)} queries on {target.name} do not work, they wait for a lock"
        yield Sign(waiting.step, text, -DECISIVE)
        return
    found = view.metric("postgresql.waiting_queries", target)
    slow = view.metric("postgresql.queries.time", target)
    if found is not None and slow is not None and slow.risen:
        text = f"hardly a query on {target.name} waits for a lock ({plain(found.last)})"
        yield Sign(found.step, text, WEAK)


def _connections(target: Target, view: View) -> Iterator[Sign]:
    used = view.metric("postgresql.connections", target)
    limit = view.metric("postgresql.max_connections", target)
    if used and limit and limit.last > 0:
        text = (
            f"{target.name} has {count(used.last)} of {count(limit.last)} connections open"
            f" ({share(used.last / limit.last)})"
        )
        weight = WEAK if used.last > 0.85 * limit.last else 0.0
        yield Sign(used.step, text, weight, Role.EFFECT, (limit.step,))


def _fixes(target: Target, view: View) -> Iterator[Change]:
    slow = view.metric("postgresql.queries.time", target)
    for job in jobs_behind(target, view, slow):
        yield suspend(job, view)


def _advice(target: Target, view: View) -> Iterator[str]:
    if any(s.weight > 0 for s in _scans(target, view)):
        yield (
            f"EXPLAIN the slow statements of {target.name}: an index is missing or no longer used;"
            " ANALYZE the table, or create the index CONCURRENTLY"
        )


SLOW_QUERY = Mode(
    id="slow_query",
    short="slow queries",
    words=frozenset({"query", "queries", "index"}),
    below=True,
    statement="slow queries in {name}",
    prior=-2.2,
    flavours=frozenset({DATABASE}),
    checks=_checks,
    signs=_signs,
    fixes=_fixes,
    advice=_advice,
    refines=frozenset({"connection_pool_exhaustion", "dependency_latency_or_errors"}),
)
MODES = (SLOW_QUERY,)

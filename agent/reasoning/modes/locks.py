"""Queries that wait for each other: a lock that somebody holds and does not give back."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.model import Change, Check
from agent.reasoning.modes.jobs import suspend
from agent.reasoning.modes.lines import spoken
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, Mode, Sign
from agent.reasoning.modes.queries import jobs_behind, queries_wait, query_checks, query_time
from agent.reasoning.modes.target import DATABASE, Target
from agent.reasoning.modes.view import View
from agent.reasoning.modes.wording import clock, count, plain, times

_WAITS = ("still waiting for",)
_HOLDS = ("process holding the lock", "processes holding the lock")
_DEADLOCK = ("deadlock detected",)
_HOLDER = re.compile(r"holding the locks?: (\d+)")
_LONG_SECONDS, _LONG_RISE = 120.0, 10.0
"""A transaction that has been open for so long, and so much longer than others were, is left behind."""


def _arises(target: Target, view: View) -> bool:
    """Whether queries are slow or wait: it comes into question beside slow queries only then."""
    slow = view.metric("postgresql.queries.time", target)
    is_slow = slow is not None and slow.risen
    return is_slow or queries_wait(target, view) is not None or _waits_told(target, view)


def _waits_told(target: Target, view: View) -> bool:
    return next(spoken(target.name, view, (*_WAITS, *_HOLDS, *_DEADLOCK)), None) is not None


def _checks(target: Target, view: View) -> Iterator[Check]:
    yield from query_checks(target, view)
    yield target.metric("postgresql.locks", "how many locks are held")
    yield target.metric(
        "postgresql.transactions.duration.max", "how long a transaction stays open", by="max"
    )
    yield target.metric(
        "postgresql.transactions.idle_in_transaction", "whether sessions sit on their locks"
    )


def _signs(target: Target, view: View) -> Iterator[Sign]:
    yield from query_time(target, view)
    yield from _waiting(target, view)
    yield from _held(target, view)
    yield from _left_open(target, view)
    waits = next(spoken(target.name, view, _WAITS), None)
    holds = next(spoken(target.name, view, _HOLDS), None)
    if waits is not None:
        yield Sign(waits.step, f'{target.name} logs: "{waits.quoted}"', STRONG)
    if holds is not None:
        yield Sign(holds.step, f'{target.name} logs: "{holds.quoted}"', FAIR)
    elif (
        waits is None and (deadlock := next(spoken(target.name, view, _DEADLOCK), None)) is not None
    ):
        yield Sign(deadlock.step, f'{target.name} logs: "{deadlock.quoted}"', FAIR)


def _waiting(target: Target, view: View) -> Iterator[Sign]:
    found, waiting = (
        view.metric("postgresql.waiting_queries", target),
        queries_wait(target, view),
    )
    if waiting is not None:
        since = f" since {clock(waiting.onset)}" if waiting.onset else ""
        text = (
            f"{count(waiting.last)} queries on {target.name} wait for a lock,"
            f" baseline {count(waiting.baseline)}{since}"
        )
        yield Sign(waiting.step, text, DECISIVE, onset=waiting.onset)
    elif found is not None:
        text = f"no more queries on {target.name} wait for a lock than ever ({plain(found.last)})"
        yield Sign(found.step, text, -DECISIVE)


def _held(target: Target, view: View) -> Iterator[Sign]:
    locks = view.metric("postgresql.locks", target)
    if locks is not None and locks.risen:
        text = (
            f"{count(locks.last)} locks are held on {target.name}, baseline {count(locks.baseline)}"
        )
        yield Sign(locks.step, text, FAIR, onset=locks.onset)


def _left_open(target: Target, view: View) -> Iterator[Sign]:
    longest = view.metric("postgresql.transactions.duration.max", target)
    if longest is None or longest.last < max(_LONG_SECONDS, _LONG_RISE * longest.baseline):
        return
    text = (
        f"a transaction on {target.name} has been open for {count(longest.last)} s,"
        f" {times(longest.rise)} the longest of ordinary times"
    )
    yield Sign(longest.step, text, STRONG, onset=longest.onset)
    idle = view.metric("postgresql.transactions.idle_in_transaction", target)
    if idle is not None and idle.last > idle.baseline:
        text = f"{count(idle.last)} sessions on {target.name} are idle in a transaction, baseline {count(idle.baseline)}"
        yield Sign(idle.step, text, FAIR)


def _fixes(target: Target, view: View) -> Iterator[Change]:
    if queries_wait(target, view) is None:
        return
    for job in jobs_behind(target, view, view.metric("postgresql.waiting_queries", target)):
        yield suspend(job, view)


def _advice(target: Target, view: View) -> Iterator[str]:
    holder = next(
        (m[1] for line in spoken(target.name, view, _HOLDS) if (m := _HOLDER.search(line.example))),
        "",
    )
    if holder:
        yield (
            f"End the session of process {holder} on {target.name}, which holds the lock, once its owner agrees:"
            f" SELECT pg_terminate_backend({holder})"
        )
    else:
        yield (
            f"Find who holds the lock on {target.name} (pg_locks with pg_blocking_pids) and end that session"
            " with pg_terminate_backend"
        )
    yield (
        f"Let nobody hold up {target.name} again: set lock_timeout for migrations and"
        " idle_in_transaction_session_timeout"
    )


LOCK_CONTENTION = Mode(
    id="lock_contention",
    short="queries that wait for locks",
    words=frozenset({"lock", "locks", "deadlock"}),
    below=True,
    statement="queries that wait for a lock in {name}",
    prior=-2.4,
    flavours=frozenset({DATABASE}),
    arises=_arises,
    checks=_checks,
    signs=_signs,
    fixes=_fixes,
    advice=_advice,
    refines=frozenset({"connection_pool_exhaustion", "dependency_latency_or_errors", "slow_query"}),
)
MODES = (LOCK_CONTENTION,)

"""Standbys that fall behind their primary: a query that holds up the replay, or more writes than they can follow."""

from __future__ import annotations

from collections.abc import Iterator

from agent.model import Change, Check
from agent.reasoning.modes.jobs import suspend
from agent.reasoning.modes.lines import spoken
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, WEAK, Mode, Role, Sign
from agent.reasoning.modes.queries import database_lines, jobs_behind
from agent.reasoning.modes.target import DATABASE, Target
from agent.reasoning.modes.view import Metric, View
from agent.reasoning.modes.wording import clock, count, plain

_BEHIND_SECONDS, _BEHIND_RISE = 30.0, 5.0
_HELD_UP = ("recovery conflict", "recovery still waiting", "conflict with recovery")
_STALE = ("replica", "standby", "stale")


def _delay(target: Target, view: View) -> Metric | None:
    return view.metric("postgresql.replication_delay", target)


def _checks(target: Target, view: View) -> Iterator[Check]:
    yield target.metric("postgresql.replication_delay", "whether its standbys follow it", by="max")
    yield database_lines(target)
    if (delay := _delay(target, view)) is not None and _is_behind(delay):
        yield target.metric(
            "postgresql.transactions.duration.max", "which query runs long", by="max"
        )


def _is_behind(delay: Metric) -> bool:
    return delay.last >= max(_BEHIND_SECONDS, _BEHIND_RISE * delay.baseline)


def _signs(target: Target, view: View) -> Iterator[Sign]:
    delay = _delay(target, view)
    if delay is None:
        return
    if not _is_behind(delay):
        text = f"the standbys of {target.name} are {plain(delay.last)} s behind, as ever"
        yield Sign(delay.step, text, -DECISIVE)
        return
    since = f", falling behind since {clock(delay.onset)}" if delay.onset else ""
    text = f"a standby of {target.name} is {count(delay.last)} s behind its primary, baseline {plain(delay.baseline)} s{since}"
    yield Sign(delay.step, text, DECISIVE, onset=delay.onset)
    if delay.grows:
        grown = (delay.slope_per_hour or 0.0) / 60.0
        text = f"it falls behind by a further {count(grown)} s every minute"
        yield Sign(delay.step, text, WEAK, Role.FORECAST)
    yield from _held_up(target, view)
    yield from _felt(target, view)


def _held_up(target: Target, view: View) -> Iterator[Sign]:
    if (line := next(spoken(target.name, view, _HELD_UP), None)) is not None:
        yield Sign(line.step, f'{target.name} logs: "{line.quoted}"', STRONG)
    longest = view.metric("postgresql.transactions.duration.max", target)
    if longest is not None and longest.last >= _BEHIND_SECONDS and longest.risen:
        text = f"a query on {target.name} has run for {count(longest.last)} s, while replay waits for it"
        yield Sign(longest.step, text, FAIR, onset=longest.onset)
    for job in jobs_behind(target, view, _delay(target, view)):
        text = f"{job.name} runs against {target.name} since {clock(job.started_at)}"
        yield Sign(job.step, text, FAIR)


def _felt(target: Target, view: View) -> Iterator[Sign]:
    for dependant in view.dependants(target.name)[:4]:
        for line in spoken(dependant.name, view, _STALE):
            text = f'{dependant.name} logs: "{line.quoted}"'
            yield Sign(line.step, text, WEAK, Role.EFFECT)
            break


def _fixes(target: Target, view: View) -> Iterator[Change]:
    for job in jobs_behind(target, view, _delay(target, view)):
        yield suspend(job, view)


def _advice(target: Target, view: View) -> Iterator[str]:
    yield f"Send reads that have to be fresh to the primary of {target.name} until its standbys have caught up"
    if next(jobs_behind(target, view, _delay(target, view)), None) is None:
        yield f"Cancel the query that holds up replay on the standby of {target.name} (pg_stat_activity, pg_cancel_backend)"


REPLICATION_LAG = Mode(
    id="replication_lag",
    short="standbys that are behind",
    words=frozenset({"replication", "replica", "standby", "lag"}),
    below=True,
    statement="standbys of {name} that are behind their primary",
    prior=-2.4,
    flavours=frozenset({DATABASE}),
    checks=_checks,
    signs=_signs,
    fixes=_fixes,
    advice=_advice,
    refines=frozenset({"dependency_latency_or_errors"}),
)
MODES = (REPLICATION_LAG,)

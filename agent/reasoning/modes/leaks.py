"""What a service takes and never gives back, connections or memory, mostly since a rollout."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from agent.model import Change, Check
from agent.reasoning.modes.containers import memory_limit
from agent.reasoning.modes.forecast import saturation_sign
from agent.reasoning.modes.mode import FAIR, STRONG, WEAK, Mode, Sign
from agent.reasoning.modes.pods import workload_check
from agent.reasoning.modes.pools import CONNECTION_ERRORS, pool_of
from agent.reasoning.modes.releases import BAD_ROLLOUT, rollouts_of
from agent.reasoning.modes.target import SERVICE, Target
from agent.reasoning.modes.view import Metric, View, time_of
from agent.reasoning.modes.wording import clock, plain, size

_BEFORE, _AFTER = timedelta(minutes=30), timedelta(minutes=5)
"""A rollout within these times around the moment when the pool began to fill may have brought the leak."""
_AS_EVER = 1.15
_MEMORY = "kubernetes.memory.working_set"
_LEAKS = 0.01
"""Growth an hour, as a share of the limit, that fills it within days."""
_STEADY = timedelta(minutes=75)


def _connection_checks(target: Target, view: View) -> Iterator[Check]:
    query = f"service:{target.name} env:{target.environment} {CONNECTION_ERRORS}"
    yield Check(
        tool="datadog_logs",
        arguments={"query": query, "minutes": 60},
        reason="whether it complains about connections",
    )
    yield target.metric("trace.http.request.hits", "whether more is asked of it", by="sum")
    yield from BAD_ROLLOUT.checks(target, view)


def _connection_signs(target: Target, view: View) -> Iterator[Sign]:
    yield from _leak_logs(target, view)
    pool = pool_of(target, view)
    if pool is None:
        return
    used, _ = pool
    if not used.risen or used.onset is None:
        yield Sign(used.step, f"the pool of {target.name} is as full as ever", -STRONG)
        return
    yield from _rollout_before(target, view, used, f"the pool of {target.name} fills")
    hits = view.metric("trace.http.request.hits", target)
    if hits is not None and hits.rise <= _AS_EVER:
        text = f"no more than usual is asked of {target.name}, yet its pool fills since {clock(used.onset)}"
        yield Sign(hits.step, text, WEAK, also=(used.step,), onset=used.onset)


def _leak_logs(target: Target, view: View) -> Iterator[Sign]:
    for found in view.answers("datadog_logs"):
        for template in found.data.get("templates") or []:
            words = str(template.get("template")).lower()
            if template.get("service") == target.name and "leak" in words and "connection" in words:
                example = str(template["example"]).replace('"', "'")[:160]
                text = f'{plain(template["count"])} log lines of {target.name} speak of a leak: "{example}"'
                yield Sign(found.step, text, STRONG)
                return


def _rollout_before(target: Target, view: View, used: Metric, what: str) -> Iterator[Sign]:
    """Whether a rollout came right before ``what`` began."""
    found, began = rollouts_of(target, view), used.onset
    if found is None or began is None:
        return
    step, mine = found
    for rollout in mine:
        at = time_of(rollout.get("at"))
        if at is not None and began - _BEFORE <= at <= began + _AFTER:
            text = (
                f"{what} since {clock(began)},"
                f" its revision {rollout['revision']} was rolled out at {clock(at)}"
            )
            yield Sign(step, text, STRONG, also=(used.step,), onset=began)
            return
    yield Sign(step, f"no rollout of {target.name} came right before {clock(began)}", -FAIR)


def _connection_fixes(target: Target, view: View) -> Iterator[Change]:
    pool = pool_of(target, view)
    if pool is not None and any(s.weight > 0 for s in _rollout_before(target, view, pool[0], "")):
        yield from BAD_ROLLOUT.fixes(target, view)


CONNECTION_LEAK = Mode(
    id="connection_leak",
    short="leaked connections",
    words=frozenset({"leak", "leaks"}),
    statement="connections that {name} never gives back",
    prior=-2.4,
    flavours=frozenset({SERVICE}),
    checks=_connection_checks,
    signs=_connection_signs,
    fixes=_connection_fixes,
    refines=frozenset({"connection_pool_exhaustion"}),
)


def _memory_checks(target: Target, view: View) -> Iterator[Check]:
    yield target.metric(_MEMORY, "whether its memory grows without end", by="max")
    yield target.metric("trace.http.request.hits", "whether more is asked of it", by="sum")
    yield from workload_check(target, view)
    if view.answer("kubernetes_rollouts") is None:
        yield target.ask("kubernetes_rollouts", "what was rolled out")


def _memory_signs(target: Target, view: View) -> Iterator[Sign]:
    used = view.metric(_MEMORY, target)
    limit = memory_limit(target, view)
    if used is None or limit is None:
        return
    step, most = limit
    hourly, began = used.slope_per_hour or 0.0, used.onset
    if began is None or not used.grows or hourly < _LEAKS * most:
        yield Sign(used.step, f"memory of {target.name} does not grow without end", -STRONG)
        return
    text = f"memory of {target.name} grows by {size(hourly)} an hour since {clock(began)}"
    yield Sign(used.step, text, STRONG, onset=began)
    yield from _steadily(target, used)
    yield from _rollout_before(target, view, used, f"memory of {target.name} grows")
    hits = view.metric("trace.http.request.hits", target)
    if hits is not None and not (hits.risen and hits.rise > _AS_EVER):
        text = f"no more is asked of {target.name} than before, and yet its memory grows"
        yield Sign(hits.step, text, FAIR, also=(used.step,))
    yield from saturation_sign(f"a pod of {target.name}", used, most, size(most), step)


def _steadily(target: Target, used: Metric) -> Iterator[Sign]:
    """A leak takes its time: what fills within minutes is load, or something large that is being worked on."""
    if not used.points or used.onset is None:
        return
    lasted = used.points[-1][0] - used.onset.timestamp()
    if lasted < _STEADY.total_seconds():
        text = f"memory of {target.name} has grown since {clock(used.onset)} only, too short for a leak"
        yield Sign(used.step, text, -STRONG)


def _memory_fixes(target: Target, view: View) -> Iterator[Change]:
    used = view.metric(_MEMORY, target)
    if used is not None and any(s.weight > 0 for s in _rollout_before(target, view, used, "")):
        yield from BAD_ROLLOUT.fixes(target, view)


MEMORY_LEAK = Mode(
    id="memory_leak",
    short="a memory leak",
    words=frozenset({"leak", "leaks", "heap"}),
    statement="memory that {name} never gives back",
    prior=-2.4,
    flavours=frozenset({SERVICE}),
    checks=_memory_checks,
    signs=_memory_signs,
    fixes=_memory_fixes,
    refines=frozenset({"memory_limit_near", "oom_kill", "bad_rollout"}),
)
MODES = (CONNECTION_LEAK, MEMORY_LEAK)

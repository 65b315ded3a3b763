"""Connections that a service takes and never gives back, mostly since a rollout."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from agent.model import Change, Check
from agent.reasoning.modes.database import CONNECTION_ERRORS, pool_of
from agent.reasoning.modes.mode import FAIR, STRONG, WEAK, Mode, Sign
from agent.reasoning.modes.releases import BAD_ROLLOUT, rollouts_of
from agent.reasoning.modes.target import SERVICE, Target
from agent.reasoning.modes.view import Metric, View, time_of
from agent.reasoning.modes.wording import clock, plain

_BEFORE, _AFTER = timedelta(minutes=30), timedelta(minutes=5)
"""A rollout within these times around the moment when the pool began to fill may have brought the leak."""
_AS_EVER = 1.15


def _checks(target: Target, view: View) -> Iterator[Check]:
    query = f"service:{target.name} env:{target.environment} {CONNECTION_ERRORS}"
    yield Check(
        tool="datadog_logs",
        arguments={"query": query, "minutes": 60},
        reason="whether it complains about connections",
    )
    yield target.metric("trace.http.request.hits", "whether more is asked of it", by="sum")
    yield from BAD_ROLLOUT.checks(target, view)


def _signs(target: Target, view: View) -> Iterator[Sign]:
    yield from _leak_logs(target, view)
    pool = pool_of(target, view)
    if pool is None:
        return
    used, _ = pool
    if not used.risen or used.onset is None:
        yield Sign(used.step, f"the pool of {target.name} is as full as ever", -STRONG)
        return
    yield from _rollout_before(target, view, used)
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


def _rollout_before(target: Target, view: View, used: Metric) -> Iterator[Sign]:
    found, began = rollouts_of(target, view), used.onset
    if found is None or began is None:
        return
    step, mine = found
    for rollout in mine:
        at = time_of(rollout.get("at"))
        if at is not None and began - _BEFORE <= at <= began + _AFTER:
            text = (
                f"the pool of {target.name} fills since {clock(began)},"
                f" its revision {rollout['revision']} was rolled out at {clock(at)}"
            )
            yield Sign(step, text, STRONG, also=(used.step,), onset=began)
            return
    yield Sign(step, f"no rollout of {target.name} came before its pool began to fill", -FAIR)


def _fixes(target: Target, view: View) -> Iterator[Change]:
    pool = pool_of(target, view)
    if pool is not None and any(s.weight > 0 for s in _rollout_before(target, view, pool[0])):
        yield from BAD_ROLLOUT.fixes(target, view)


CONNECTION_LEAK = Mode(
    id="connection_leak",
    short="leaked connections",
    words=frozenset({"leak", "leaks"}),
    statement="connections that {name} never gives back",
    prior=-2.4,
    flavours=frozenset({SERVICE}),
    checks=_checks,
    signs=_signs,
    fixes=_fixes,
    refines=frozenset({"connection_pool_exhaustion"}),
)
MODES = (CONNECTION_LEAK,)

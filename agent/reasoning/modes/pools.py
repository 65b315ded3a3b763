"""Pools of connections to data stores that run full."""

from __future__ import annotations

from collections.abc import Iterator

from agent.model import Change, Check
from agent.reasoning.modes.changes import config_fix, replicas_fix
from agent.reasoning.modes.forecast import saturation_sign
from agent.reasoning.modes.jobs import suspend
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, Mode, Role, Sign
from agent.reasoning.modes.queries import jobs_behind
from agent.reasoning.modes.target import CACHE, DATABASE, SERVICE, Target
from agent.reasoning.modes.view import Metric, View
from agent.reasoning.modes.wording import clock, count, plain, times

_POOLS = (
    ("hikaricp.connections.active", "hikaricp.connections.max"),
    ("redis.pool.in_use", "redis.pool.size"),
)
_POOL_FULL, _POOL_TIGHT, _POOL_ROOMY = 0.9, 0.75, 0.6
CONNECTION_ERRORS = "(timeout OR pool OR connection)"
"""What to search logs for."""


def pool_of(target: Target, view: View) -> tuple[Metric, Metric] | None:
    """How many connections of an entity's pool are in use, and how many there may be; None when it is not known."""
    for used_name, size_name in _POOLS:
        used, size = view.metric(used_name, target), view.metric(size_name, target)
        if used is not None and size is not None and size.last > 0:
            return used, size
    return None


def _stores(target: Target, view: View) -> list[Target]:
    return [d for d in view.dependencies(target.name) if d.flavour in (DATABASE, CACHE)][:3]


def _pool_checks(target: Target, view: View) -> Iterator[Check]:
    flavours = {s.flavour for s in _stores(target, view)} or {DATABASE, CACHE}
    if DATABASE in flavours:
        yield target.metric("hikaricp.connections.active", "how many connections are in use")
        yield target.metric("hikaricp.connections.max", "how many connections there may be")
        yield target.metric(
            "hikaricp.connections.pending", "whether requests wait for a connection"
        )
    if CACHE in flavours:
        yield target.metric("redis.pool.in_use", "how many connections are in use")
        yield target.metric("redis.pool.size", "how many connections there may be")
    yield target.metric("trace.http.request.errors", "when requests began to fail", by="sum")
    query = f"service:{target.name} env:{target.environment} {CONNECTION_ERRORS}"
    yield Check(
        tool="datadog_logs",
        arguments={"query": query, "minutes": 60},
        reason="whether it complains about connections",
    )
    for store in _stores(target, view):
        if store.flavour == DATABASE:
            yield store.metric("postgresql.queries.time", "whether queries take longer")
    if (found := view.workload(target)) is not None:
        for name in found.data.get("config_maps") or []:
            yield target.ask("kubernetes_config", "how large the pool is set", name=name)


def _pool_signs(target: Target, view: View) -> Iterator[Sign]:
    if (pool := pool_of(target, view)) is not None:
        used, size = pool
        yield _filling(target, used, size)
        if used.last < _POOL_FULL * size.last:
            yield from saturation_sign(
                f"the pool of {target.name}", used, size.last, count(size.last), size.step
            )
        yield from _errors_with(target, view, used)
        yield from _slow_stores(target, view, used)
    pending = view.metric("hikaricp.connections.pending", target)
    if pending is not None and pending.last >= 1 and pending.last > pending.baseline:
        text = f"{count(pending.last)} requests wait for a connection of {target.name}"
        yield Sign(pending.step, text, FAIR, Role.EFFECT)
    yield from _pool_logs(target, view)


def _filling(target: Target, used: Metric, size: Metric) -> Sign:
    part = used.last / size.last
    weight = DECISIVE if part >= _POOL_FULL else FAIR if part >= _POOL_TIGHT else 0.0
    if part < _POOL_ROOMY:
        weight = -STRONG
    text = (
        f"the connection pool of {target.name} is at {count(used.last)}/{count(size.last)},"
        f" baseline {count(used.baseline)}"
    )
    if used.onset and part >= _POOL_TIGHT:
        text += f", rising since {clock(used.onset)}"
    return Sign(used.step, text, weight, also=(size.step,), onset=used.onset)


def _errors_with(target: Target, view: View, used: Metric) -> Iterator[Sign]:
    errors = view.metric("trace.http.request.errors", target)
    if errors is None or not errors.risen or errors.onset is None:
        return
    if used.risen and used.onset is not None and errors.onset >= used.onset:
        text = f"errors of {target.name} began at {clock(errors.onset)}, after its pool began to fill at {clock(used.onset)}"
        yield Sign(errors.step, text, FAIR, Role.EFFECT, (used.step,))


def _slow_stores(target: Target, view: View, used: Metric) -> Iterator[Sign]:
    for store in _stores(target, view):
        slow = view.metric("postgresql.queries.time", store)
        if slow is not None and slow.risen and used.rise >= 1.3:
            since = f" since {clock(slow.onset)}" if slow.onset else ""
            text = f"queries on {store.name} take {times(slow.rise)} their baseline{since}, so connections are held longer"
            yield Sign(slow.step, text, FAIR, also=(used.step,))


def _pool_logs(target: Target, view: View) -> Iterator[Sign]:
    for found in view.answers("datadog_logs"):
        for template in found.data.get("templates") or []:
            words = str(template.get("template")).lower()
            mine = template.get("service") in (target.name, "", None)
            if mine and template.get("level") == "error" and _speaks_of_pool(words):
                text = f'{plain(template["count"])} log lines of {target.name} say so: "{template["example"][:160]}"'
                yield Sign(found.step, text.replace('""', '"'), FAIR, Role.EFFECT)
                return


def _speaks_of_pool(words: str) -> bool:
    return "connection" in words and any(
        w in words for w in ("pool", "timeout", "timed out", "not available", "exhaust", "too many")
    )


def _pool_fixes(target: Target, view: View) -> Iterator[Change]:
    for store in _stores(target, view):
        slow = view.metric("postgresql.queries.time", store)
        for job in jobs_behind(store, view, slow):
            yield suspend(job, view)
    for key in _pool_keys(target, view):
        yield from config_fix(target, view, key, factor=1.5)
    yield from replicas_fix(target, view)


def _pool_keys(target: Target, view: View) -> Iterator[str]:
    found = view.workload(target)
    for name in (found.data.get("config_maps") or []) if found else []:
        config = view.config(name)
        for key in (config.data.get("values") or {}) if config else ():
            if "POOL" in key.upper() and ("SIZE" in key.upper() or "MAX" in key.upper()):
                yield key


POOL_EXHAUSTION = Mode(
    id="connection_pool_exhaustion",
    short="an exhausted connection pool",
    words=frozenset({"pool", "connections"}),
    statement="the connection pool of {name} is exhausted",
    prior=-2.0,
    flavours=frozenset({SERVICE}),
    checks=_pool_checks,
    signs=_pool_signs,
    fixes=_pool_fixes,
    refines=frozenset({"dependency_latency_or_errors"}),
)
MODES = (POOL_EXHAUSTION,)

"""Caches that throw out what is still asked for, because they are full."""

from __future__ import annotations

from collections.abc import Iterator

from agent.model import Change, Check
from agent.reasoning.modes.changes import config_fix
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, WEAK, Mode, Role, Sign
from agent.reasoning.modes.pods import workload_check
from agent.reasoning.modes.target import CACHE, SERVICE, Target
from agent.reasoning.modes.view import Metric, View
from agent.reasoning.modes.wording import clock, plain, share, size, times

_AT_ITS_LIMIT = 0.97
_RAISED = 1.25
_HEADROOM = 1.15
"""What the process takes beside its data: fragmentation, buffers of clients."""
_MISSED, _DB_LOAD = 1.5, 1.15


def _evicted(target: Target, view: View) -> Metric | None:
    """Keys that it throws out, if that is more than ever happens by the way."""
    evicted = view.metric("redis.keys.evicted", target)
    if evicted is None or evicted.last < max(1.0, 3.0 * evicted.baseline):
        return None
    return evicted


def _arises(target: Target, view: View) -> bool:
    return _evicted(target, view) is not None


def _checks(target: Target, view: View) -> Iterator[Check]:
    yield target.metric("redis.stats.keyspace_misses", "whether it lacks what is asked for")
    yield target.metric("redis.stats.keyspace_hits", "whether it still has what is asked for")
    yield from workload_check(target, view)
    if (found := view.workload(target)) is not None:
        for name in found.data.get("config_maps") or []:
            yield target.ask("kubernetes_config", "how it is configured", name=name)
    for behind in _behind(target, view):
        yield behind.metric(
            "trace.http.request.hits", f"whether {behind.name} has to answer instead"
        )


def _behind(target: Target, view: View) -> list[Target]:
    """The services that those who use the cache ask as well: they answer what it does not know any more."""
    users = view.dependants(target.name)
    found = {d.name: d for user in users for d in view.dependencies(user.name)}
    names = {u.name for u in users}
    return [d for d in found.values() if d.flavour == SERVICE and d.name not in names][:2]


def _signs(target: Target, view: View) -> Iterator[Sign]:
    evicted = _evicted(target, view)
    if evicted is None:
        return
    since = f" since {clock(evicted.onset)}" if evicted.onset else ""
    text = f"{target.name} throws out {plain(evicted.last)} keys a second{since}, baseline {plain(evicted.baseline)}"
    yield Sign(evicted.step, text, DECISIVE, onset=evicted.onset)
    yield from _at_its_limit(target, view)
    yield from _misses(target, view)
    for behind in _behind(target, view):
        hits = view.metric("trace.http.request.hits", behind)
        if hits is not None and hits.onset is not None and hits.rise >= _DB_LOAD:
            text = f"{behind.name} gets {times(hits.rise)} its usual requests since {clock(hits.onset)}"
            yield Sign(hits.step, text, WEAK, Role.EFFECT)


def _at_its_limit(target: Target, view: View) -> Iterator[Sign]:
    used, limit = view.metric("redis.mem.used", target), view.metric("redis.mem.maxmemory", target)
    if used is None or limit is None or limit.last <= 0:
        return
    part = used.last / limit.last
    text = f"{target.name} holds {size(used.last, limit.last)} of its maxmemory of {size(limit.last, limit.last)} ({share(part)})"
    yield Sign(used.step, text, STRONG if part >= _AT_ITS_LIMIT else -STRONG, also=(limit.step,))
    if limit.onset is not None and limit.last < 0.97 * limit.baseline:
        text = f"maxmemory of {target.name} went from {size(limit.baseline, limit.last)} to {size(limit.last, limit.last)} at {clock(limit.onset)}"
        yield Sign(limit.step, text, FAIR, onset=limit.onset)


def _misses(target: Target, view: View) -> Iterator[Sign]:
    misses = view.metric("redis.stats.keyspace_misses", target)
    hits = view.metric("redis.stats.keyspace_hits", target)
    if misses is None or hits is None or misses.last + hits.last <= 0:
        return
    now = hits.last / (hits.last + misses.last)
    if misses.rise >= _MISSED and misses.onset is not None:
        text = (
            f"{share(now)} of the lookups in {target.name} hit, misses are {times(misses.rise)}"
            f" their baseline since {clock(misses.onset)}"
        )
        yield Sign(misses.step, text, STRONG, also=(hits.step,), onset=misses.onset)
    else:
        yield Sign(misses.step, f"{target.name} misses no more lookups than before", -FAIR)


def _fixes(target: Target, view: View) -> Iterator[Change]:
    if _has_room(target, view):
        yield from config_fix(target, view, "maxmemory", factor=_RAISED)


def _has_room(target: Target, view: View) -> bool:
    """Whether the container's memory limit bears a quarter more data."""
    found, most = view.workload(target), view.metric("redis.mem.maxmemory", target)
    containers = (found.data.get("containers") or []) if found else []
    limit = (containers[0].get("limits") or {}).get("memory_bytes") if containers else None
    return bool(limit and most and limit >= _RAISED * _HEADROOM * most.last)


def _advice(target: Target, view: View) -> Iterator[str]:
    yield f"Find what fills {target.name}: keys without a TTL (redis-cli --bigkeys, --memkeys)"


CACHE_EVICTION = Mode(
    id="cache_eviction",
    short="evictions",
    words=frozenset({"evict", "eviction", "evictions"}),
    below=True,
    statement="{name}, which is full and throws out what is still needed",
    prior=-2.2,
    flavours=frozenset({CACHE}),
    arises=_arises,
    checks=_checks,
    signs=_signs,
    fixes=_fixes,
    advice=_advice,
    refines=frozenset({"cache_memory_pressure"}),
)
MODES = (CACHE_EVICTION,)

"""Failure modes of caches."""

from __future__ import annotations

from collections.abc import Iterator

from agent.model import Change, Check, Claim
from agent.reasoning.modes.changes import config_fix, resources_fix
from agent.reasoning.modes.forecast import load_ahead, saturation_sign
from agent.reasoning.modes.jobs import competing_jobs, suspend
from agent.reasoning.modes.mode import FAIR, STRONG, WEAK, Mode, Role, Sign
from agent.reasoning.modes.target import CACHE, ERROR_RATIO, Target
from agent.reasoning.modes.view import Metric, View
from agent.reasoning.modes.wording import clock, count, plain, share, size, times

_FULL, _TIGHT, _ROOMY = 0.9, 0.72, 0.6
_FRAGMENTED, _SOUND = 1.5, 1.25
_WITH_FORK = 1.7
"""Memory that a cache and the copy-on-write of its snapshot take, as a multiple of its data."""


def _checks(target: Target, view: View) -> Iterator[Check]:
    yield target.metric("redis.mem.used", "how much memory the data takes")
    yield target.metric("redis.mem.maxmemory", "where its memory ends")
    yield target.metric("redis.mem.fragmentation_ratio", "how much memory is lost to fragmentation")
    yield target.metric("redis.info.latency_ms", "whether commands take longer")
    yield target.metric("redis.keys.evicted", "whether it throws keys out already")
    yield target.metric("redis.net.commands", "how much is asked of it", minutes=1440)
    for dependant in view.dependants(target.name)[:4]:
        yield dependant.metric("redis.pool.in_use", f"whether {dependant.name} waits for it")
        yield dependant.metric("redis.pool.size", f"how large the pool of {dependant.name} is")
        yield dependant.error_ratio(f"whether {dependant.name} suffers")
        yield dependant.metric(
            "rabbitmq.queue.messages", f"whether work of {dependant.name} piles up"
        )
    if (found := view.workload(target)) is not None:
        for name in found.data.get("config_maps") or []:
            yield target.ask("kubernetes_config", "how it is configured", name=name)


def _signs(target: Target, view: View) -> Iterator[Sign]:
    used = view.metric("redis.mem.used", target)
    limit = view.metric("redis.mem.maxmemory", target)
    fragmented = _is_fragmented(target, view)
    if used is not None and limit is not None and limit.last > 0:
        yield _usage(target, used, limit, is_all=not fragmented)
        if used.grows and (hourly := used.slope_per_hour or 0.0) * 12 > 0.04 * limit.last:
            since = f" since {clock(used.onset)}" if used.onset else ""
            yield Sign(
                used.step,
                f"memory of {target.name} grows by {size(hourly, limit.last)} an hour{since}",
                FAIR,
            )
        yield from saturation_sign(
            target.name, used, limit.last, size(limit.last, limit.last), limit.step
        )
    yield from _fragmentation(target, view)
    yield from _evictions(target, view)
    yield from _latency(target, view, used)
    yield from load_ahead(target, view)
    for dependant in view.dependants(target.name)[:4]:
        yield from _felt_by(dependant, view, used)


def _is_fragmented(target: Target, view: View) -> bool:
    ratio = view.metric("redis.mem.fragmentation_ratio", target)
    return ratio is not None and ratio.last >= _FRAGMENTED


def _usage(target: Target, used: Metric, limit: Metric, *, is_all: bool) -> Sign:
    """How much of its memory the data takes; that it is little says nothing where data is not all that takes memory."""
    part = used.last / limit.last
    weight = STRONG if part >= _FULL else FAIR if part >= _TIGHT else -WEAK
    if part < _ROOMY:
        weight = -STRONG
    if not is_all:
        weight = max(weight, 0.0)
    text = f"{target.name} uses {size(used.last, limit.last)} of {size(limit.last, limit.last)} memory ({share(part)})"
    return Sign(used.step, text, weight, also=(limit.step,))


def _fragmentation(target: Target, view: View) -> Iterator[Sign]:
    ratio = view.metric("redis.mem.fragmentation_ratio", target)
    if ratio is None:
        return
    if ratio.last >= _FRAGMENTED:
        since = f" since {clock(ratio.onset)}" if ratio.onset else ""
        yield Sign(
            ratio.step,
            f"memory fragmentation ratio of {target.name} is {ratio.last:.2f}, baseline {ratio.baseline:.2f}{since}",
            STRONG,
            onset=ratio.onset,
        )
    elif ratio.last <= _SOUND:
        yield Sign(
            ratio.step, f"memory of {target.name} is not fragmented (ratio {ratio.last:.2f})", -WEAK
        )


def _evictions(target: Target, view: View) -> Iterator[Sign]:
    evicted = view.metric("redis.keys.evicted", target)
    if evicted is None:
        return
    if evicted.last > 0 and evicted.last > 2 * evicted.baseline:
        yield Sign(
            evicted.step, f"{target.name} evicts {plain(evicted.last)} keys a second", STRONG
        )
    elif evicted.maximum == 0:
        yield Sign(evicted.step, f"{target.name} evicts no keys yet", 0.0)


def _latency(target: Target, view: View, used: Metric | None) -> Iterator[Sign]:
    latency = view.metric("redis.info.latency_ms", target)
    if latency is None:
        return
    if latency.rise >= 1.5:
        since = f" since {clock(latency.onset)}" if latency.onset else ""
        text = (
            f"command latency of {target.name} is {latency.last:.2f} ms,"
            f" {times(latency.rise)} its baseline of {latency.baseline:.2f} ms{since}"
        )
        also = (used.step,) if used else ()
        yield Sign(latency.step, text, WEAK, Role.EFFECT, also)
    elif latency.maximum < 1.5 * latency.baseline:
        weight = 0.0 if _is_fragmented(target, view) else -FAIR
        yield Sign(latency.step, f"command latency of {target.name} is normal", weight)


def _felt_by(dependant: Target, view: View, used: Metric | None) -> Iterator[Sign]:
    in_use = view.metric("redis.pool.in_use", dependant)
    pool = view.metric("redis.pool.size", dependant)
    if in_use and pool and pool.last > 0 and in_use.rise >= 1.15 and in_use.onset:
        text = (
            f"{dependant.name} holds {count(in_use.last)} of {count(pool.last)} connections,"
            f" baseline {count(in_use.baseline)}"
        )
        yield Sign(in_use.step, text, WEAK / 2, Role.EFFECT, (pool.step,))
    errors = view.metric(ERROR_RATIO, dependant)
    if errors and errors.grows and errors.rise >= 1.3 and errors.onset:
        text = (
            f"{share(errors.last)} of the requests to {dependant.name} fail, baseline {share(errors.baseline)},"
            f" growing since {clock(errors.onset)}"
        )
        yield Sign(errors.step, text, WEAK / 2, Role.EFFECT)
    queue = view.metric("rabbitmq.queue.messages", dependant)
    if queue and (queue.per_hour_ratio or 0.0) >= 0.05 and queue.grows:
        text = (
            f"queue of {dependant.name} grows by {share(queue.per_hour_ratio or 0.0)} an hour,"
            f" now {count(queue.last)} messages"
        )
        yield Sign(queue.step, text, WEAK / 2, Role.EFFECT)


def _fixes(target: Target, view: View) -> Iterator[Change]:
    why: tuple[Claim, ...] = ()
    for job in competing_jobs(target, view):
        yield suspend(job, view, why)
    if _has_room(target, view):
        yield from config_fix(target, view, "maxmemory", factor=1.5, why=why)
    yield from resources_fix(target, view, memory=True, why=why)


def _has_room(target: Target, view: View) -> bool:
    """Whether the container's limit leaves room for half as much data again and for the fork of a snapshot."""
    found, most = view.workload(target), view.metric("redis.mem.maxmemory", target)
    containers = (found.data.get("containers") or []) if found else []
    limit = (containers[0].get("limits") or {}).get("memory_bytes") if containers else None
    return bool(limit and most and limit >= 1.5 * _WITH_FORK * most.last)


MEMORY_PRESSURE = Mode(
    id="cache_memory_pressure",
    short="memory pressure",
    words=frozenset({"memory", "evict", "fragment", "maxmemory"}),
    below=True,
    statement="memory pressure in {name}",
    prior=-1.6,
    flavours=frozenset({CACHE}),
    checks=_checks,
    signs=_signs,
    fixes=_fixes,
)
MODES = (MEMORY_PRESSURE,)

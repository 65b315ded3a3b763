"""One key that everybody asks for: a cache runs its commands in one thread, and that thread has no time left."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from agent.model import Check
from agent.reasoning.modes.lines import lines_check, spoken
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, WEAK, Mode, Role, Sign
from agent.reasoning.modes.target import CACHE, Target
from agent.reasoning.modes.view import View
from agent.reasoning.modes.wording import clock, count, plain, share, times

_BUSY, _IDLE = 0.85, 0.6
"""Cores of the one thread that runs commands."""
_ASKED_MORE = 1.6
_SLOW = 1.3
_COMMANDS = (
    "HGETALL|HGET|HMGET|GET|MGET|LRANGE|SMEMBERS|ZRANGE|ZRANGEBYSCORE|SCAN|EVALSHA|INCR|HINCRBY"
)
_KEYED = re.compile(rf"\b(?:{_COMMANDS})\s+([\w.-]+:[\w:.-]*[A-Za-z][\w:.-]*)")
_SLOW_WORDS = ("slow", "took", "timeout", "timed out")


class _Key(NamedTuple):
    """A key that slow commands name, and how often."""

    name: str
    lines: int
    step: int
    service: str


def _arises(target: Target, view: View) -> bool:
    latency = view.metric("redis.info.latency_ms", target)
    return latency is not None and latency.rise >= _SLOW


def _checks(target: Target, view: View) -> Iterator[Check]:
    yield target.metric("redis.cpu.user_main_thread", "how busy the thread is that runs commands")
    yield target.metric("redis.slowlog.micros.95percentile", "how long its slow commands take")
    yield target.metric("redis.net.commands", "how much is asked of it", minutes=1440)
    yield lines_check(target, "(slow OR key)", "whether it names slow commands", 60)
    for dependant in view.dependants(target.name)[:3]:
        yield lines_check(
            dependant, "(redis OR key)", f"which keys are slow for {dependant.name}", 60
        )


def _signs(target: Target, view: View) -> Iterator[Sign]:
    busy = view.metric("redis.cpu.user_main_thread", target)
    if busy is None:
        return
    if busy.last < _BUSY:
        weight = -DECISIVE if busy.last < _IDLE else -FAIR
        text = (
            f"the thread of {target.name} that runs commands is busy {share(busy.last)} of the time"
        )
        yield Sign(busy.step, text, weight)
        return
    since = f" since {clock(busy.onset)}" if busy.onset else ""
    text = (
        f"the one thread of {target.name} that runs commands is busy {share(busy.last)} of the time,"
        f" baseline {share(busy.baseline)}{since}"
    )
    yield Sign(busy.step, text, STRONG, onset=busy.onset)
    yield from _asked(target, view)
    yield from _slowlog(target, view)
    yield from _same_key(target, view)


def _asked(target: Target, view: View) -> Iterator[Sign]:
    asked = view.metric("redis.net.commands", target)
    if asked is None:
        return
    if asked.onset is not None and asked.rise >= _ASKED_MORE:
        text = f"{target.name} gets {times(asked.rise)} its usual commands"
        yield Sign(asked.step, text, -FAIR)
    else:
        text = f"{target.name} does not get many more commands than usual ({plain(asked.last)} a second)"
        yield Sign(asked.step, text, WEAK)


def _slowlog(target: Target, view: View) -> Iterator[Sign]:
    slow = view.metric("redis.slowlog.micros.95percentile", target)
    if slow is not None and slow.risen:
        text = (
            f"slow commands of {target.name} take {plain(slow.last / 1000.0)} ms,"
            f" {times(slow.rise)} their baseline"
        )
        yield Sign(slow.step, text, WEAK, Role.EFFECT, onset=slow.onset)


def _keys(target: Target, view: View) -> list[_Key]:
    """The keys that slow commands name, that of most lines first."""
    services = (target, *view.dependants(target.name))
    found: dict[str, list[_Key]] = {}
    for service in services:
        for line in spoken(service.name, view, _SLOW_WORDS):
            for name in set(_KEYED.findall(line.example)):
                found.setdefault(name, []).append(_Key(name, line.lines, line.step, service.name))
    lines = Counter({name: sum(k.lines for k in keys) for name, keys in found.items()})
    return [max(found[name], key=lambda k: k.lines) for name, _ in lines.most_common()]


def _same_key(target: Target, view: View) -> Iterator[Sign]:
    keys = _keys(target, view)
    if keys and keys[0].lines >= 3 * sum(k.lines for k in keys[1:]):
        key = keys[0]
        text = f"{count(key.lines)} lines of {key.service} on slow commands name the same key, {key.name}"
        yield Sign(key.step, text, DECISIVE)
    elif keys:
        text = f"slow commands of {target.name} name several keys"
        yield Sign(keys[0].step, text, -STRONG)


def _advice(target: Target, view: View) -> Iterator[str]:
    key = next((k.name for k in _keys(target, view)), "the hot key")
    yield (
        f"Keep {key} in the callers' own memory for a few seconds, or split it over several keys:"
        f" more memory or CPU does not help {target.name}, which runs commands in one thread"
    )


HOT_KEY = Mode(
    id="hot_key",
    short="a hot key",
    words=frozenset({"key", "hot"}),
    below=True,
    statement="a hot key in {name}",
    prior=-2.4,
    flavours=frozenset({CACHE}),
    arises=_arises,
    checks=_checks,
    signs=_signs,
    advice=_advice,
    refines=frozenset(
        {"cache_memory_pressure", "connection_pool_exhaustion", "dependency_latency_or_errors"}
    ),
)
MODES = (HOT_KEY,)

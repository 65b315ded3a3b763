"""Memory that a cache has given up and the system did not get back."""

from __future__ import annotations

from collections.abc import Iterator

from agent.model import Check
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, WEAK, Mode, Sign
from agent.reasoning.modes.pods import workload_check
from agent.reasoning.modes.target import CACHE, Target
from agent.reasoning.modes.view import View
from agent.reasoning.modes.wording import clock, share, size

_FRAGMENTED = 1.5
_TIGHT, _NEAR_LIMIT = 0.75, 0.85


def _arises(target: Target, view: View) -> bool:
    ratio = view.metric("redis.mem.fragmentation_ratio", target)
    return ratio is not None and ratio.last >= _FRAGMENTED


def _checks(target: Target, view: View) -> Iterator[Check]:
    yield target.metric("redis.mem.rss", "how much memory the process really takes")
    yield target.metric("redis.rdb.bgsave", "whether a snapshot is being written")
    yield from workload_check(target, view)


def _signs(target: Target, view: View) -> Iterator[Sign]:
    ratio = view.metric("redis.mem.fragmentation_ratio", target)
    if ratio is None or ratio.last < _FRAGMENTED:
        return
    saving = view.metric("redis.rdb.bgsave", target)
    if saving is not None and saving.last > 0:  # a fork copies the pages that change meanwhile
        text = f"{target.name} writes a snapshot now: what it takes beside its data is copied pages"
        yield Sign(saving.step, text, -DECISIVE)
        return
    since = f" since {clock(ratio.onset)}" if ratio.onset else ""
    text = (
        f"{target.name} takes {ratio.last:.2f} bytes of memory for each byte of data,"
        f" baseline {ratio.baseline:.2f}{since}"
    )
    yield Sign(ratio.step, text, STRONG, onset=ratio.onset)
    if saving is not None:
        yield Sign(saving.step, f"{target.name} writes no snapshot that would copy pages", FAIR)
    yield from _data(target, view)
    yield from _process(target, view)


def _data(target: Target, view: View) -> Iterator[Sign]:
    """Whether it is the data itself that takes the memory."""
    used, most = view.metric("redis.mem.used", target), view.metric("redis.mem.maxmemory", target)
    if used is None or most is None or most.last <= 0:
        return
    part = used.last / most.last
    amount = f"{size(used.last, most.last)}, {share(part)} of the maxmemory of {target.name}"
    if part >= _TIGHT and used.grows:
        text = f"its data itself takes {amount}, and grows"
        yield Sign(used.step, text, -STRONG, also=(most.step,))
    elif part < _TIGHT:
        yield Sign(used.step, f"its data takes no more than {amount}", WEAK, also=(most.step,))


def _process(target: Target, view: View) -> Iterator[Sign]:
    rss, found = view.metric("redis.mem.rss", target), view.workload(target)
    containers = (found.data.get("containers") or []) if found else []
    limit = (containers[0].get("limits") or {}).get("memory_bytes") if containers else None
    if rss is None or found is None or not limit:
        return
    part = rss.last / limit
    text = f"the process of {target.name} takes {size(rss.last)} of the {size(limit)} that its container may have ({share(part)})"
    weight = DECISIVE if part >= _NEAR_LIMIT else WEAK
    yield Sign(rss.step, text, weight, also=(found.step,), onset=rss.onset)


def _advice(target: Target, view: View) -> Iterator[str]:
    yield (
        f"Have {target.name} give memory back while it runs: CONFIG SET activedefrag yes, or MEMORY PURGE;"
        " a restart would do so too, but empties a cache that keeps no snapshot"
    )


CACHE_FRAGMENTATION = Mode(
    id="cache_fragmentation",
    short="fragmented memory",
    words=frozenset({"fragmentation", "defrag"}),
    below=True,
    statement="fragmented memory of {name}",
    prior=-2.2,
    flavours=frozenset({CACHE}),
    arises=_arises,
    checks=_checks,
    signs=_signs,
    advice=_advice,
    refines=frozenset({"cache_memory_pressure", "memory_limit_near", "oom_kill"}),
)
MODES = (CACHE_FRAGMENTATION,)

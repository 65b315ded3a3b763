"""Look-ups that take much longer than usual: waited for as long as their answers could still change the finding."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from agent.model import Check, Step

CANCELLED = "cancelled"
"""Status of a step whose answer was no longer waited for."""
LATE_TIMES = 2.0
"""A round is late when it takes this many times what its slowest check usually takes."""

Matter = Callable[[Sequence[Step], Sequence[Check]], Awaitable[Sequence[Check]]]
"""Steps that are done, checks under way -> those of them that still matter."""


async def awaited(
    running: Mapping[asyncio.Task[Step], Check], usual_seconds: float, matter: Matter
) -> None:
    """Wait for the checks under way; cancel the late ones whose answers no longer matter.

    Nothing is cancelled before the round is late. What matters is asked anew when further answers arrived, at most once
    in ``usual_seconds``. When this itself is cancelled, all of them are.
    """
    try:
        done, late = await asyncio.wait(running, timeout=LATE_TIMES * usual_seconds)
        more = done
        while late:
            if more:
                late = late - await _dropped(done, {t: running[t] for t in late}, matter)
            more, late = await asyncio.wait(late, timeout=usual_seconds) if late else (set(), late)
            done |= more
    finally:
        for task in running:
            task.cancel()


async def _dropped(
    done: Collection[asyncio.Task[Step]], late: Mapping[asyncio.Task[Step], Check], matter: Matter
) -> set[asyncio.Task[Step]]:
    """The late ones that were cancelled."""
    steps = sorted((task.result() for task in done), key=lambda step: step.number)
    needed = {check.key for check in await matter(steps, tuple(late.values()))}
    dropped = {task for task, check in late.items() if check.key not in needed}
    for task in dropped:
        task.cancel()
    if dropped:
        await asyncio.wait(dropped)
    return dropped

"""A new pattern is tried on closed investigations before it goes live; what makes findings worse is not taken."""

from __future__ import annotations

from datetime import datetime

from agent.learning.backtest import backtested
from agent.model import Pattern
from agent.store.repository import Store

ACTOR = "srebot"


async def take(store: Store, pattern: Pattern, at: datetime) -> str:
    """Learn a pattern unless findings get worse by it; returns why it was not taken, empty when it was.

    One of a known cause only strengthens that: it is taken as it is.
    """
    if not await store.patterns.of_cause(pattern):
        report = await backtested(store, pattern)
        if report.is_worse:
            subject = f"investigation:{pattern.investigation}"
            await store.audit.append(ACTOR, "pattern_refused", subject, report.details, at)
            return f"I do not learn from this investigation. {report.sentence}"
    await store.patterns.learn(pattern)
    return ""

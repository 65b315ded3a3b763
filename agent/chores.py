"""Small regular work, each called by ``agent.upkeep`` at its times: the store is kept in order, people are told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from dbos import DBOS

from agent.awareness import attention, correlation, digest
from agent.house import House
from agent.learning import verdicts
from agent.resolution import page_events

TICKS_KEPT = timedelta(days=1)
"""Scheduled runs, which tell nothing that the log does not."""
WORKFLOWS_KEPT = timedelta(days=30)
"""Everything else: so long the same event is known to have been handled."""
_OVER = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
_BATCH = 500
_MOST_BATCHES = 40
_TICKS = "sched-"

Chore = Callable[[House, datetime], Awaitable[int]]


async def keep_graph(house: House, now: datetime) -> int:
    """Let what is known fade, and prune what has; returns how many relations that touched."""
    return await house.store.graph.upkeep(now)


async def tell_digest(house: House, now: datetime) -> int:
    """Tell what was kept quiet."""
    return await digest.send(house, now)


async def score_attention(house: House, now: datetime) -> int:
    """Score the messages that were posted unasked and are due."""
    return await attention.score_due(house, now)


async def expire_issues(house: House, now: datetime) -> int:
    """Close the Issues of which nothing was heard for long."""
    return await correlation.expire(house, now)


async def let_go(house: House, now: datetime) -> int:
    """Let go of what is too old to be kept, each kind after its own time; returns how many rows that touched."""
    terms, store = house.terms, house.store
    touched = 0
    if seconds := terms.raw_retention_seconds:
        touched += await store.retention.empty(now - timedelta(seconds=seconds), now)
    if seconds := terms.journal_retention_seconds:
        touched += await store.retention.journals(now - timedelta(seconds=seconds))
    if seconds := terms.record_retention_seconds:
        gone = await store.forgetting.older_than(now - timedelta(seconds=seconds))
        touched += sum(gone.values())
    return touched


async def grade(house: House, now: datetime) -> int:
    """Look back on the closed investigations whose time has come."""
    return await verdicts.grade_due(house, now)


async def ask_pager(house: House, now: datetime) -> int:
    """Hear what became of the open pages, where no webhook tells."""
    return await page_events.ask(house, now)


async def tidy(_: House, now: datetime) -> int:
    """Delete the records of workflows that ended long ago; returns how many.

    DBOS keeps them for ever by itself. Their steps go with them; what investigations found is in our own tables.
    """
    deleted = await _delete(now - TICKS_KEPT, _TICKS)
    return deleted + await _delete(now - WORKFLOWS_KEPT, None)


async def _delete(before: datetime, prefix: str | None) -> int:
    deleted = 0
    for _ in range(_MOST_BATCHES):
        over = await DBOS.list_workflows_async(
            status=_OVER,
            completed_before=before.isoformat(),
            workflow_id_prefix=prefix,
            limit=_BATCH,
            load_input=False,
            load_output=False,
        )
        if over:
            await DBOS.delete_workflows_async([w.workflow_id for w in over])
        deleted += len(over)
        if len(over) < _BATCH:
            break
    return deleted


CHORES: Mapping[str, Chore] = {
    "graph-upkeep": keep_graph,
    "digest": tell_digest,
    "attention": score_attention,
    "expiry": expire_issues,
    "pages": ask_pager,
    "tidy": tidy,
    "retention": let_go,
    "verdicts": grade,
}
"""By the name of their schedule."""

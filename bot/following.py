"""Keeps the graph up with the sources that tell of changes as they happen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from agent.awareness.changes import accept_changes
from agent.knowledge.facts import EntityChange
from agent.knowledge.watching import follow
from agent.ports import Answering, Clock, GraphWatcher
from agent.store.leadership import lead
from agent.store.repository import Store


@asynccontextmanager
async def following(
    watchers: Sequence[GraphWatcher], store: Store, answering: Answering, clock: Clock
) -> AsyncIterator[None]:
    """The watchers at work while the context lasts; of several processes on one database each is followed by one.

    Args:
        watchers: the sources.
        store: where the graph and the changes are kept.
        answering: told of changes that belong to an open Issue.
        clock: the time.
    """

    async def on_changes(changes: Sequence[EntityChange]) -> None:
        await accept_changes(store, changes, clock, answering.receive)

    async def watched(watcher: GraphWatcher) -> None:
        await lead(
            store.engine,
            f"watch-{watcher.origin}",
            lambda: follow(watcher, store.graph, on_changes),
        )

    tasks = [asyncio.create_task(watched(w)) for w in watchers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

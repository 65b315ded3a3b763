"""Follows a source that tells of changes as they happen, and keeps what it tells."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

import structlog

from agent.errors import ToolError
from agent.knowledge.facts import EntityChange, Seen
from agent.knowledge.scan import GraphSink
from agent.ports import GraphWatcher

OnChanges = Callable[[Sequence[EntityChange]], Awaitable[None]]

_log = structlog.get_logger(__name__)
_KEEP_ATTEMPTS = 5
_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 60.0


async def ignore(changes: Sequence[EntityChange]) -> None:
    """Where nobody wants to be told of changes."""


async def follow(watcher: GraphWatcher, sink: GraphSink, on_changes: OnChanges = ignore) -> None:
    """Keep what a watcher tells, until cancelled; after an error it is watched anew, which begins with all there is.

    Args:
        watcher: the source.
        sink: where the graph is kept.
        on_changes: told of changes after they are kept. It may be told of one twice (after an error), with the same
            ``EntityChange.key``; what it raises does not stop the watch.
    """
    errors = 0
    while True:
        try:
            async for seen in watcher.watch():
                await _keep(watcher.origin, seen, sink)
                errors = 0
                await _tell(watcher.origin, seen.changes, on_changes)
        except ToolError as error:
            _log.warning("watch_stopped", origin=watcher.origin, problem=str(error))
        except Exception:
            _log.exception("watch_failed", origin=watcher.origin)
        errors += 1
        await asyncio.sleep(_wait_seconds(errors))


async def _keep(origin: str, seen: Seen, sink: GraphSink) -> None:
    """An addition is told once, so that a database that is away for a moment must not lose it."""
    for attempt in range(1, _KEEP_ATTEMPTS + 1):
        try:
            await sink.take(origin, seen)
            return
        except Exception as error:
            if attempt == _KEEP_ATTEMPTS:
                raise
            _log.warning("watch_not_kept", origin=origin, problem=type(error).__name__)
            await asyncio.sleep(_wait_seconds(attempt))


async def _tell(origin: str, changes: Sequence[EntityChange], on_changes: OnChanges) -> None:
    if not changes:
        return
    try:
        await on_changes(changes)
    except Exception:
        _log.exception("changes_not_told", origin=origin, changes=len(changes))


def _wait_seconds(errors: int) -> float:
    longest = min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2.0 ** min(errors - 1, 16))
    return longest * (0.5 + random.random() / 2)  # noqa: S311 - no secret

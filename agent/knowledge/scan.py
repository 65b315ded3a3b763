"""Scans the company into the graph: every source at once, one that fails not stopping the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from agent.errors import ToolError
from agent.knowledge.facts import Seen
from agent.model import Value
from agent.ports import GraphBuilder

_log = structlog.get_logger(__name__)


class GraphSink(Protocol):
    """Where the graph is kept."""

    async def take(self, origin: str, seen: Seen) -> int:
        """Keep what a source sees; returns how many changes that made."""


class Scanned(Value):
    """What one source gave."""

    origin: str
    entities: int = 0
    relations: int = 0
    changes: int = 0
    problem: str = ""


async def scan(
    builders: Sequence[GraphBuilder],
    sink: GraphSink,
    on_done: Callable[[Scanned], None] = lambda _: None,
) -> list[Scanned]:
    """Ask every source for what it sees now and keep it.

    Args:
        builders: the sources.
        sink: where the graph is kept.
        on_done: told of each source as it is done.
    """

    async def one(builder: GraphBuilder) -> Scanned:
        scanned = await scan_one(builder, sink)
        on_done(scanned)
        return scanned

    return list(await asyncio.gather(*map(one, builders)))


async def scan_one(builder: GraphBuilder, sink: GraphSink) -> Scanned:
    """Scan one source; what it could not do is in ``problem``."""
    try:
        seen = await builder.build()
    except ToolError as error:
        _log.warning("scan_failed", origin=builder.origin, problem=str(error))
        return Scanned(origin=builder.origin, problem=str(error))
    changes = await sink.take(builder.origin, seen)
    return Scanned(
        origin=builder.origin,
        entities=len(seen.entities),
        relations=len(seen.relations),
        changes=changes,
    )

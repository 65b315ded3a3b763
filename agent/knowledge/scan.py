"""Scans the company into the graph: every source at once, one that fails not stopping the others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Protocol

import structlog

from agent.errors import ToolError
from agent.model import Entity, Relation, Value
from agent.ports import GraphBuilder

_log = structlog.get_logger(__name__)


class GraphSink(Protocol):
    """Where the graph is kept."""

    async def upsert(self, entities: Iterable[Entity], relations: Iterable[Relation]) -> None:
        """Add what is new and renew what is known."""


class Scanned(Value):
    """What one source gave."""

    origin: str
    entities: int = 0
    relations: int = 0
    problem: str = ""


async def scan(builders: Sequence[GraphBuilder], sink: GraphSink) -> list[Scanned]:
    """Ask every source for what it sees now and keep it."""
    return list(await asyncio.gather(*(_scan_one(b, sink) for b in builders)))


async def _scan_one(builder: GraphBuilder, sink: GraphSink) -> Scanned:
    try:
        entities, relations = await builder.build()
    except ToolError as error:
        _log.warning("scan_failed", origin=builder.origin, problem=str(error))
        return Scanned(origin=builder.origin, problem=str(error))
    await sink.upsert(entities, relations)
    return Scanned(origin=builder.origin, entities=len(entities), relations=len(relations))

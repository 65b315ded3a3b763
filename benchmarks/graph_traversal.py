"""The graph of a large company in PostgreSQL: taking it in, and the ways through it."""

from __future__ import annotations

import asyncio
import gc
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from agent.store.engine import create_engine
from agent.store.repository import Store
from benchmarks.databases import database
from benchmarks.figure import Figure, percentile
from benchmarks.synthetic_company import Company

ENTITIES = 50_000
RELATIONS = 250_000
THREE_HOPS_P95_MS = 50.0
_ASKED = 400
"""How many entities are asked about, each once; a warm-up of other entities goes before."""
_WARM_UP = 60
_LOADING_SECONDS = 120.0
"""The whole company at once is more than the statements of daily work may take."""

Ask = Callable[[str], Awaitable[object]]


def measure() -> list[Figure]:
    """Take the company in, and ask for neighbourhoods, blast radii and explanations."""
    with database() as url:
        return asyncio.run(_measure(url))


async def _measure(url: str) -> list[Figure]:
    engine = create_engine(url, statement_timeout_seconds=_LOADING_SECONDS)
    store = Store(engine)
    try:
        company = Company(ENTITIES, RELATIONS)
        loading = await _loading(store, company)
        await _settle(engine)
        asked = Asked.of(company)
        del company
        _put_aside()
        return loading + await _asking(store, asked)
    finally:
        await store.close()


def _put_aside() -> None:
    """Spare the garbage collector what lives as long as the process: it is not what is measured."""
    gc.collect()
    gc.freeze()


async def _loading(store: Store, company: Company) -> list[Figure]:
    seen = company.seen
    names = ("scan of it all, new", "scan of it all, nothing changed")
    figures = []
    for name in names:
        began = time.perf_counter()
        await store.graph.take("kubernetes", seen)
        figures.append(Figure(name, time.perf_counter() - began, "s"))
    return figures


async def _settle(engine: AsyncEngine) -> None:
    """What autovacuum does within a minute."""
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("VACUUM ANALYZE"))


@dataclass(frozen=True)
class Asked:
    """Keys of the entities that are asked about."""

    entities: list[str]
    services: list[str]
    hubs: list[str]
    popular: list[str]

    @classmethod
    def of(cls, company: Company) -> Asked:
        """Some of each, the same every time."""
        chosen, most = random.Random(7), _WARM_UP + _ASKED
        return cls(
            entities=[e.key for e in chosen.sample(company.seen.entities, most)],
            services=[e.key for e in chosen.sample(company.services, most)],
            hubs=company.hubs,
            popular=company.popular,
        )


async def _asking(store: Store, asked: Asked) -> list[Figure]:
    graph = store.graph
    others = dict(zip(asked.services, reversed(asked.services), strict=True))

    async def near(key: str) -> object:
        return await graph.neighbourhood(key, 3)

    async def breaks(key: str) -> object:
        return await graph.blast_radius(key, True)

    async def needs(key: str) -> object:
        return await graph.blast_radius(key, False)

    async def why(key: str) -> object:
        return await graph.explain(key, others[key])

    figures = await _figures("3 hops around an entity", near, asked.entities, THREE_HOPS_P95_MS)
    figures += await _figures("3 hops around a hub", near, asked.hubs)
    figures += await _figures("what breaks with a service", breaks, asked.services)
    figures += await _figures("what breaks with a hub", breaks, asked.popular)
    figures += await _figures("what a service needs", needs, asked.services)
    return figures + await _figures("why two services are connected", why, asked.services)


async def _figures(
    name: str, ask: Ask, keys: Sequence[str], bound_ms: float | None = None
) -> list[Figure]:
    for key in keys[:_WARM_UP]:
        await ask(key)
    took = []
    for key in keys[_WARM_UP:]:
        began = time.perf_counter()
        await ask(key)
        took.append((time.perf_counter() - began) * 1000)
    return [
        Figure(f"{name}, p50", percentile(took, 0.5), "ms"),
        Figure(f"{name}, p95", percentile(took, 0.95), "ms", bound_ms),
    ]

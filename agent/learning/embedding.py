"""Texts as vectors, where an embeddings endpoint is configured: what means the same is found in other words."""

from __future__ import annotations

from typing import Protocol

import structlog

from agent.store.embeddings import PatternEmbeddings
from agent.store.recalling import words_of

LONGEST_CHARACTERS = 6_000
_log = structlog.get_logger(__name__)


class Embedder(Protocol):
    """An embeddings model."""

    @property
    def model(self) -> str:
        """Its name: vectors of different models are not compared."""

    async def embedded(self, texts: list[str]) -> list[tuple[float, ...]]:
        """The vector of each text; an empty list when the endpoint does not answer."""


async def catch_up(embedder: Embedder, kept: PatternEmbeddings) -> int:
    """Embed the patterns whose words are new; returns how many."""
    missing = await kept.missing(embedder.model)
    if not missing:
        return 0
    vectors = await embedder.embedded([words_of(p)[:LONGEST_CHARACTERS] for p in missing])
    for pattern, vector in zip(missing, vectors, strict=False):
        await kept.keep(pattern, embedder.model, vector)
    return len(vectors)

"""Patterns' words as vectors of an embeddings model."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from agent.model import Pattern
from agent.store.mapping import value_of
from agent.store.recalling import words_of
from agent.store.repositories import Repository
from agent.store.tables import PatternEmbeddingRow, PatternRow


class PatternEmbeddings(Repository):
    """One vector for each pattern and model."""

    async def keep(self, pattern: Pattern, model: str, vector: Sequence[float]) -> None:
        """Keep the vector of the words that the pattern has now."""
        row = {"pattern_id": pattern.id, "model": model, "words": words_of(pattern)}
        statement = insert(PatternEmbeddingRow).values({**row, "vector": list(vector)})
        new = statement.excluded
        async with self._transaction() as tx:
            await tx.execute(
                statement.on_conflict_do_update(
                    index_elements=["pattern_id", "model"],
                    set_={"words": new.words, "vector": new.vector},
                )
            )

    async def missing(self, model: str, limit: int = 50) -> tuple[Pattern, ...]:
        """Patterns that have no vector of the model, or one of words that they no longer have."""
        row, kept = PatternRow, PatternEmbeddingRow
        known = (
            select(kept.pattern_id)
            .where(kept.pattern_id == row.id, kept.model == model, kept.words == row.words)
            .exists()
        )
        statement = select(*row.__table__.c).where(~known).order_by(row.last_seen.desc())
        async with self._transaction() as tx:
            rows = (await tx.execute(statement.limit(limit))).mappings()
            return tuple(value_of(Pattern, r) for r in rows)

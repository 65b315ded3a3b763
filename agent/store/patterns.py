"""What closed investigations taught, in the database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agent.model import Pattern
from agent.store.mapping import row_of, value_of
from agent.store.repositories import Repository
from agent.store.tables import PatternRow, PatternSightingRow

CANDIDATES = 500
"""How many of the latest patterns are compared."""
SYMPTOMS_KEPT = 20
_WORD = re.compile(r"[a-z][a-z0-9]{2,}")
_IDENTITY = ("mode", "entity", "entity_kind", "environment")


class Patterns(Repository):
    """Patterns, one per cause (mode, entity and its kind, environment)."""

    async def learn(self, pattern: Pattern) -> Pattern:
        """Keep a pattern, or strengthen the equal one; an investigation counts once. Returns what is stored."""
        row = row_of(pattern, clean=True)
        identity = [getattr(PatternRow, name) == row[name] for name in _IDENTITY]
        async with self._transaction() as tx:
            await tx.execute(
                insert(PatternRow)
                .values({**row, "times_seen": 0})
                .on_conflict_do_nothing(index_elements=list(_IDENTITY))
            )
            found = await tx.execute(
                select(PatternRow.__table__).where(*identity).with_for_update()
            )
            known = found.mappings().one()
            counted = await tx.execute(
                insert(PatternSightingRow)
                .values(pattern_id=known["id"], investigation=pattern.investigation)
                .on_conflict_do_nothing()
                .returning(PatternSightingRow.pattern_id)
            )
            seen = known["times_seen"] + (0 if counted.first() is None else pattern.times_seen)
            merged = {
                "symptoms": _union(row["symptoms"], known["symptoms"]),
                "checks": _union(row["checks"], known["checks"]),
                "fix": row["fix"] or known["fix"],
                "outcome": row["outcome"] or known["outcome"],
                "times_seen": seen,
                "investigation": pattern.investigation,
                "last_seen": max(pattern.last_seen, known["last_seen"]),
            }
            await tx.execute(update(PatternRow).where(PatternRow.id == known["id"]).values(merged))
            return value_of(Pattern, {**known, **merged})

    async def similar(
        self, *, mode: str = "", symptoms: Sequence[str] = (), entity: str = "", limit: int = 5
    ) -> tuple[Pattern, ...]:
        """The patterns that resemble most, the closest first; none that share nothing."""
        async with self._transaction() as tx:
            return await similar_patterns(
                tx, mode=mode, symptoms=symptoms, entity=entity, limit=limit
            )


async def similar_patterns(
    tx: AsyncSession,
    *,
    mode: str = "",
    symptoms: Sequence[str] = (),
    entity: str = "",
    limit: int = 5,
    learnt_before: datetime | None = None,
) -> tuple[Pattern, ...]:
    """As ``Patterns.similar``, within a transaction."""
    statement = select(PatternRow.__table__).order_by(
        _matches(mode, entity).desc(), PatternRow.last_seen.desc()
    )
    if learnt_before is not None:
        statement = statement.where(PatternRow.last_seen < learnt_before)
    rows = (await tx.execute(statement.limit(CANDIDATES))).mappings()
    wanted = _words(symptoms)
    scored = [
        (_likeness(pattern, mode, wanted, entity), pattern)
        for pattern in (value_of(Pattern, row) for row in rows)
    ]
    close = sorted(
        ((score, p) for score, p in scored if score > 0),
        key=lambda pair: (-pair[0], -pair[1].times_seen, -pair[1].last_seen.timestamp()),
    )
    return tuple(pattern for _, pattern in close[:limit])


def _matches(mode: str, entity: str) -> ColumnElement[int]:
    same_entity = case((PatternRow.entity == func.coalesce(entity or None, "-"), 1), else_=0)
    same_mode = case((PatternRow.mode == func.coalesce(mode or None, "-"), 1), else_=0)
    return same_entity + same_mode


def _likeness(pattern: Pattern, mode: str, wanted: frozenset[str], entity: str) -> float:
    """2 for the same entity, 2 for the same mode, and up to 1 for shared words of the symptoms (Jaccard)."""
    score = 2.0 * (bool(entity) and pattern.entity == entity)
    score += 2.0 * (bool(mode) and pattern.mode == mode)
    words = _words(pattern.symptoms)
    if wanted and words:
        score += len(wanted & words) / len(wanted | words)
    return score


def _words(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(word for text in texts for word in _WORD.findall(text.lower()))


def _union(newer: Sequence[str], older: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*newer, *older]))[:SYMPTOMS_KEPT]

"""Finds the patterns that resemble: by their words, by their features and, where vectors are given, by meaning."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, case, cast, desc, false, func, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Text

from agent.learning.similarity import alike, cosine, fused, rarity, why_alike
from agent.model import Pattern, PatternState, Value
from agent.store.mapping import value_of
from agent.store.tables import PatternEmbeddingRow, PatternRow

CANDIDATES = 300
"""How many patterns are compared."""
LEAST_ALIKE = 0.12
"""Features that have less in common are chance."""
_MOST_WORDS = 40
_WORD = re.compile(r"[a-z][a-z0-9-]{2,}")
_PATTERNS = PatternRow.__table__


class Wanted(Value):
    """What patterns are looked for by; what is empty is not looked at."""

    text: str = ""
    features: tuple[str, ...] = ()
    entity: str = ""
    """At fault, or alerted."""
    mode: str = ""
    vector: tuple[float, ...] = ()
    model: str = ""
    """The embeddings model that ``vector`` is of."""
    learnt_before: datetime | None = None


class _Candidate(NamedTuple):
    pattern: Pattern
    by_words: float
    """Rank of the full text search; 0: no word is the same."""
    is_named: bool


async def recalled(tx: AsyncSession, wanted: Wanted, limit: int = 5) -> tuple[Pattern, ...]:
    """The patterns that resemble most, the closest first, each with why; none that share nothing; none retired."""
    found = {c.pattern.id: c for c in await _candidates(tx, wanted)}
    meant = await _by_meaning(tx, wanted)
    known = {i: c.pattern for i, c in found.items()} | {p.id: p for p in meant}
    weights = rarity(p.features for p in known.values())
    close = {i: alike(wanted.features, p.features, weights) for i, p in known.items()}
    words = {i: c.by_words for i, c in found.items() if c.by_words > 0.0}
    seen = {i: float(c.pattern.times_seen) for i, c in found.items() if c.is_named}
    rankings = [
        *(sorted(r, key=lambda i: (-r[i], -i)) for r in (_above(close), words, seen)),
        [p.id for p in meant],
    ]
    scores = fused(rankings)
    order = sorted(scores, key=lambda i: (-scores[i], -known[i].times_seen, -i))
    return tuple(_told(known[i], wanted, weights, close[i]) for i in order[:limit])


def _above(close: dict[int, float]) -> dict[int, float]:
    return {i: value for i, value in close.items() if value >= LEAST_ALIKE}


def _told(pattern: Pattern, wanted: Wanted, weights: dict[str, float], likeness: float) -> Pattern:
    why = list(why_alike(wanted.features, pattern.features, weights))
    if wanted.entity and wanted.entity in (pattern.entity, pattern.alerted):
        part = "was at fault" if wanted.entity == pattern.entity else "alerted"
        why.insert(0, f"{wanted.entity} {part} then")
    told = tuple(why or ("the words resemble",))
    return pattern.model_copy(update={"why": told, "likeness": round(likeness, 3)})


def _live(wanted: Wanted) -> list[ColumnElement[bool]]:
    live: list[ColumnElement[bool]] = [PatternRow.state != PatternState.RETIRED.value]
    if wanted.learnt_before is not None:
        live.append(PatternRow.last_seen < wanted.learnt_before)
    return live


async def _candidates(tx: AsyncSession, wanted: Wanted) -> list[_Candidate]:
    """What shares a word, a feature or a name, in one look."""
    words = list(dict.fromkeys(_WORD.findall(wanted.text.lower())))[:_MOST_WORDS]
    # The words hold nothing but letters, digits and hyphens; websearch_to_tsquery takes any text.
    query = func.websearch_to_tsquery("english", " or ".join(words))
    asked = cast(list(wanted.features), ARRAY(Text()))
    named = or_(
        false(),
        *([PatternRow.entity == wanted.entity] if wanted.entity else ()),
        *([PatternRow.alerted == wanted.entity] if wanted.entity else ()),
        *([PatternRow.mode == wanted.mode] if wanted.mode else ()),
    )
    matches = PatternRow.search.op("@@", is_comparison=True)(query)
    rank = case((matches, func.ts_rank_cd(PatternRow.search, query, 32)), else_=0.0)
    shares = PatternRow.features.op("&&", is_comparison=True)(asked)
    statement = (
        select(*_PATTERNS.c, rank.label("rank"), named.label("named"))
        .where(*_live(wanted), or_(named, matches, shares))
        .order_by(desc("named"), desc("rank"), PatternRow.last_seen.desc())
        .limit(CANDIDATES)
    )
    return [
        _Candidate(value_of(Pattern, row), float(row["rank"]), bool(row["named"]))
        for row in (await tx.execute(statement)).mappings()
    ]


async def _by_meaning(tx: AsyncSession, wanted: Wanted) -> list[Pattern]:
    if not wanted.vector:
        return []
    row = PatternEmbeddingRow
    if await has_pgvector(tx):
        nearest = text(
            "SELECT pattern_id FROM pattern_embeddings WHERE model = :model"
            " ORDER BY vector::vector <=> CAST(CAST(:asked AS double precision[]) AS vector) LIMIT :most"
        ).bindparams(model=wanted.model, asked=list(wanted.vector), most=CANDIDATES)
        order = [int(r[0]) for r in await tx.execute(nearest)]
    else:
        rows = await tx.execute(select(row.pattern_id, row.vector).where(row.model == wanted.model))
        near = {r.pattern_id: cosine(r.vector, wanted.vector) for r in rows}
        order = sorted(near, key=lambda i: -near[i])[:CANDIDATES]
    rows = await tx.execute(select(*_PATTERNS.c).where(*_live(wanted), PatternRow.id.in_(order)))
    found = [value_of(Pattern, row) for row in rows.mappings()]
    return sorted(found, key=lambda p: order.index(p.id))


async def has_pgvector(tx: AsyncSession) -> bool:
    """Whether the database compares vectors itself."""
    found = await tx.execute(text("SELECT 1 FROM pg_extension WHERE extname = 'vector'"))
    return found.first() is not None


def words_of(pattern: Pattern) -> str:
    """All that a pattern is searched by."""
    parts: Sequence[str] = (
        pattern.mode.replace("_", " "),
        pattern.entity,
        pattern.alerted,
        *pattern.symptoms,
        pattern.fix,
        pattern.fix_note,
    )
    return " ".join(p for p in parts if p)[:20_000]

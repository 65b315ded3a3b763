"""What all sources of a relation make of it, and the mark by which traversal skips what is no longer believed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Text, func, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from agent.knowledge.facts import Belief
from agent.knowledge.truth import believe, stands
from agent.model import Relation
from agent.store.graph.rows import batches, read_relations
from agent.store.tables import RelationRow

Tie = tuple[str, str, str]
"""Source, target and kind."""
_ENDS = tuple_(RelationRow.source, RelationRow.target, RelationRow.kind)


def are(ties: Sequence[Tie]) -> Any:
    """That relations are of some ties (at least one): three parameters, however many there are."""
    columns = (literal(list(column), ARRAY(Text())) for column in zip(*ties, strict=True))
    return _ENDS.in_(select(*map(func.unnest, columns)))


def beliefs_of(relations: Iterable[Relation], now: datetime) -> tuple[Belief, ...]:
    """Relations of any number of ties as beliefs, the most certain first."""
    by_tie: dict[Tie, list[Relation]] = defaultdict(list)
    for relation in relations:
        by_tie[(relation.source, relation.target, relation.kind)].append(relation)
    found = [believe(group, now) for group in by_tie.values()]
    return tuple(sorted(found, key=lambda b: (-b.confidence, b.source, b.target, b.kind)))


async def refresh(tx: AsyncSession, ties: Collection[Tie], now: datetime) -> set[Tie]:
    """Mark these ties anew; returns those that stand no more."""
    fallen: set[Tie] = set()
    for some in batches(sorted(ties), 500):
        relations = await read_relations(tx, are(some))
        beliefs = {(b.source, b.target, b.kind): b for b in beliefs_of(relations, now)}
        for value in (True, False):
            now_so = [t for t, b in beliefs.items() if stands(b) is value]
            if now_so:
                statement = (
                    update(RelationRow)
                    .where(are(now_so), RelationRow.stands.is_(not value))
                    .values(stands=value)
                )
                changed = await tx.execute(
                    statement.returning(RelationRow.source, RelationRow.target, RelationRow.kind)
                )
                if not value:
                    fallen |= {(r[0], r[1], r[2]) for r in changed}
    return fallen

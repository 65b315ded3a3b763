"""People's and investigations' word on relations."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agent.knowledge.facts import ChangeType, EntityChange
from agent.knowledge.truth import ENGINEER
from agent.model import Relation
from agent.redaction import redact
from agent.store.graph.believing import Tie, refresh
from agent.store.graph.journal import record
from agent.store.graph.relating import said
from agent.store.mapping import row_of, storable_text
from agent.store.tables import RelationRow

_WORD = ("evidence", "confidence", "holds", "last_confirmed", "seen_at")


async def assert_relation(
    tx: AsyncSession, tie: Tie, user: str, evidence: str, at: datetime, *, holds: bool
) -> None:
    """An engineer says that it is so, or that it is not; their last word counts."""
    relation = Relation(
        source=tie[0],
        target=tie[1],
        kind=tie[2],
        origin=ENGINEER,
        evidence=storable_text(redact(evidence)),
        holds=holds,
        first_seen=at,
        last_confirmed=at,
    )
    row = {
        **row_of(relation),
        "seen_source": tie[0],
        "seen_target": tie[1],
        "told_by": user,
        "seen_at": at,
    }
    statement = insert(RelationRow).values(row)
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=["seen_source", "seen_target", "kind", "origin", "told_by"],
            set_={n: statement.excluded[n] for n in _WORD} | {"missing_since": None},
            where=RelationRow.last_confirmed <= statement.excluded.last_confirmed,
        )
    )
    await refresh(tx, [tie], at)
    verb = "" if holds else "it is not so that "
    change = EntityChange(
        at=at,
        entity=tie[0],
        other=tie[1],
        type=ChangeType.CORRECTED,
        what=f"an engineer says: {verb}{said(tie)}",
        origin=ENGINEER,
        evidence=evidence,
        key=f"corrected/{user}/{'/'.join(tie)}/{at.isoformat()}",
    )
    await record(tx, [change])


async def confirm(tx: AsyncSession, ties: Iterable[Tie], now: datetime, *, holds: bool) -> None:
    """An investigation found relations so, or not so."""
    wanted = sorted(set(ties))
    step = 1 if holds else -1
    for source, target, kind in wanted:
        await tx.execute(
            update(RelationRow)
            .where(
                RelationRow.source == source,
                RelationRow.target == target,
                RelationRow.kind == kind,
                RelationRow.holds,
            )
            .values(confirmations=RelationRow.confirmations + step)
        )
    await refresh(tx, wanted, now)

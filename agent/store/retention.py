"""What is let go with age, each kind after a time of its own: raw answers, series and what models were shown; journals.

Observations, evidence and findings stay until the whole record goes (``agent.store.forgetting``). While its journal is kept
an investigation can be played again: that holds no raw answer.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, delete, or_, select, tuple_, update
from sqlalchemy.orm import InstrumentedAttribute

from agent.store.exchanges import USED_TO_THE
from agent.store.repositories import Repository
from agent.store.tables import (
    ExchangeRow,
    InvestigationRow,
    JournalRow,
    ModelTextRow,
    StepRow,
)

_BATCH = 500


class Retention(Repository):
    """Lets go of what is too old to be kept."""

    async def empty(self, before: datetime, now: datetime) -> int:
        """Empty what is older than ``before``; returns of how many steps and exchanges.

        A later call finds only what has become too old since.
        """
        kept = or_(StepRow.raw.is_not(None), StepRow.series.is_not(None))
        steps = await self._batches(
            StepRow,
            StepRow.number,
            (StepRow.started_at < before, kept),
            {"raw": None, "series": None, "emptied_at": now},
        )
        exchanges = await self._batches(
            ExchangeRow,
            ExchangeRow.number,
            (ExchangeRow.at < before, ExchangeRow.emptied_at.is_(None)),
            {"emptied_at": now},
        )
        # A text may have been used for so long after the use that is noted.
        unused = delete(ModelTextRow).where(ModelTextRow.used_at < before - USED_TO_THE)
        async with self._transaction() as tx:
            await tx.execute(unused)
        return steps + exchanges

    async def journals(self, before: datetime) -> int:
        """Let go of the journals of investigations that ended before a time; returns how many entries."""
        ended = select(InvestigationRow.id).where(InvestigationRow.ended_at < before)
        entry = (JournalRow.investigation_id, JournalRow.position)
        some = select(*entry).where(JournalRow.investigation_id.in_(ended)).limit(_BATCH)
        count = 0
        while True:
            async with self._transaction() as tx:
                done = await tx.execute(delete(JournalRow).where(tuple_(*entry).in_(some)))
            assert isinstance(done, CursorResult)
            count += done.rowcount
            if done.rowcount < _BATCH:
                return count

    async def _batches(
        self,
        row: type[StepRow] | type[ExchangeRow],
        number: InstrumentedAttribute[int],
        old: tuple[ColumnElement[bool], ...],
        values: dict[str, Any],
    ) -> int:
        """Few rows a transaction, so that nobody waits for it."""
        count, key = 0, (row.investigation_id, number)
        while True:
            some = select(*key).where(*old).limit(_BATCH)
            async with self._transaction() as tx:
                done = await tx.execute(
                    update(row).where(tuple_(*key).in_(some), *old).values(values)
                )
            assert isinstance(done, CursorResult)
            count += done.rowcount
            if done.rowcount < _BATCH:
                return count

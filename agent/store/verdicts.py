"""Verdicts on closed investigations, in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agent.learning import calibration
from agent.learning.calibration import Calibration, Judged
from agent.learning.trust import RIGHT_FROM, WRONG_BELOW
from agent.model import Verdict
from agent.store.mapping import row_of, value_of
from agent.store.repositories import Repository
from agent.store.tables import VerdictRow

MOST = 2000
"""How many of the latest verdicts are read at once."""


class Verdicts(Repository):
    """One per investigation: the last one reached."""

    async def save(
        self, verdict: Verdict, looks: int, *, session: AsyncSession | None = None
    ) -> None:
        """Keep a verdict, in place of an earlier one on the same investigation.

        Args:
            verdict: the verdict.
            looks: how many of the times after the end at which it is looked are done.
            session: a transaction to take part in.
        """
        row = {**row_of(verdict, clean=True), "looks": looks}
        statement = insert(VerdictRow).values(row)
        changed = {name: statement.excluded[name] for name in row if name != "investigation"}
        async with self._transaction(session) as tx:
            await tx.execute(
                statement.on_conflict_do_update(index_elements=["investigation"], set_=changed)
            )

    async def of(self, investigation: int) -> Verdict | None:
        """The verdict on an investigation, if there is one."""
        statement = select(VerdictRow.__table__).where(VerdictRow.investigation == investigation)
        async with self._transaction() as tx:
            row = (await tx.execute(statement)).mappings().first()
        return None if row is None else value_of(Verdict, row)

    async def latest(
        self, *, mode: str = "", before: datetime | None = None, limit: int = MOST
    ) -> Sequence[Verdict]:
        """The latest verdicts, newest first.

        Args:
            mode: only on findings of this mode.
            before: only those reached before.
            limit: how many at most.
        """
        statement = select(VerdictRow.__table__)
        if mode:
            statement = statement.where(VerdictRow.mode == mode)
        if before is not None:
            statement = statement.where(VerdictRow.graded_at < before)
        statement = statement.order_by(VerdictRow.graded_at.desc(), VerdictRow.investigation.desc())
        async with self._transaction() as tx:
            rows = (await tx.execute(statement.limit(limit))).mappings().all()
        return [value_of(Verdict, row) for row in rows]

    async def judged(self) -> Sequence[Judged]:
        """The latest findings of which it is clear whether they were right, with what they said of themselves."""
        row = VerdictRow
        clear = or_(row.probability <= WRONG_BELOW, row.probability >= RIGHT_FROM)
        statement = (
            select(row.mode, row.confidence, row.probability)
            .where(clear, row.disputed.is_(False))
            .order_by(row.graded_at.desc())
            .limit(MOST)
        )
        async with self._transaction() as tx:
            found = await tx.execute(statement)
            return [Judged(mode, said, right >= RIGHT_FROM) for mode, said, right in found]

    async def calibration(self) -> Calibration:
        """What the verdicts so far make of the confidence of findings."""
        return calibration.fit(await self.judged())

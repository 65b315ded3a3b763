"""Verdicts on closed investigations, in the database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Text, cast, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agent.learning import calibration
from agent.learning.calibration import Calibration, Judged
from agent.learning.trust import RIGHT_FROM, WRONG_BELOW
from agent.model import AlertState, Ending, InvestigationStatus, SignalKind, Verdict
from agent.store.mapping import row_of, value_of
from agent.store.repositories import Repository
from agent.store.tables import FeedbackRow, FindingRow, InvestigationRow, SignalRow, VerdictRow

MOST = 2000
"""How many of the latest verdicts make the calibration."""
MOST_DUE = 50
"""How many investigations are looked back on at once; the others wait for the next time."""
_OVER = (InvestigationStatus.CLOSED.value, InvestigationStatus.STOPPED.value)


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

    async def disputed(self, limit: int) -> Sequence[Verdict]:
        """The latest of those that are disputed, newest first."""
        row = VerdictRow
        statement = (
            select(row.__table__)
            .where(row.disputed)
            .order_by(row.graded_at.desc(), row.investigation.desc())
            .limit(limit)
        )
        async with self._transaction() as tx:
            rows = (await tx.execute(statement)).mappings().all()
        return [value_of(Verdict, row) for row in rows]

    async def due(
        self, now: datetime, after_seconds: Sequence[float], since: datetime
    ) -> Sequence[tuple[int, int]]:
        """The closed investigations to look back on now, with how many looks are due by now.

        Those that found a cause, once each of the times after their end is over, and from the first one on whenever a
        person said since the last look whether it was right.

        Args:
            now: the present.
            after_seconds: the times after the end, in order.
            since: those that ended before are left alone.
        """
        head, row = InvestigationRow, VerdictRow
        said = exists().where(
            FeedbackRow.subject_kind == "finding",
            FeedbackRow.subject_id == cast(head.id, Text),
            FeedbackRow.at > row.graded_at,
        )
        looks = [
            (func.coalesce(row.looks, 0) <= place)
            & (head.ended_at <= now - timedelta(seconds=seconds))
            for place, seconds in enumerate(after_seconds)
        ]
        statement = (
            select(head.id, head.ended_at)
            .join(FindingRow, FindingRow.investigation_id == head.id)
            .outerjoin(row, row.investigation == head.id)
            .where(
                head.status.in_(_OVER),
                head.ended_at >= since,
                FindingRow.ending == Ending.CAUSE_FOUND.value,
                or_(said, *looks),
            )
            .order_by(head.ended_at)
            .limit(MOST_DUE)
        )
        async with self._transaction() as tx:
            found = await tx.execute(statement)
            return [
                (number, sum((now - ended).total_seconds() >= s for s in after_seconds))
                for number, ended in found
                if ended is not None
            ]

    async def alerted(
        self, services: Collection[str], since: datetime, until: datetime
    ) -> frozenset[str]:
        """Which of these services an alert began at between two moments."""
        row = SignalRow
        statement = select(row.service).where(
            row.kind == SignalKind.ALERT.value,
            row.state == AlertState.TRIGGERED.value,
            row.service.in_(services),
            row.occurred_at.between(since, until),
        )
        async with self._transaction() as tx:
            return frozenset((await tx.execute(statement)).scalars())

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

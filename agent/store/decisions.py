"""Triage decisions in the database, and the experience that weighs on the next ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Table, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agent.awareness.issues import Decided
from agent.model import AlertState, Decision, Signal
from agent.redaction import redact
from agent.store.mapping import row_of, storable_text, value_of
from agent.store.repositories import Repository
from agent.store.tables import ExperienceRow, IssueRow, TriageDecisionRow

DECISIONS: Table = TriageDecisionRow.__table__  # type: ignore[assignment]
_SPEAKING = (AlertState.TRIGGERED.value, AlertState.WARNING.value, AlertState.NO_DATA.value)
_MOST_EXPERIENCES = 500
"""Of one combination, the latest; older ones weigh little."""


class Experience(NamedTuple):
    """One thing that happened with signals of a combination."""

    subject: str
    """What it is about, such as ``signal:<key>``, ``investigation:7``, ``decision:3``."""
    user: str
    """Whose word it is; empty for what was seen."""
    combination: str
    kind: str
    """One of ``agent.awareness.history.Happened``."""
    at: datetime


class Kept(NamedTuple):
    """What of a decision is kept beside it."""

    decided: Decided
    critical: bool
    """Whether it is on a tier 1 service in production."""


class Decisions(Repository):
    """What was decided on each signal, once."""

    async def add(
        self,
        decided: Decided,
        signal: Signal,
        *,
        critical: bool,
        duplicate: bool,
        session: AsyncSession,
    ) -> int:
        """Keep a decision (its ``id`` is given here); returns its number."""
        values = row_of(decided, without={"id"}) | {
            "title": storable_text(redact(decided.title)),
            "fingerprint": storable_text(signal.fingerprint),
            "state": signal.state.value,
            "critical": critical,
            "duplicate": duplicate,
        }
        statement = insert(TriageDecisionRow).values(values)
        added = await session.execute(statement.returning(TriageDecisionRow.id))
        return int(added.scalar_one())

    async def get(self, decision: int) -> Decided | None:
        """The decision of that number."""
        kept = await self.kept(decision)
        return kept.decided if kept else None

    async def kept(self, decision: int) -> Kept | None:
        """The decision of that number, with what it was about."""
        statement = select(DECISIONS).where(TriageDecisionRow.id == decision)
        async with self._transaction() as tx:
            row = (await tx.execute(statement)).mappings().first()
        return None if row is None else Kept(value_of(Decided, row), row["critical"])

    async def of_signal(self, key: str, *, session: AsyncSession | None = None) -> Decided | None:
        """What was decided on a signal."""
        statement = select(DECISIONS).where(TriageDecisionRow.signal == key)
        async with self._transaction(session) as tx:
            row = (await tx.execute(statement)).mappings().first()
        return None if row is None else value_of(Decided, row)

    async def quiet(
        self, since: datetime, until: datetime | None = None, *, undigested: bool = False
    ) -> list[Decided]:
        """What nobody was told of, oldest first: watched or left alone, and not part of what was looked into.

        Args:
            since: the earliest moment of decision.
            until: the latest; None: no bound.
            undigested: only what no digest has shown.
        """
        looked_into = TriageDecisionRow.issue == IssueRow.id
        statement = (
            select(DECISIONS)
            .outerjoin(IssueRow, looked_into)
            .where(
                TriageDecisionRow.decision != Decision.INVESTIGATE.value,
                TriageDecisionRow.state.in_(_SPEAKING),
                TriageDecisionRow.duplicate.is_(False),
                TriageDecisionRow.at >= since,
                or_(IssueRow.id.is_(None), IssueRow.investigation.is_(None)),
            )
            .order_by(TriageDecisionRow.at)
        )
        if until is not None:
            statement = statement.where(TriageDecisionRow.at < until)
        if undigested:
            statement = statement.where(TriageDecisionRow.told_at.is_(None))
        async with self._transaction() as tx:
            rows = (await tx.execute(statement)).mappings().all()
        return [value_of(Decided, row) for row in rows]

    async def mark_told(self, decisions: Sequence[int], at: datetime) -> None:
        """A digest showed them."""
        async with self._transaction() as tx:
            await tx.execute(
                update(TriageDecisionRow)
                .where(TriageDecisionRow.id.in_(decisions), TriageDecisionRow.told_at.is_(None))
                .values(told_at=at)
            )

    async def seen(
        self, combination: str, since: datetime, *, session: AsyncSession | None = None
    ) -> int:
        """How often a combination was triggered since then, repeats apart."""
        count = select(func.count()).where(
            TriageDecisionRow.combination == combination,
            TriageDecisionRow.state == AlertState.TRIGGERED.value,
            TriageDecisionRow.duplicate.is_(False),
            TriageDecisionRow.at >= since,
        )
        async with self._transaction(session) as tx:
            return await tx.scalar(count) or 0

    async def recover(
        self, fingerprint: str, at: datetime, since: datetime, *, session: AsyncSession
    ) -> list[Decided]:
        """Note that an alert is over on the decisions that it was still firing for; returns those on its triggers."""
        statement = (
            update(TriageDecisionRow)
            .where(
                TriageDecisionRow.fingerprint == fingerprint,
                TriageDecisionRow.recovered_at.is_(None),
                TriageDecisionRow.at.between(since, at),
                TriageDecisionRow.state == AlertState.TRIGGERED.value,
                TriageDecisionRow.duplicate.is_(False),
            )
            .values(recovered_at=at)
            .returning(*DECISIONS.c)
        )
        rows = (await session.execute(statement)).mappings().all()
        return [value_of(Decided, row) for row in rows]


class Experiences(Repository):
    """What happened with signals of each combination; a person's last word on one thing counts."""

    async def add(self, experience: Experience, *, session: AsyncSession | None = None) -> None:
        """Keep it, unless something later is known on the same subject from the same person."""
        row = {
            k: storable_text(v) if isinstance(v, str) else v
            for k, v in experience._asdict().items()
        }
        statement = insert(ExperienceRow).values(row)
        async with self._transaction(session) as tx:
            await tx.execute(
                statement.on_conflict_do_update(
                    index_elements=["subject", "user"],
                    set_={n: statement.excluded[n] for n in ("combination", "kind", "at")},
                    where=ExperienceRow.at <= statement.excluded.at,
                )
            )

    async def of(
        self, combination: str, since: datetime, *, session: AsyncSession | None = None
    ) -> list[Experience]:
        """What happened with a combination since then, the latest first."""
        columns = [getattr(ExperienceRow, name) for name in Experience._fields]
        statement = (
            select(*columns)
            .where(ExperienceRow.combination == combination, ExperienceRow.at >= since)
            .order_by(ExperienceRow.at.desc())
            .limit(_MOST_EXPERIENCES)
        )
        async with self._transaction(session) as tx:
            return [Experience(*row) for row in await tx.execute(statement)]

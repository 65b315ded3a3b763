"""Issues in the database: signals that belong together, changed one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy import ColumnElement, Table, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agent.awareness.issues import Issue, IssueStatus, Joined
from agent.model import AlertState, Conversation, Signal, SignalKind
from agent.store.engine import Sessions
from agent.store.mapping import row_of, storable_text, value_of
from agent.store.repositories import Repository
from agent.store.tables import IssueRow, IssueSignalRow

ISSUES: Table = IssueRow.__table__  # type: ignore[assignment]
TURN_LOCK = 7_303_014_901
"""The advisory lock that orders changes of Issues across processes."""
_OPEN = IssueRow.status == IssueStatus.OPEN.value


class Issues(Repository):
    """Signals that belong together, one Issue each."""

    def __init__(self, sessions: Sessions) -> None:
        super().__init__(sessions)
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def in_turn(self) -> AsyncIterator[AsyncSession]:
        """A transaction in which nobody else correlates: of two signals one is the first.

        Within a process tasks wait for each other before they take a connection, so that a storm leaves the pool to
        others; between processes PostgreSQL's advisory lock does it.
        """
        async with self._turn, self._sessions.begin() as tx:
            await tx.execute(select(func.pg_advisory_xact_lock(TURN_LOCK)))
            yield tx

    async def get(self, issue: int, *, session: AsyncSession | None = None) -> Issue | None:
        """The Issue of that number."""
        return await self._first(IssueRow.id == issue, session=session)

    async def of_investigation(self, investigation: int) -> Issue | None:
        """The Issue that an investigation looks into."""
        return await self._first(IssueRow.investigation == investigation)

    async def of_signal(self, key: str, *, session: AsyncSession | None = None) -> Joined | None:
        """The Issue that a signal belongs to, and why."""
        statement = (
            select(
                ISSUES,
                IssueSignalRow.opened.label("signal_opened"),
                IssueSignalRow.duplicate.label("signal_duplicate"),
                IssueSignalRow.reason.label("signal_reason"),
            )
            .join(IssueSignalRow, IssueSignalRow.issue_id == IssueRow.id)
            .where(IssueSignalRow.signal_key == key)
        )
        async with self._transaction(session) as tx:
            row = (await tx.execute(statement)).mappings().first()
        if row is None:
            return None
        return Joined(
            issue=value_of(Issue, row),
            opened=row["signal_opened"],
            duplicate=row["signal_duplicate"],
            reason=row["signal_reason"],
        )

    async def open_ones(self) -> list[Issue]:
        """The Issues that are open, the latest heard of first."""
        return await self._all(_OPEN)

    async def candidates(
        self, environment: str, since: datetime, *, session: AsyncSession
    ) -> list[Issue]:
        """The open Issues of an environment that were heard of since then."""
        return await self._all(
            _OPEN,
            IssueRow.environment == environment,
            IssueRow.last_signal_at >= since,
            session=session,
        )

    async def of_fingerprint(
        self, fingerprint: str, since: datetime, *, session: AsyncSession
    ) -> Issue | None:
        """The latest Issue that knows an alert and is open, or recovered since then."""
        known = select(IssueSignalRow.issue_id).where(IssueSignalRow.fingerprint == fingerprint)
        recovered = IssueRow.status == IssueStatus.RECOVERED.value
        found = await self._all(
            IssueRow.id.in_(known),
            or_(_OPEN, recovered & (IssueRow.closed_at >= since)),
            session=session,
        )
        return next(iter(sorted(found, key=lambda i: i.status is not IssueStatus.OPEN)), None)

    async def add(self, issue: Issue, *, session: AsyncSession) -> Issue:
        """Keep a new Issue; returns it with its number."""
        values = row_of(issue, without={"id"}, clean=True)
        number = await session.scalar(insert(IssueRow).values(values).returning(IssueRow.id))
        return issue.model_copy(update={"id": number})

    async def save(self, issue: Issue, *, session: AsyncSession | None = None) -> None:
        """An Issue as it stands now."""
        values = row_of(issue, without={"id", "kind", "title", "environment", "opened_at"})
        async with self._transaction(session) as tx:
            await tx.execute(update(IssueRow).where(IssueRow.id == issue.id).values(values))

    async def add_signal(self, joined: Joined, signal: Signal, *, session: AsyncSession) -> None:
        """Note that a signal belongs to an Issue."""
        values = {
            "signal_key": signal.key,
            "issue_id": joined.issue.id,
            "reason": storable_text(joined.reason),
            "opened": joined.opened,
            "duplicate": joined.duplicate,
            "kind": signal.kind.value,
            "state": signal.state.value,
            "fingerprint": storable_text(signal.fingerprint),
            "service": storable_text(signal.service),
            "at": signal.occurred_at,
        }
        await session.execute(insert(IssueSignalRow).values(values).on_conflict_do_nothing())

    async def triggers(self, fingerprint: str, since: datetime, *, session: AsyncSession) -> int:
        """How often an alert was triggered since then, repeats apart."""
        count = select(func.count()).where(
            IssueSignalRow.fingerprint == fingerprint,
            IssueSignalRow.state == AlertState.TRIGGERED.value,
            IssueSignalRow.duplicate.is_(False),
            IssueSignalRow.at >= since,
        )
        return await session.scalar(count) or 0

    async def services_of(self, issue: int) -> tuple[str, ...]:
        """Names of the services that its alerts and tickets name."""
        told = (SignalKind.ALERT.value, SignalKind.TICKET.value, SignalKind.EMERGING.value)
        statement = (
            select(IssueSignalRow.service)
            .where(
                IssueSignalRow.issue_id == issue,
                IssueSignalRow.service != "",
                IssueSignalRow.kind.in_(told),
            )
            .distinct()
            .order_by(IssueSignalRow.service)
        )
        async with self._transaction() as tx:
            return tuple((await tx.execute(statement)).scalars())

    async def set_conversation(self, issue: int, conversation: Conversation) -> None:
        """Where it is talked about."""
        place = conversation.model_dump(mode="json")
        async with self._transaction() as tx:
            await tx.execute(
                update(IssueRow).where(IssueRow.id == issue).values(conversation=place)
            )

    async def close(self, issue: int, status: IssueStatus, at: datetime) -> None:
        """An open Issue is over."""
        async with self._transaction() as tx:
            await tx.execute(
                update(IssueRow)
                .where(IssueRow.id == issue, _OPEN)
                .values(status=status.value, closed_at=at)
            )

    async def expire(self, heard_before: datetime, at: datetime) -> int:
        """Close what nothing was heard of since ``heard_before``; returns how many."""
        async with self._transaction() as tx:
            done = await tx.execute(
                update(IssueRow)
                .where(_OPEN, IssueRow.last_signal_at < heard_before)
                .values(status=IssueStatus.EXPIRED.value, closed_at=at)
                .returning(IssueRow.id)
            )
            return len(done.all())

    async def _all(
        self, *conditions: ColumnElement[bool], session: AsyncSession | None = None
    ) -> list[Issue]:
        statement = select(ISSUES).where(*conditions).order_by(IssueRow.last_signal_at.desc())
        async with self._transaction(session) as tx:
            rows: Sequence = (await tx.execute(statement)).mappings().all()  # type: ignore[type-arg]
        return [value_of(Issue, row) for row in rows]

    async def _first(
        self, condition: ColumnElement[bool], *, session: AsyncSession | None = None
    ) -> Issue | None:
        found = await self._all(condition, session=session)
        return found[0] if found else None

"""Investigations in the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agent.errors import SrebotError
from agent.model import (
    Budget,
    Conversation,
    Entity,
    Investigation,
    InvestigationStatus,
    Relation,
    Signal,
    SignalKind,
    Spent,
    Triage,
)
from agent.redaction import redact_data
from agent.store.mapping import row_of, storable, value_of
from agent.store.repositories import Repository
from agent.store.signals import SIGNALS
from agent.store.tables import InvestigationRow, SignalRow

ENDED = (
    InvestigationStatus.CLOSED.value,
    InvestigationStatus.STOPPED.value,
    InvestigationStatus.FAILED.value,
)
_SIGNAL = "signal_"


def joined() -> Select[Any]:
    """Investigations with their signal, whose columns carry a prefix."""
    signal = [column.label(_SIGNAL + column.name) for column in SIGNALS.c]
    return select(InvestigationRow.__table__, *signal).join(
        SignalRow, SignalRow.key == InvestigationRow.signal_key
    )


def investigation_of(row: Mapping[str, Any]) -> Investigation:
    """The investigation that a row of ``joined`` holds."""
    signal = {c.name: row[_SIGNAL + c.name] for c in SIGNALS.c}
    place = row["channel"]
    return value_of(
        Investigation,
        row,
        signal=value_of(Signal, signal),
        conversation=None if place is None else Conversation(channel=place, thread=row["thread"]),
    )


class Investigations(Repository):
    """Inquiries into signals, one per deduplication key."""

    async def open(
        self,
        signal: Signal,
        triage: Triage,
        budget: Budget,
        dedup_key: str,
        now: datetime,
        *,
        session: AsyncSession | None = None,
    ) -> tuple[Investigation, bool]:
        """The investigation of that key, and whether this call opened it. The signal is kept as well."""
        place = signal.conversation
        values = {
            "dedup_key": dedup_key,
            "signal_key": signal.key,
            "triage": storable(triage.model_dump(mode="json")),
            "budget": budget.model_dump(mode="json"),
            "spent": Spent().model_dump(mode="json"),
            "status": InvestigationStatus.RUNNING.value,
            "channel": place.channel if place else None,
            "thread": place.thread if place else None,
            "started_at": now,
        }
        async with self._transaction(session) as tx:
            await tx.execute(
                insert(SignalRow).values(row_of(signal, clean=True)).on_conflict_do_nothing()
            )
            opened = await tx.execute(
                insert(InvestigationRow)
                .values(values)
                .on_conflict_do_nothing(index_elements=["dedup_key"])
                .returning(InvestigationRow.id)
            )
            fresh = opened.first() is not None
            found = await tx.execute(joined().where(InvestigationRow.dedup_key == dedup_key))
            return investigation_of(found.mappings().one()), fresh

    async def get(
        self, investigation: int, *, session: AsyncSession | None = None
    ) -> Investigation:
        """The investigation of that number.

        Raises:
            SrebotError: there is none.
        """
        statement = joined().where(InvestigationRow.id == investigation)
        found = await self._first(statement, session)
        if found is None:
            raise SrebotError(f"There is no investigation {investigation}.")
        return found

    async def by_thread(self, channel: str, thread: str) -> Investigation | None:
        """What a thread is about: an investigation that has not ended before those that have, those before questions asked
        beside them, and of these the latest."""
        return await self._first(
            joined()
            .where(InvestigationRow.channel == channel, InvestigationRow.thread == thread)
            .order_by(
                InvestigationRow.status.in_(ENDED),
                SignalRow.kind == SignalKind.QUESTION.value,
                InvestigationRow.id.desc(),
            )
        )

    async def by_fingerprint_open(self, fingerprint: str) -> Investigation | None:
        """The latest investigation into an alert that has not ended."""
        return await self._first(
            joined()
            .where(SignalRow.fingerprint == fingerprint, InvestigationRow.status.not_in(ENDED))
            .order_by(InvestigationRow.id.desc())
        )

    async def list(
        self, limit: int = 50, status: InvestigationStatus | None = None
    ) -> list[Investigation]:
        """The latest investigations, newest first."""
        statement = joined().order_by(InvestigationRow.id.desc()).limit(limit)
        if status is not None:
            statement = statement.where(InvestigationRow.status == status.value)
        async with self._transaction() as tx:
            rows = (await tx.execute(statement)).mappings().all()
        return [investigation_of(row) for row in rows]

    async def set_status(
        self, investigation: int, status: InvestigationStatus, ended_at: datetime | None = None
    ) -> None:
        """Where it stands now; ``ended_at`` is kept when None is given."""
        ended = {} if ended_at is None else {"ended_at": ended_at}
        await self._update(investigation, status=status.value, **ended)

    async def set_conversation(self, investigation: int, conversation: Conversation) -> None:
        """Where people are answered."""
        await self._update(investigation, channel=conversation.channel, thread=conversation.thread)

    async def set_reasoner(self, investigation: int, name: str) -> None:
        """Which reasoner is at work."""
        await self._update(investigation, reasoner=name)

    async def set_workflow(self, investigation: int, workflow_id: str) -> None:
        """Which durable workflow carries it."""
        await self._update(investigation, workflow_id=workflow_id)

    async def workflow(self, investigation: int) -> str:
        """The id of the durable workflow that carries it; empty when it has none."""
        statement = select(InvestigationRow.workflow_id).where(InvestigationRow.id == investigation)
        async with self._transaction() as tx:
            return await tx.scalar(statement) or ""

    async def reopen(self, investigation: int, workflow_id: str) -> bool:
        """Have it run again, carried by that workflow; False when it is under way already, by another's words.

        Repeating it for the same workflow gives the same answer.
        """
        row = InvestigationRow
        rests = row.status.in_((*ENDED, InvestigationStatus.WAITING_FOR_INPUT.value))
        values = {
            "status": InvestigationStatus.RUNNING.value,
            "workflow_id": workflow_id,
            "ended_at": None,
        }
        async with self._transaction() as tx:
            await tx.execute(update(row).where(row.id == investigation, rests).values(values))
            carried_by = await tx.scalar(select(row.workflow_id).where(row.id == investigation))
        return carried_by == workflow_id

    async def spend(self, investigation: int, spent: Spent) -> None:
        """What it has spent in all so far."""
        await self._update(investigation, spent=spent.model_dump(mode="json"))

    async def set_neighbourhood(
        self, investigation: int, entities: Sequence[Entity], relations: Sequence[Relation]
    ) -> None:
        """The part of the graph that it looks at, as it was when it was looked up."""
        await self._update(
            investigation,
            entities=storable([redact_data(e.model_dump(mode="json")) for e in entities]),
            relations=storable([redact_data(r.model_dump(mode="json")) for r in relations]),
        )

    async def _update(self, investigation: int, **values: Any) -> None:
        async with self._transaction() as tx:
            await tx.execute(
                update(InvestigationRow).where(InvestigationRow.id == investigation).values(values)
            )

    async def _first(
        self, statement: Select[Any], session: AsyncSession | None = None
    ) -> Investigation | None:
        async with self._transaction(session) as tx:
            row = (await tx.execute(statement.limit(1))).mappings().first()
        return None if row is None else investigation_of(row)

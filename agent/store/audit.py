"""The audit log: append-only, each entry holding the hash of the one before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Text, and_, cast, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agent.model import Json
from agent.redaction import redact_data
from agent.store.mapping import storable
from agent.store.repositories import Repository
from agent.store.tables import AuditRow, ProposalRow

AUDIT_LOCK = 7_303_014_001
"""The advisory lock under which the chain grows."""
_PAGE = 1_000


class AuditEntry(NamedTuple):
    """Who did what to what, and when."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: Json
    previous_hash: str
    hash: str


class Chain(NamedTuple):
    """What recomputing the chain showed."""

    entries: int
    """Entries that fit."""
    head: str
    """The hash of the last that does; empty: of none."""
    broken: int | None
    """The number of the first that does not fit; None: all do."""
    expected_met: bool
    """Whether the hash that was asked for is in the chain."""


class Which(NamedTuple):
    """Which entries are wanted."""

    since: datetime | None = None
    until: datetime | None = None
    """Up to before then."""
    investigation: int | None = None


class Audit(Repository):
    """What people and srebot did, for ever."""

    async def append(
        self,
        actor: str,
        action: str,
        subject: str,
        details: Json,
        at: datetime,
        *,
        session: AsyncSession | None = None,
    ) -> int:
        """Add an entry to the chain; returns its number."""
        kept = storable(redact_data(details))
        async with self._transaction(session) as tx:
            await tx.execute(select(func.pg_advisory_xact_lock(AUDIT_LOCK)))
            last = select(AuditRow.hash).order_by(AuditRow.id.desc()).limit(1)
            previous = await tx.scalar(last) or ""
            row = {
                "at": at,
                "actor": actor,
                "action": action,
                "subject": subject,
                "details": kept,
                "previous_hash": previous,
                "hash": digest(previous, at, actor, action, subject, kept),
            }
            added = await tx.execute(insert(AuditRow).values(row).returning(AuditRow.id))
            return added.scalar_one()

    async def verify(self) -> int | None:
        """The number of the first entry that does not fit the chain; None when all do."""
        return (await self.chain()).broken

    async def chain(self, expected: str = "") -> Chain:
        """Recompute the whole chain.

        ``expected`` is the hash of a head that was noted before. Entries cut off at the end leave a chain that fits, so only
        a head kept elsewhere tells: it has to be in the chain still.
        """
        previous, count, met = "", 0, not expected
        async for entry in self.read():
            if entry.previous_hash != previous or entry.hash != digest(previous, *entry[1:6]):
                return Chain(count, previous, entry.id, met)
            previous, count, met = entry.hash, count + 1, met or entry.hash == expected
        return Chain(count, previous, None, met)

    async def read(self, which: Which | None = None) -> AsyncIterator[AuditEntry]:
        """Entries in their order, a page at a time: however long the log is, little of it is in memory."""
        last, conditions = 0, _conditions(which or Which())
        while True:
            async with self._transaction() as tx:
                where = and_(AuditRow.id > last, *conditions)
                page = await _entries(tx, where, AuditRow.id.asc(), _PAGE)
            for entry in page:
                yield entry
            if len(page) < _PAGE:
                return
            last = page[-1].id

    async def has(self, action: str, subject: str) -> bool:
        """Whether something was done to a subject."""
        found = select(AuditRow.id).where(AuditRow.subject == subject, AuditRow.action == action)
        async with self._transaction() as tx:
            return await tx.scalar(found.limit(1)) is not None

    async def entries(self, limit: int = 100) -> Sequence[AuditEntry]:
        """The latest entries, newest first."""
        async with self._transaction() as tx:
            return await _entries(tx, AuditRow.id > 0, AuditRow.id.desc(), limit)


def digest(
    previous: str, at: datetime, actor: str, action: str, subject: str, details: Json
) -> str:
    """SHA-256 over an entry and the hash of the one before it."""
    content = [previous, at.astimezone(UTC).isoformat(), actor, action, subject, details]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _conditions(which: Which) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if which.since is not None:
        wanted.append(AuditRow.at >= which.since)
    if which.until is not None:
        wanted.append(AuditRow.at < which.until)
    if (number := which.investigation) is not None:
        proposed = select("proposal:" + cast(ProposalRow.id, Text)).where(
            ProposalRow.investigation == number
        )
        wanted.append(
            or_(
                AuditRow.subject == f"investigation:{number}",
                AuditRow.subject.in_(proposed),
                AuditRow.details["investigation"].as_string() == str(number),
            )
        )
    return wanted


async def _entries(
    tx: AsyncSession, where: object, order: object, limit: int
) -> Sequence[AuditEntry]:
    columns = [getattr(AuditRow, name) for name in AuditEntry._fields]
    statement = select(*columns).where(where).order_by(order).limit(limit)  # type: ignore[arg-type]
    return [AuditEntry(*row) for row in await tx.execute(statement)]

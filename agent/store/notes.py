"""Statements about entities that engineers had kept: shown as what people said, obeyed by nobody."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agent.model import EntityNote
from agent.redaction import redact
from agent.store.audit import Audit
from agent.store.mapping import storable_text
from agent.store.repositories import Repository
from agent.store.tables import EntityNoteRow

LONGEST = 500
"""Characters of a note."""
_MOST = 20


class EntityNotes(Repository):
    """Notes on entities, one for each text."""

    async def keep(self, note: EntityNote, kept_by: str, investigation: int) -> bool:
        """Keep a note once, in the audit log as well; False when it is kept already."""
        text = storable_text(redact(" ".join(note.text.split())))[:LONGEST]
        values = {
            "entity": note.entity,
            "text": text,
            "author": note.author,
            "kept_by": kept_by,
            "link": note.link,
            "investigation": investigation,
            "at": note.at,
        }
        statement = insert(EntityNoteRow).values(values)
        again = {"removed_at": None, "kept_by": kept_by}
        statement = statement.on_conflict_do_update(
            index_elements=["entity", "text"],
            set_=again,
            where=EntityNoteRow.removed_at.is_not(None),
        )
        async with self._transaction() as tx:
            kept = await tx.execute(statement.returning(EntityNoteRow.id))
            row = kept.first()
            if row is not None:
                await self._audit(tx, kept_by, "note_kept", note.entity, text, note.at)
            return row is not None

    async def of(self, entities: Iterable[str]) -> tuple[EntityNote, ...]:
        """The notes on entities (by their keys), the newest first."""
        row = EntityNoteRow
        statement = (
            select(row.entity, row.text, row.author, row.link, row.at)
            .where(row.entity.in_(tuple(entities)), row.removed_at.is_(None))
            .order_by(row.at.desc())
            .limit(_MOST)
        )
        async with self._transaction() as tx:
            return tuple(
                EntityNote(entity=r.entity, text=r.text, author=r.author, link=r.link, at=r.at)
                for r in await tx.execute(statement)
            )

    async def remove(self, entity: str, text: str, user: str, at: datetime) -> bool:
        """No longer show a note; False when there is none."""
        row = EntityNoteRow
        gone = update(row).where(row.entity == entity, row.text == text, row.removed_at.is_(None))
        async with self._transaction() as tx:
            removed = await tx.execute(gone.values(removed_at=at).returning(row.id))
            if removed.first() is None:
                return False
            await self._audit(tx, user, "note_removed", entity, text, at)
            return True

    async def _audit(
        self, tx: AsyncSession, user: str, action: str, entity: str, text: str, at: datetime
    ) -> None:
        details = {"text": text}
        await Audit(self._sessions).append(
            user, action, f"entity:{entity}", details, at, session=tx
        )

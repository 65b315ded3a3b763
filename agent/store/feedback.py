"""People's feedback in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from agent.redaction import redact
from agent.store.mapping import storable_text
from agent.store.repositories import Repository
from agent.store.tables import FeedbackRow


class Feedback(NamedTuple):
    """A person's last word on something that srebot said."""

    user: str
    subject_kind: str
    subject_id: str
    verdict: str
    comment: str
    at: datetime


class Feedbacks(Repository):
    """Verdicts of people: the last click of a person wins."""

    async def add(
        self,
        user: str,
        subject_kind: str,
        subject_id: str,
        verdict: str,
        comment: str,
        at: datetime,
    ) -> None:
        """Keep a verdict, unless a later one of the same person is known."""
        comment = storable_text(redact(comment))
        row = Feedback(user, subject_kind, subject_id, verdict, comment, at)._asdict()
        statement = insert(FeedbackRow).values(row)
        async with self._transaction() as tx:
            await tx.execute(
                statement.on_conflict_do_update(
                    index_elements=["user", "subject_kind", "subject_id"],
                    set_={n: statement.excluded[n] for n in ("verdict", "comment", "at")},
                    where=FeedbackRow.at <= statement.excluded.at,
                )
            )

    async def of(self, subject_kind: str, subject_id: str) -> Sequence[Feedback]:
        """What people said on one thing, oldest first."""
        columns = [getattr(FeedbackRow, name) for name in Feedback._fields]
        statement = (
            select(*columns)
            .where(FeedbackRow.subject_kind == subject_kind, FeedbackRow.subject_id == subject_id)
            .order_by(FeedbackRow.at)
        )
        async with self._transaction() as tx:
            return [Feedback(*row) for row in await tx.execute(statement)]

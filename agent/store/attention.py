"""The attention ledger in the database: what was said unasked, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select, true, update
from sqlalchemy.dialects.postgresql import insert

from agent.awareness.issues import Attention, AttentionScore, Precision
from agent.store.mapping import row_of, storable_text, value_of
from agent.store.repositories import Repository
from agent.store.tables import AttentionRow, MessageRow, NoteRow

ATTENTION = AttentionRow.__table__
_UNSEEN = (AttentionScore.PENDING.value, AttentionScore.IGNORED.value)


class AttentionLedger(Repository):
    """Messages that nobody asked for, each key once, with their scores."""

    async def posted(self, message: Attention) -> None:
        """Enter a message; one that is known stays as it is."""
        statement = insert(AttentionRow).values(row_of(message)).on_conflict_do_nothing()
        async with self._transaction() as tx:
            await tx.execute(statement)

    async def get(self, key: str) -> Attention | None:
        """The entry of that key."""
        async with self._transaction() as tx:
            found = await tx.execute(select(ATTENTION).where(AttentionRow.key == key))
            row = found.mappings().first()
        return None if row is None else value_of(Attention, row)

    async def score(
        self, key: str, score: AttentionScore, why: str, at: datetime, *, firm: bool = True
    ) -> None:
        """Score an entry.

        Args:
            key: the message's key in the outbox.
            score: what became of it.
            why: one clause.
            at: when that was known.
            firm: whether a person judged it. What people only did (a reply, a click), and their silence, never changes
                a judgement; a later judgement does.
        """
        await self._score(AttentionRow.key == key, score, why, at, firm=firm)

    async def score_thread(
        self,
        channel: str,
        thread: str,
        score: AttentionScore,
        why: str,
        at: datetime,
        *,
        firm: bool = False,
    ) -> None:
        """Score what was said unasked in a thread, or opened it."""
        of_thread = and_(AttentionRow.channel == channel, AttentionRow.thread == thread)
        await self._score(of_thread, score, why, at, firm=firm)

    async def score_investigation(
        self, investigation: int, score: AttentionScore, why: str, at: datetime, *, firm: bool
    ) -> None:
        """Score what was said unasked of an investigation."""
        await self._score(AttentionRow.investigation == investigation, score, why, at, firm=firm)

    async def thread_of(self, channel: str, ts: str) -> str | None:
        """The thread that a message of the bot's is in, or is the root of; None when the message is not the bot's."""
        statement = select(MessageRow.thread_ts).where(
            MessageRow.channel == channel, MessageRow.ts == ts
        )
        async with self._transaction() as tx:
            found = await tx.scalar(statement)
        return None if found is None else found or ts

    async def noted_by(self, investigation: int) -> str:
        """Who said something last in an investigation; empty when nobody did."""
        statement = (
            select(NoteRow.user)
            .where(NoteRow.investigation_id == investigation)
            .order_by(NoteRow.at.desc())
            .limit(1)
        )
        async with self._transaction() as tx:
            return await tx.scalar(statement) or ""

    async def pending(self, before: datetime | None = None) -> list[Attention]:
        """The entries without a score, oldest first; only those posted before then, if that is given."""
        statement = (
            select(ATTENTION)
            .where(AttentionRow.score == AttentionScore.PENDING.value)
            .order_by(AttentionRow.posted_at)
        )
        if before is not None:
            statement = statement.where(AttentionRow.posted_at < before)
        async with self._transaction() as tx:
            rows = (await tx.execute(statement)).mappings().all()
        return [value_of(Attention, row) for row in rows]

    async def precision(self, day: datetime, budget: int = 0) -> list[Precision]:
        """What became of all that was said unasked, by channel.

        Args:
            day: when the present day began; ``posted_today`` counts from there.
            budget: how many such messages a channel may get in a day; given back as it is.
        """
        async with self._transaction() as tx:
            rows = (await tx.execute(_by_channel(day))).mappings().all()
        return [Precision(**row, budget=budget) for row in rows]

    async def allow(self, channel: str, now: datetime, budget: int) -> bool:
        """Whether a channel may get one more unasked message on the day (UTC) of ``now``."""
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        statement = select(func.count()).where(
            AttentionRow.channel == channel, AttentionRow.posted_at >= day
        )
        async with self._transaction() as tx:
            return (await tx.scalar(statement) or 0) < budget

    async def _score(
        self,
        which: ColumnElement[bool],
        score: AttentionScore,
        why: str,
        at: datetime,
        *,
        firm: bool,
    ) -> None:
        # A judgement may always be given; what people only did counts where nobody judged and nothing else was seen.
        unjudged = and_(AttentionRow.firm.is_(False), AttentionRow.score.in_(_UNSEEN))
        allowed = true() if firm else and_(unjudged, AttentionRow.score != score.value)
        changed = {"score": score.value, "why": storable_text(why), "scored_at": at, "firm": firm}
        async with self._transaction() as tx:
            await tx.execute(update(AttentionRow).where(which, allowed).values(changed))


def _by_channel(day: datetime) -> Select[Any]:
    def number(score: AttentionScore) -> Any:
        return func.count().filter(AttentionRow.score == score.value)

    columns: Sequence[Any] = (
        AttentionRow.channel,
        number(AttentionScore.USED).label("used"),
        number(AttentionScore.IGNORED).label("ignored"),
        number(AttentionScore.CONTRADICTED).label("contradicted"),
        number(AttentionScore.PENDING).label("pending"),
        func.count().filter(AttentionRow.posted_at >= day).label("posted_today"),
    )
    return select(*columns).group_by(AttentionRow.channel).order_by(AttentionRow.channel)

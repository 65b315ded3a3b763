"""The attention ledger: what was said unasked, and what became of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from agent.store.tables.base import Base

_SCORES = "score IN ('pending', 'used', 'ignored', 'contradicted')"


class AttentionRow(Base):
    """One message that was posted unasked. ``thread`` is the message's own thread or the one it was posted in.

    ``firm`` says that a person judged it; what people merely did never outweighs that.
    """

    __tablename__ = "attention"
    __table_args__ = (
        CheckConstraint(_SCORES, name="score"),
        Index(None, "channel", "thread"),
        Index(None, "channel", "posted_at"),
        Index(None, "investigation"),
        Index("ix_attention_pending", "posted_at", postgresql_where=text("score = 'pending'")),
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    channel: Mapped[str]
    thread: Mapped[str]
    issue: Mapped[int | None] = mapped_column(BigInteger)
    investigation: Mapped[int | None] = mapped_column(BigInteger)
    posted_at: Mapped[datetime]
    score: Mapped[str]
    why: Mapped[str]
    scored_at: Mapped[datetime | None]
    firm: Mapped[bool] = mapped_column(server_default=text("false"))

"""Freezes: times in which nothing may be applied."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from agent.store.tables.base import Base


class FreezeRow(Base):
    """A global stop of all applying; at most one is in force."""

    __tablename__ = "freezes"
    __table_args__ = (
        Index(
            "uq_freezes_in_force",
            text("(lifted_at IS NULL)"),
            unique=True,
            postgresql_where=text("lifted_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    by: Mapped[str]
    reason: Mapped[str]
    since: Mapped[datetime]
    lifted_by: Mapped[str] = mapped_column(server_default="")
    lifted_at: Mapped[datetime | None]

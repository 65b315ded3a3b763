"""Pages: whom srebot woke, for what, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from agent.store.tables.base import Base


class PageRow(Base):
    """An incident that srebot opened, or wrote its finding on; one for each Issue."""

    __tablename__ = "pages"
    __table_args__ = (Index(None, "incident"), Index(None, "investigation"))

    key: Mapped[str] = mapped_column(primary_key=True)
    investigation: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("investigations.id", ondelete="CASCADE")
    )
    service: Mapped[str]
    incident: Mapped[str] = mapped_column(server_default="")
    link: Mapped[str] = mapped_column(server_default="")
    opened: Mapped[bool]
    status: Mapped[str]
    acknowledged_by: Mapped[str] = mapped_column(server_default="")
    notes: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    """By which each note that srebot wrote there is known again, so that it is not told as somebody's words."""
    told: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    """Keys of what the thread was told of it."""
    paged_at: Mapped[datetime]

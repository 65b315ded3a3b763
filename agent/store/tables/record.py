"""The full record of investigations: the board over time, what models were shown, and the journal for replay."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from agent.store.tables.base import Base


def _investigation_key() -> Mapped[int]:
    return mapped_column(
        BigInteger, ForeignKey("investigations.id", ondelete="CASCADE"), primary_key=True
    )


class BoardRow(Base):
    """The hypotheses as they stood after a round."""

    __tablename__ = "boards"

    investigation_id: Mapped[int] = _investigation_key()
    round: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hypotheses: Mapped[list[Any]]


class JournalRow(Base):
    """The result of one durable step, as zstd-compressed JSON."""

    __tablename__ = "journal"

    investigation_id: Mapped[int] = _investigation_key()
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    kind: Mapped[str]
    value: Mapped[bytes]
    at: Mapped[datetime]


class ExchangeRow(Base):
    """One call of a model. Its texts are in ``model_texts`` under their hashes, until the retention's end."""

    __tablename__ = "exchanges"
    __table_args__ = (Index(None, "at", postgresql_where=text("emptied_at IS NULL")),)

    investigation_id: Mapped[int] = _investigation_key()
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    purpose: Mapped[str]
    round: Mapped[int]
    attempt: Mapped[int]
    model: Mapped[str]
    messages: Mapped[list[Any]]
    tools: Mapped[str]
    reply: Mapped[str]
    spent: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    emptied_at: Mapped[datetime | None]


class ModelTextRow(Base):
    """A text that models were shown or said, kept once however often: zstd-compressed JSON under its SHA-256."""

    __tablename__ = "model_texts"
    __table_args__ = (Index(None, "used_at"),)

    hash: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[bytes]
    used_at: Mapped[datetime]
    """The latest use, to the day."""

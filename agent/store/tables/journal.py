"""The audit log, and the outbox of messages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from agent.store.tables.base import Base


class AuditRow(Base):
    """An entry of the audit log. A trigger (migration 0001) refuses to change or remove one.

    ``details`` is JSON and not JSONB, because its text must come back as it was hashed.
    """

    __tablename__ = "audit_log"
    __table_args__ = (Index(None, "subject"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSON())
    previous_hash: Mapped[str] = mapped_column(unique=True)
    hash: Mapped[str]


class MessageRow(Base):
    """A message to people: claimed before it is sent, marked after, so that a crash shows which were under way."""

    __tablename__ = "messages"
    __table_args__ = (CheckConstraint("state IN ('sending', 'sent')", name="state"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    channel: Mapped[str]
    thread_ts: Mapped[str]
    ts: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str]

"""Issues, what was decided on each signal, and what experience taught."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, false, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from agent.store.tables.base import Base
from agent.store.tables.cases import JSON_LIST


class IssueRow(Base):
    """Signals that belong together."""

    __tablename__ = "issues"
    __table_args__ = (
        Index(None, "last_signal_at", postgresql_where=text("status <> 'expired'")),
        Index(None, "investigation"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    kind: Mapped[str]
    title: Mapped[str]
    environment: Mapped[str]
    status: Mapped[str]
    triage: Mapped[dict[str, Any]]
    entities: Mapped[list[Any]] = mapped_column(server_default=JSON_LIST)
    suspects: Mapped[list[Any]] = mapped_column(server_default=JSON_LIST)
    fingerprints: Mapped[list[Any]] = mapped_column(server_default=JSON_LIST)
    signals: Mapped[int]
    duplicates: Mapped[int] = mapped_column(server_default="0")
    flapping: Mapped[bool] = mapped_column(server_default=false())
    investigation: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("investigations.id", ondelete="SET NULL")
    )
    conversation: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    opened_at: Mapped[datetime]
    last_signal_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class IssueSignalRow(Base):
    """That a signal belongs to an Issue, and why. Facts of the signal are repeated for quick counting."""

    __tablename__ = "issue_signals"
    __table_args__ = (Index(None, "issue_id", "at"), Index(None, "fingerprint", "at"))

    signal_key: Mapped[str] = mapped_column(ForeignKey("signals.key"), primary_key=True)
    issue_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("issues.id", ondelete="CASCADE"), nullable=False
    )
    reason: Mapped[str]
    opened: Mapped[bool]
    duplicate: Mapped[bool]
    kind: Mapped[str]
    state: Mapped[str]
    fingerprint: Mapped[str]
    service: Mapped[str]
    at: Mapped[datetime]


class TriageDecisionRow(Base):
    """What was decided on a signal: one per signal, the first one made."""

    __tablename__ = "triage_decisions"
    __table_args__ = (Index(None, "combination", "at"), Index(None, "at"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    signal: Mapped[str] = mapped_column(ForeignKey("signals.key"), unique=True)
    title: Mapped[str]
    service: Mapped[str]
    environment: Mapped[str]
    issue: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("issues.id", ondelete="SET NULL")
    )
    decision: Mapped[str]
    reason: Mapped[str]
    impact: Mapped[float]
    combination: Mapped[str]
    weight: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    at: Mapped[datetime]
    recovered_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    fingerprint: Mapped[str]
    state: Mapped[str]
    critical: Mapped[bool] = mapped_column(server_default=false())
    duplicate: Mapped[bool] = mapped_column(server_default=false())


class ExperienceRow(Base):
    """One thing that experience says on a combination; a person's last word on the same subject counts."""

    __tablename__ = "experience"
    __table_args__ = (Index(None, "combination", "at"),)

    subject: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(primary_key=True)
    combination: Mapped[str]
    kind: Mapped[str]
    at: Mapped[datetime]

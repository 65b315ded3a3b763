"""What is known beyond one investigation: the graph of the company, patterns, feedback."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from agent.store.tables.base import Base


class EntityRow(Base):
    """A node of the graph."""

    __tablename__ = "entities"
    __table_args__ = (Index(None, "name"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    namespace: Mapped[str]
    environment: Mapped[str]
    properties: Mapped[dict[str, Any]]


class RelationRow(Base):
    """An edge of the graph, once per source of the knowledge. Its ends may be still unknown entities."""

    __tablename__ = "relations"
    __table_args__ = (Index(None, "target"),)

    source: Mapped[str] = mapped_column(primary_key=True)
    target: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    origin: Mapped[str] = mapped_column(primary_key=True)
    evidence: Mapped[str]
    confidence: Mapped[float]
    holds: Mapped[bool] = mapped_column(server_default=true())
    confirmations: Mapped[int] = mapped_column(server_default="0")
    missing_since: Mapped[datetime | None]
    first_seen: Mapped[datetime]
    last_confirmed: Mapped[datetime]


class PatternRow(Base):
    """What closed investigations with the same cause taught."""

    __tablename__ = "patterns"
    __table_args__ = (UniqueConstraint("mode", "entity", "entity_kind", "environment"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    symptoms: Mapped[list[Any]]
    mode: Mapped[str]
    entity: Mapped[str]
    entity_kind: Mapped[str]
    environment: Mapped[str]
    checks: Mapped[list[Any]]
    fix: Mapped[str]
    outcome: Mapped[str]
    times_seen: Mapped[int]
    investigation: Mapped[int] = mapped_column(BigInteger)
    last_seen: Mapped[datetime]


class PatternSightingRow(Base):
    """That an investigation has been counted into a pattern."""

    __tablename__ = "pattern_sightings"

    pattern_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("patterns.id", ondelete="CASCADE"), primary_key=True
    )
    investigation: Mapped[int] = mapped_column(BigInteger, primary_key=True)


class FeedbackRow(Base):
    """The last word of a person on something that srebot said."""

    __tablename__ = "feedback"
    __table_args__ = (Index(None, "subject_kind", "subject_id"),)

    user: Mapped[str] = mapped_column(primary_key=True)
    subject_kind: Mapped[str] = mapped_column(primary_key=True)
    subject_id: Mapped[str] = mapped_column(primary_key=True)
    verdict: Mapped[str]
    comment: Mapped[str]
    at: Mapped[datetime]

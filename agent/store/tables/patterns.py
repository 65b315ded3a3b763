"""What closed investigations taught, and what engineers had kept of what people said."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Computed,
    Float,
    ForeignKey,
    Identity,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from agent.store.tables.base import Base


class PatternRow(Base):
    """What closed investigations with the same cause taught; engineers may hold variants of it apart."""

    __tablename__ = "patterns"
    __table_args__ = (
        UniqueConstraint("mode", "entity", "entity_kind", "environment", "variant"),
        Index("ix_patterns_search", "search", postgresql_using="gin"),
        Index("ix_patterns_features", "features", postgresql_using="gin"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    symptoms: Mapped[list[Any]]
    mode: Mapped[str]
    entity: Mapped[str]
    entity_kind: Mapped[str]
    environment: Mapped[str]
    alerted: Mapped[str] = mapped_column(server_default="")
    role: Mapped[str] = mapped_column(server_default="")
    features: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default="{}")
    checks: Mapped[list[Any]]
    probes: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    tool_calls: Mapped[int] = mapped_column(server_default="0")
    fix: Mapped[str]
    fix_kind: Mapped[str] = mapped_column(server_default="")
    fix_arguments: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    fix_note: Mapped[str] = mapped_column(server_default="")
    outcome: Mapped[str]
    times_seen: Mapped[int]
    times_right: Mapped[int] = mapped_column(server_default="0")
    times_wrong: Mapped[int] = mapped_column(server_default="0")
    state: Mapped[str] = mapped_column(server_default="active")
    edited_by: Mapped[str] = mapped_column(server_default="")
    merged_into: Mapped[int] = mapped_column(BigInteger, server_default="0")
    variant: Mapped[int] = mapped_column(server_default="0")
    investigation: Mapped[int] = mapped_column(BigInteger)
    last_seen: Mapped[datetime]
    words: Mapped[str] = mapped_column(server_default="")
    """All that is searched by words."""
    search: Mapped[str] = mapped_column(
        TSVECTOR(), Computed("to_tsvector('english'::regconfig, words)", persisted=True)
    )


class PatternSightingRow(Base):
    """That an investigation has been counted into a pattern, and what was made of its finding later."""

    __tablename__ = "pattern_sightings"

    pattern_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("patterns.id", ondelete="CASCADE"), primary_key=True
    )
    investigation: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    right: Mapped[bool | None]
    judged_by: Mapped[str] = mapped_column(server_default="")
    """``engineer`` or ``environment``; the first outranks the second."""


class PatternEmbeddingRow(Base):
    """A pattern's words as a vector of an embeddings model."""

    __tablename__ = "pattern_embeddings"

    pattern_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("patterns.id", ondelete="CASCADE"), primary_key=True
    )
    model: Mapped[str] = mapped_column(primary_key=True)
    words: Mapped[str]
    """What was embedded; other words are embedded anew."""
    vector: Mapped[list[float]] = mapped_column(ARRAY(Float()))


class EntityNoteRow(Base):
    """A statement about an entity that an engineer had kept."""

    __tablename__ = "entity_notes"
    __table_args__ = (
        UniqueConstraint("entity", "text"),
        Index(None, "investigation"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    entity: Mapped[str]
    text: Mapped[str]
    author: Mapped[str]
    kept_by: Mapped[str]
    link: Mapped[str]
    investigation: Mapped[int] = mapped_column(BigInteger)
    """In whose thread it was said."""
    at: Mapped[datetime]
    removed_at: Mapped[datetime | None]

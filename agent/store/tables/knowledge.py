"""What is known beyond one investigation: the graph of the company, feedback."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text, true
from sqlalchemy.orm import Mapped, mapped_column

from agent.store.tables.base import Base


class EntityRow(Base):
    """A node of the graph: what its sightings together say."""

    __tablename__ = "entities"
    __table_args__ = (Index(None, "name"), Index(None, "kind"))

    key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    namespace: Mapped[str]
    environment: Mapped[str]
    properties: Mapped[dict[str, Any]]
    missing_since: Mapped[datetime | None]
    """Since when no source shows it any more."""


class SightingRow(Base):
    """What one source says of one thing, under the key that it knows it by."""

    __tablename__ = "sightings"
    __table_args__ = (Index(None, "entity"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    origin: Mapped[str] = mapped_column(primary_key=True)
    entity: Mapped[str]
    """Key of the entity that it is taken for."""
    name: Mapped[str]
    kind: Mapped[str]
    namespace: Mapped[str]
    environment: Mapped[str]
    properties: Mapped[dict[str, Any]]
    digest: Mapped[str]
    first_seen: Mapped[datetime]
    missing_since: Mapped[datetime | None]


class AliasRow(Base):
    """Another name of an entity, as words in lower case, to be found by."""

    __tablename__ = "entity_names"
    __table_args__ = (Index(None, "entity"),)

    name: Mapped[str] = mapped_column(primary_key=True)
    entity: Mapped[str] = mapped_column(primary_key=True)


class RelationRow(Base):
    """An edge of the graph, once per source of the knowledge. Its ends may be still unknown entities.

    ``seen_source`` and ``seen_target`` are the keys as the source knows them; ``source`` and ``target`` the entities that
    these are taken for, so that a merge and its undoing are one UPDATE.
    """

    __tablename__ = "relations"
    __table_args__ = (
        # Walks read nothing but these.
        Index("ix_relations_from", "source", "target", "kind", "stands"),
        Index("ix_relations_to", "target", "source", "kind", "stands"),
        Index("ix_relations_denied", "source", postgresql_where=text("NOT holds")),
    )

    seen_source: Mapped[str] = mapped_column(primary_key=True)
    seen_target: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    origin: Mapped[str] = mapped_column(primary_key=True)
    told_by: Mapped[str] = mapped_column(primary_key=True)
    """The builder that told of it; ``origin`` says how it knows (``inferred``)."""
    source: Mapped[str]
    target: Mapped[str]
    evidence: Mapped[str]
    confidence: Mapped[float]
    holds: Mapped[bool] = mapped_column(server_default=true())
    confirmations: Mapped[int] = mapped_column(server_default="0")
    missing_since: Mapped[datetime | None]
    first_seen: Mapped[datetime]
    last_confirmed: Mapped[datetime]
    seen_at: Mapped[datetime]
    """When its builder last told of it."""
    stands: Mapped[bool] = mapped_column(server_default=true())
    """Whether all sources together believe it enough for it to be walked."""


class IdentityRow(Base):
    """That two keys mean one thing, or, once undone, that they do not."""

    __tablename__ = "identities"
    __table_args__ = (Index(None, "canonical"),)

    alias: Mapped[str] = mapped_column(primary_key=True)
    canonical: Mapped[str] = mapped_column(primary_key=True)
    origin: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]
    undone_by: Mapped[str] = mapped_column(server_default="")


class GraphChangeRow(Base):
    """One change in the company or in what is known of it."""

    __tablename__ = "graph_changes"
    __table_args__ = (Index(None, "entity", "at"), Index(None, "other"), Index(None, "at"))

    key: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    entity: Mapped[str]
    type: Mapped[str]
    what: Mapped[str]
    origin: Mapped[str]
    other: Mapped[str]
    before: Mapped[str]
    after: Mapped[str]
    evidence: Mapped[str]


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

"""Signals, and the investigations into them with all that they gather."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from agent.store.tables.base import Base

JSON_LIST = text("'[]'::jsonb")
JSON_OBJECT = text("'{}'::jsonb")


KEPT = text("raw IS NOT NULL OR series IS NOT NULL")
"""Steps whose answers the retention has yet to let go."""


class SignalRow(Base):
    """Something noticed; its key never counts twice."""

    __tablename__ = "signals"
    __table_args__ = (
        Index(None, "fingerprint", "occurred_at"),
        Index(None, "kind", "service", "occurred_at"),
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    source: Mapped[str]
    title: Mapped[str]
    text: Mapped[str]
    state: Mapped[str]
    severity: Mapped[str]
    service: Mapped[str]
    namespace: Mapped[str]
    environment: Mapped[str]
    tags: Mapped[dict[str, Any]]
    fingerprint: Mapped[str]
    occurred_at: Mapped[datetime]
    link: Mapped[str]
    requested_by: Mapped[str]
    budget: Mapped[str] = mapped_column(server_default="")
    conversation: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class InvestigationRow(Base):
    """One inquiry into one signal."""

    __tablename__ = "investigations"
    __table_args__ = (
        Index(None, "channel", "thread"),
        Index(None, "signal_key"),
        Index(None, "status", "started_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    dedup_key: Mapped[str] = mapped_column(unique=True)
    signal_key: Mapped[str] = mapped_column(ForeignKey("signals.key"))
    workflow_id: Mapped[str] = mapped_column(server_default="")
    triage: Mapped[dict[str, Any]]
    budget: Mapped[dict[str, Any]]
    spent: Mapped[dict[str, Any]]
    status: Mapped[str]
    reasoner: Mapped[str] = mapped_column(server_default="")
    round: Mapped[int] = mapped_column(server_default="0")
    channel: Mapped[str | None]
    thread: Mapped[str | None]
    entities: Mapped[list[Any]] = mapped_column(server_default=JSON_LIST)
    relations: Mapped[list[Any]] = mapped_column(server_default=JSON_LIST)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


def _investigation_key() -> Mapped[int]:
    return mapped_column(
        BigInteger, ForeignKey("investigations.id", ondelete="CASCADE"), primary_key=True
    )


class HypothesisRow(Base):
    """A possible cause as it stands after the latest round."""

    __tablename__ = "hypotheses"

    investigation_id: Mapped[int] = _investigation_key()
    id: Mapped[str] = mapped_column(primary_key=True)
    mode: Mapped[str]
    statement: Mapped[str]
    entity: Mapped[str]
    entity_kind: Mapped[str]
    namespace: Mapped[str]
    parent: Mapped[str]
    prior: Mapped[float]
    reasons: Mapped[list[Any]] = mapped_column(server_default=JSON_LIST)
    log_odds: Mapped[float]
    status: Mapped[str]


class StepRow(Base):
    """One tool call: what was asked, what came back, and what the reasoner was shown of it.

    ``observation`` is what was shown. The vendor's answer and the series are zstd-compressed.
    """

    __tablename__ = "steps"
    __table_args__ = (Index(None, "started_at", postgresql_where=KEPT),)

    investigation_id: Mapped[int] = _investigation_key()
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    round: Mapped[int]
    check: Mapped[dict[str, Any]]
    status: Mapped[str]
    error: Mapped[str]
    started_at: Mapped[datetime]
    seconds: Mapped[float]
    source: Mapped[str | None]
    query: Mapped[str | None]
    observation: Mapped[str | None]
    link: Mapped[str | None]
    window: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    data: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    series: Mapped[bytes | None]
    raw: Mapped[bytes | None]
    raw_bytes: Mapped[int] = mapped_column(server_default="0")
    """Size of the answer before it was cut."""
    emptied_at: Mapped[datetime | None]
    """When the answer and the series were let go; None: they are kept still."""


class EvidenceRow(Base):
    """What a step showed, with its weight on each hypothesis."""

    __tablename__ = "evidence"

    investigation_id: Mapped[int] = _investigation_key()
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    step: Mapped[int]
    statement: Mapped[str]
    weights: Mapped[dict[str, Any]]
    source: Mapped[str]
    query: Mapped[str] = mapped_column(server_default="")
    window: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    link: Mapped[str]
    read_at: Mapped[datetime]


class FindingRow(Base):
    """What an investigation concluded: one per investigation, the last one written."""

    __tablename__ = "findings"
    __table_args__ = (Index(None, "mode", "entity"),)

    investigation_id: Mapped[int] = _investigation_key()
    ending: Mapped[str]
    headline: Mapped[str]
    mode: Mapped[str]
    entity: Mapped[str]
    entity_kind: Mapped[str]
    namespace: Mapped[str]
    confidence: Mapped[float]
    raw_confidence: Mapped[float | None]
    proven: Mapped[str] = mapped_column(server_default="")
    chain: Mapped[list[Any]]
    impact: Mapped[list[Any]]
    forecast: Mapped[list[Any]]
    ruled_out: Mapped[list[Any]]
    unseen: Mapped[list[Any]]
    next_steps: Mapped[list[Any]]
    question: Mapped[str]
    stopped_because: Mapped[str] = mapped_column(server_default="")
    charts: Mapped[list[Any]] = mapped_column(server_default=JSON_LIST)
    reasoner: Mapped[str]
    struck: Mapped[int]


class NoteRow(Base):
    """Something that a person said in the thread."""

    __tablename__ = "notes"

    investigation_id: Mapped[int] = _investigation_key()
    at: Mapped[datetime] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(primary_key=True)

"""Proposed changes, the decisions on them, and what was seen afterwards."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from agent.store.tables.base import Base


class ProposalRow(Base):
    """A planned change. One change of a kind is open at a time for a target within an investigation."""

    __tablename__ = "proposals"
    __table_args__ = (
        Index(None, "investigation"),
        Index(
            "uq_proposals_open_change",
            "investigation",
            "target_key",
            "kind",
            unique=True,
            postgresql_where=text("status = 'open'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    investigation: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("investigations.id", ondelete="CASCADE")
    )
    kind: Mapped[str]
    target_key: Mapped[str]
    digest: Mapped[str]
    change: Mapped[dict[str, Any]]
    plan: Mapped[dict[str, Any]]
    environment: Mapped[str]
    policy_version: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    status: Mapped[str]
    reverts: Mapped[UUID | None] = mapped_column(ForeignKey("proposals.id"))
    expectation: Mapped[dict[str, Any] | None]
    approvals_needed: Mapped[int] = mapped_column(server_default="1")
    link: Mapped[str] = mapped_column(server_default="")
    requested_by: Mapped[str] = mapped_column(server_default="")


class ApprovalRow(Base):
    """A person's decision: the primary key lets each person have one."""

    __tablename__ = "approvals"

    proposal: Mapped[UUID] = mapped_column(
        ForeignKey("proposals.id", ondelete="CASCADE"), primary_key=True
    )
    digest: Mapped[str]
    approved: Mapped[bool]
    user: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    decided_at: Mapped[datetime]


class OutcomeRow(Base):
    """What was seen after a change: one per proposal."""

    __tablename__ = "outcomes"

    proposal: Mapped[UUID] = mapped_column(
        ForeignKey("proposals.id", ondelete="CASCADE"), primary_key=True
    )
    status: Mapped[str]
    statement: Mapped[str]
    signals: Mapped[list[Any]]
    observed_at: Mapped[datetime]
    watched_seconds: Mapped[float]
    against: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    """What would have been expected without the change."""

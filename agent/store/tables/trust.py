"""Verdicts on closed investigations, and what they withdrew."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from agent.store.tables.base import Base


class VerdictRow(Base):
    """How likely a finding was right: one per investigation, the last one reached."""

    __tablename__ = "verdicts"
    __table_args__ = (Index(None, "mode", "graded_at"),)

    investigation: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("investigations.id", ondelete="CASCADE"), primary_key=True
    )
    mode: Mapped[str]
    entity: Mapped[str]
    environment: Mapped[str]
    confidence: Mapped[float]
    probability: Mapped[float]
    observed: Mapped[list[Any]]
    disputed: Mapped[bool]
    method: Mapped[str]
    graded_at: Mapped[datetime]
    looks: Mapped[int] = mapped_column(server_default="0")
    """How many of the times after the end at which it is looked are done."""


class WithdrawalRow(Base):
    """That automation was withdrawn from something, was said so, and whether an engineer gave it back."""

    __tablename__ = "withdrawals"

    subject: Mapped[str] = mapped_column(primary_key=True)
    """``record:<service>/<kind>/<environment>`` or ``mode:<mode>``."""
    at: Mapped[datetime] = mapped_column(primary_key=True)
    """Of the trial that withdrew it."""
    reason: Mapped[str]
    restored_by: Mapped[str] = mapped_column(server_default="")
    restored_at: Mapped[datetime | None]

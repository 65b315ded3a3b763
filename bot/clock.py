"""The time."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """The machine's clock (``agent.ports.Clock``)."""

    def now(self) -> datetime:
        """The present, UTC."""
        return datetime.now(UTC)

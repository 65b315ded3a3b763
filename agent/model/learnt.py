"""What closed investigations taught."""

from __future__ import annotations

from agent.model.base import Utc, Value


class Pattern(Value):
    """What a closed investigation taught."""

    symptoms: tuple[str, ...]
    mode: str
    entity: str
    entity_kind: str = ""
    environment: str = ""
    checks: tuple[str, ...] = ()
    """The queries that told."""
    fix: str = ""
    outcome: str = ""
    times_seen: int = 1
    investigation: int
    last_seen: Utc

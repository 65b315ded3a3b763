"""What speaks for an entity being the cause: one departure at one place, with how surprising it is."""

from __future__ import annotations

from dataclasses import dataclass

MOST = 4.0
"""Nats that one family of indicators can say of an entity: e^4, fifty to one."""


@dataclass(frozen=True)
class Indicator:
    """One thing about an entity that is not as it was."""

    entity: str
    name: str
    """The metric, operation, edge or log template."""
    family: str
    """resource, latency, errors, traffic, time, structure, logs: each answers another question about the entity."""
    strength: float
    """Nats: by how much it speaks for this entity, before others explain it; never negative."""
    text: str
    """For people: what changed from what to what."""
    onset: float | None = None
    """Unix seconds of its first departure; None where that cannot be told."""

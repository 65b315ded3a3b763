"""What one object, or one group of objects, adds to the graph."""

from __future__ import annotations

from typing import NamedTuple

from agent.model import Entity

ORIGIN = "kubernetes"
INFERRED = "inferred"


class Tie(NamedTuple):
    """A relation, as one object tells of it."""

    source: str
    target: str
    kind: str
    evidence: str
    origin: str = ORIGIN
    confidence: float = 1.0

    @property
    def ends(self) -> tuple[str, str, str]:
        """Its identity: source, target, kind."""
        return self.source, self.target, self.kind


class Same(NamedTuple):
    """Two keys that mean one thing."""

    alias: str
    canonical: str
    reason: str


class Contribution(NamedTuple):
    """Of one object."""

    entities: tuple[Entity, ...] = ()
    ties: tuple[Tie, ...] = ()
    same: tuple[Same, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    """Variables that name a thing which others may share, with its name."""


NOTHING = Contribution()

"""What the director needs of the world that it plays in."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from sandbox.world.ports import Change, World
from sandbox.world.scenario import Scenario


class PlayedWorld(World, Protocol):
    """A world with a script; simulated (``sandbox.world.world``) or recorded (``sandbox.recorded.world``)."""

    @property
    def scenario(self) -> Scenario:
        """What gets posted, and the truth."""

    @property
    def started_at(self) -> datetime:
        """When it began to be served."""

    def record(self, change: Change) -> None:
        """Keep something that has happened now."""

"""When the script's parts are due."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Timing:
    """Turns the script's times into the clock's; the script begins at ``begin``."""

    begin: datetime
    scale: float = 1.0
    """Seconds of the clock for one of the script."""

    def at(self, after: timedelta) -> datetime:
        """The moment ``after`` the script's beginning."""
        return self.begin + after * self.scale


class Queue(Generic[T]):
    """Things that are due one after another."""

    def __init__(self, waiting: Iterable[T], after: Callable[[T], timedelta]) -> None:
        self._after = after
        self._waiting = sorted(waiting, key=after)

    def due(self, timing: Timing, now: datetime) -> list[T]:
        """Take out what is due by ``now``, in order of time."""
        count = sum(timing.at(self._after(each)) <= now for each in self._waiting)
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken

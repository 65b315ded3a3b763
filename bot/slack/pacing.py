"""How fast srebot may speak: token buckets, so that Slack seldom has to refuse."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class Pace:
    """Lets ``burst`` pass at once and then ``per_second`` steadily; callers wait in the order they came."""

    def __init__(
        self, burst: float, per_second: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst = burst
        self._per_second = per_second
        self._clock = clock
        self._tokens = burst
        self._filled = clock()

    async def take(self) -> None:
        """Wait for one's turn."""
        if (wait := self.reserve()) > 0:
            await asyncio.sleep(wait)

    def reserve(self) -> float:
        """Take a turn and return how many seconds lie before it."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._per_second)
        self._filled = now
        self._tokens -= 1
        return max(0.0, -self._tokens / self._per_second)


class ChannelPace:
    """One message a second in each channel, after a burst of three."""

    BURST = 3.0
    PER_SECOND = 1.0

    def __init__(self) -> None:
        self._paces: dict[str, Pace] = {}

    async def take(self, channel: str) -> None:
        """Wait for one's turn in a channel."""
        pace = self._paces.setdefault(channel, Pace(self.BURST, self.PER_SECOND))
        await pace.take()

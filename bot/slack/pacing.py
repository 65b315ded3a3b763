"""How fast srebot may speak: token buckets, so that Slack seldom has to refuse."""

from __future__ import annotations

import asyncio
import heapq
import itertools
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


class _Turns:
    """Those who wait for one pace; the urgent ones go first."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._waiting: list[tuple[bool, int, asyncio.Future[None]]] = []
        self._arrivals = itertools.count()
        self._serving: asyncio.Task[None] | None = None

    async def take(self, *, urgent: bool) -> None:
        """Wait for one's turn."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (not urgent, next(self._arrivals), turn))
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve())
        await turn

    async def _serve(self) -> None:
        while self._waiting:
            await self._pace.take()  # before choosing, so that who comes meanwhile may be first
            while self._waiting:
                _, _, turn = heapq.heappop(self._waiting)
                if not turn.done():  # its waiter may have been cancelled
                    turn.set_result(None)
                    break


class ChannelPace:
    """One message a second in each channel, after a burst of three; first words go before updates and reports."""

    BURST = 3.0
    PER_SECOND = 1.0

    def __init__(self) -> None:
        self._turns: dict[str, _Turns] = {}

    async def take(self, channel: str, *, urgent: bool = False) -> None:
        """Wait for one's turn in a channel."""
        if channel not in self._turns:
            self._turns[channel] = _Turns(Pace(self.BURST, self.PER_SECOND))
        await self._turns[channel].take(urgent=urgent)

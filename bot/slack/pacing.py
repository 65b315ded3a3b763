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
        self._fill()
        self._tokens -= 1
        return max(0.0, -self._tokens / self._per_second)

    def allows(self) -> bool:
        """Take a turn if there is one now."""
        self._fill()
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _fill(self) -> None:
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._per_second)
        self._filled = now


class _Turns:
    """Those who wait for one pace; the urgent ones go first, those that can wait last."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._arrivals = itertools.count()
        self._serving: asyncio.Task[None] | None = None

    async def take(self, rank: int) -> None:
        """Wait for one's turn; the lowest rank goes first."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (rank, next(self._arrivals), turn))
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
    """One message a second in each channel, after a burst of two: one less than Slack takes, as messages bunch on the way.

    First words go before updates and reports, and those before what can wait.
    """

    BURST = 2.0
    PER_SECOND = 1.0

    def __init__(self) -> None:
        self._turns: dict[str, _Turns] = {}

    async def take(self, channel: str, *, urgent: bool = False, can_wait: bool = False) -> None:
        """Wait for one's turn in a channel."""
        if channel not in self._turns:
            self._turns[channel] = _Turns(Pace(self.BURST, self.PER_SECOND))
        await self._turns[channel].take(0 if urgent else 2 if can_wait else 1)

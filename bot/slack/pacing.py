"""How fast srebot may speak: token buckets, so that Slack seldom has to refuse."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from contextlib import suppress


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

    def until(self, turns: float) -> float:
        """Seconds until so many turns can be taken at once; none is taken."""
        self._fill()
        return max(0.0, (turns - self._tokens) / self._per_second)

    def _fill(self) -> None:
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._per_second)
        self._filled = now


class _Turns:
    """Those who wait for one pace; the urgent ones go first, those that can wait last.

    All but the urgent leave one turn of the burst, so that first words never wait for a pointer that was just sent.
    """

    def __init__(self, pace: Pace, kept: float) -> None:
        self._pace = pace
        self._kept = kept
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._arrivals = itertools.count()
        self._arrived = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None

    async def take(self, rank: int) -> None:
        """Wait for one's turn; the lowest rank goes first, 0 is urgent."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (rank, next(self._arrivals), turn))
        self._arrived.set()
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve())
        await turn

    async def _serve(self) -> None:
        while self._waiting:
            rank, _, turn = self._waiting[0]
            if turn.done():  # its waiter was cancelled
                heapq.heappop(self._waiting)
                continue
            wait = self._pace.until(1.0 + (self._kept if rank else 0.0))
            if wait > 0:  # who comes meanwhile may be first
                self._arrived.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._arrived.wait()
                continue
            self._pace.reserve()
            heapq.heappop(self._waiting)
            turn.set_result(None)


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
            self._turns[channel] = _Turns(
                Pace(self.BURST, self.PER_SECOND), min(1.0, self.BURST - 1.0)
            )
        await self._turns[channel].take(0 if urgent else 2 if can_wait else 1)

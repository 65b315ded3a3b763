"""Who goes first when much comes at once: first words before the work of investigations."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

MOST_SECONDS = 3.0
"""So long an investigation lets others' first words pass; then it begins all the same."""


class Precedence:
    """Lets what is urgent in this process pass before what is not; nothing of it is durable, it only orders."""

    def __init__(self, most_seconds: float = MOST_SECONDS) -> None:
        self._most_seconds = most_seconds
        self._awaited = 0
        self._none = asyncio.Event()
        self._none.set()

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """Something urgent is under way within."""
        self._awaited += 1
        self._none.clear()
        try:
            yield
        finally:
            self._awaited -= 1
            if not self._awaited:
                self._none.set()

    async def out(self) -> float:
        """Wait until nothing urgent is under way, or for the longest time; returns the seconds waited."""
        began = time.monotonic()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._most_seconds):
                await self._none.wait()
        return time.monotonic() - began

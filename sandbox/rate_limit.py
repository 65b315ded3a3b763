"""A fixed-window request counter, as the vendors' front doors keep one per key."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class RateLimit:
    """How many requests one key may make in each window of ``period_seconds``."""

    requests: int
    period_seconds: int


@dataclass(frozen=True)
class Verdict:
    """What the counter says about one request."""

    allowed: bool
    remaining: int
    reset_seconds: int
    """Whole seconds until the window ends; at least 1."""


class FixedWindow:
    """Counts requests per key; safe to use from several threads."""

    def __init__(self, limit: RateLimit, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[float, int]] = {}

    def admit(self, key: str) -> Verdict:
        """Count one request of ``key`` and say whether it is still within the limit."""
        with self._lock:
            now = self._clock()
            began, count = self._windows.get(key, (now, 0))
            if now - began >= self.limit.period_seconds:
                began, count = now, 0
            allowed = count < self.limit.requests
            count += allowed
            self._windows[key] = (began, count)
        reset = max(1, math.ceil(began + self.limit.period_seconds - now))
        return Verdict(allowed, self.limit.requests - count, reset)

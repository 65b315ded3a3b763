"""Slack's rate limits: one message a second per channel, and a tier of calls a minute per method.

https://docs.slack.dev/apis/web-api/rate-limits
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sandbox.slack.errors import RateLimitedError

POSTING_TIER = 5
"""Not one of Slack's four: posting may reach several hundred messages a minute in a workspace."""
TIERS_PER_MINUTE: Mapping[int, int] = {1: 1, 2: 20, 3: 50, 4: 100, POSTING_TIER: 300}


@dataclass(frozen=True)
class RateLimits:
    """The limits in force; ``enabled=False`` lets everything through."""

    post_burst: int = 3
    """Messages that one channel takes at once before it is held to the steady rate."""
    posts_per_second: float = 1.0
    calls_per_minute: Mapping[int, int] = field(default_factory=lambda: TIERS_PER_MINUTE)
    """By tier; a method may use its whole minute at once."""
    enabled: bool = True


@dataclass
class _Bucket:
    tokens: float
    filled: float


class RateLimiter:
    """Token buckets by what is limited."""

    def __init__(
        self, limits: RateLimits | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.limits = limits or RateLimits()
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def admit_post(self, channel_id: str) -> None:
        """Count a message to a channel.

        Raises:
            RateLimitedError: when the channel has had too many.
        """
        self._take(f"post:{channel_id}", self.limits.post_burst, self.limits.posts_per_second)

    def admit_call(self, method: str, tier: int) -> None:
        """Count a call of a method.

        Raises:
            RateLimitedError: when its tier is used up.
        """
        per_minute = self.limits.calls_per_minute[tier]
        self._take(f"call:{method}", per_minute, per_minute / 60)

    def _take(self, key: str, capacity: float, per_second: float) -> None:
        if not self.limits.enabled:
            return
        now = self._clock()
        bucket = self._buckets.setdefault(key, _Bucket(capacity, now))
        bucket.tokens = min(capacity, bucket.tokens + (now - bucket.filled) * per_second)
        bucket.filled = now
        if bucket.tokens < 1:
            raise RateLimitedError(max(1, math.ceil((1 - bucket.tokens) / per_second)))
        bucket.tokens -= 1

"""How long a watch waits for what."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """Seconds; where several watches would act at one moment, each waits a random share of it."""

    coalesce: float = 0.3
    """Changes that come within it are told together."""
    watch: float = 300.0
    """After about which the server is asked to end a watch, which then goes on from its last version."""
    silence: float = 100.0
    """Without event or bookmark (these come every minute or so), after which a connection counts as lost."""
    first_error: float = 0.5
    """Waited after an error; twice as much after each further one."""
    longest_error: float = 30.0
    denied: float = 600.0
    """Until a kind that may not be listed or watched is tried again."""

    def watch_seconds(self) -> int:
        """How long the server should keep one watch: 1 to 2 times ``watch``, so that not all end at once."""
        return max(1, round(self.watch * (1 + random.random())))  # noqa: S311 - no secret

    def after_errors(self, count: int) -> float:
        """The wait after so many errors in a row: exponential with full jitter, never quite none."""
        longest = min(self.longest_error, self.first_error * 2.0 ** min(count - 1, 16))
        return longest * (0.2 + 0.8 * random.random())  # noqa: S311 - no secret

    def after_denial(self) -> float:
        """The wait until a refused kind is tried again."""
        return self.denied * (0.5 + random.random())  # noqa: S311 - no secret

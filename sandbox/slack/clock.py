"""Slack's time: message timestamps that are unique in the workspace, and identifiers made from chance."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Now = Callable[[], datetime]

_ALPHABET = string.ascii_uppercase + string.digits


def utc_now() -> datetime:
    """The present in UTC."""
    return datetime.now(UTC)


def new_id(prefix: str, length: int = 10) -> str:
    """An identifier such as ``Ev0A1B2C3D4E``."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(length))


def parse_ts(ts: str) -> datetime:
    """The moment that a message timestamp stands for."""
    return datetime.fromtimestamp(float(ts), UTC)


class TimestampSource:
    """Gives every message its own ``ts``: seconds with six decimals, as text."""

    def __init__(self, now: Now) -> None:
        self._now = now
        self._taken: set[int] = set()

    def issue(self, at: datetime | None = None) -> str:
        """A timestamp for ``at`` (default: the present) that no message has yet."""
        micros = ((at or self._now()) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
            microseconds=1
        )
        while micros in self._taken:
            micros += 1
        self._taken.add(micros)
        return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"

"""Keys of what comes from Slack: the same thing always gets the same key, however often it is delivered."""

from __future__ import annotations

import re

_MESSAGE = re.compile(r"slack:(?P<channel>[A-Z0-9]+):(?P<ts>\d+\.\d+)")


def message_key(channel: str, ts: str) -> str:
    """Of a message."""
    return f"slack:{channel}:{ts}"


def message_of(key: str) -> tuple[str, str] | None:
    """Channel and ts of the message that a key stands for; None when it stands for something else."""
    found = _MESSAGE.match(key)
    return (found["channel"], found["ts"]) if found else None

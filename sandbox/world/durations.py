"""Durations as the data files write them, such as ``1d 6h`` or ``40m``."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_PART = re.compile(r"(\d+(?:\.\d+)?)([dhms])")


def duration(text: str) -> timedelta:
    """Read a duration; raises ValueError when it is none."""
    parts = text.split()
    matches = [_PART.fullmatch(part) for part in parts]
    if not parts or not all(matches):
        raise ValueError(f"{text!r} is no duration; write one like '1d 6h' or '40m'")
    total = timedelta()
    for match in matches:
        if match:
            total += timedelta(**{_UNITS[match[2]]: float(match[1])})
    return total

"""Moves a recording in time, so that its end is now."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)")
_FRACTION = re.compile(r"\.(\d{6})\d*")


def moment(text: str | float) -> datetime:
    """A moment as the files write it: RFC 3339, or seconds since 1970.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(text, int | float):
        return datetime.fromtimestamp(text, UTC)
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except ValueError:
        pass
    read = datetime.fromisoformat(_FRACTION.sub(r".\1", text.replace("Z", "+00:00")))
    if read.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return read.astimezone(UTC)


def shifted(value: Any, shift: timedelta) -> Any:
    """The same JSON with every value that is a moment moved; text that only contains one stays as it is."""
    if isinstance(value, dict):
        return {key: shifted(each, shift) for key, each in value.items()}
    if isinstance(value, list):
        return [shifted(each, shift) for each in value]
    if isinstance(value, datetime):  # YAML reads a bare moment as one
        return written((value if value.tzinfo else value.replace(tzinfo=UTC)) + shift)
    if isinstance(value, str) and _RFC3339.fullmatch(value):
        return written(moment(value) + shift, fraction="." in value)
    return value


def written(when: datetime, *, fraction: bool = False) -> str:
    """A moment as Kubernetes writes it."""
    utc = when.astimezone(UTC)
    return utc.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if fraction else "%Y-%m-%dT%H:%M:%SZ")

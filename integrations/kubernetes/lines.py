"""Container logs as dated lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from agent.analysis.logs import LogLine
from agent.model import Json
from integrations.masking import mask_text
from integrations.text import parse_time

_STAMPED = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) ?(.*)$")


def dated_lines(text: str, fallback: datetime, service: str = "") -> Iterator[LogLine]:
    """Lines of a log read with ``timestamps=true``; a line without a time takes that of the line before it."""
    at = fallback
    for line in text.splitlines():
        match = _STAMPED.match(line)
        if match:
            fraction = (match[2] or "0")[:6].ljust(6, "0")
            at = parse_time(f"{match[1]}.{fraction}{match[3]}") or at
            line = match[4]
        if line.strip():
            yield LogLine(at, mask_text(line), "", service)


def event_data(event: Json) -> Json:
    """A Kubernetes Event."""
    series = event.get("series") or {}
    involved = event.get("involvedObject", {})
    return {
        "at": series.get("lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or event.get("metadata", {}).get("creationTimestamp"),
        "type": event.get("type"),
        "reason": event.get("reason"),
        "object": f"{involved.get('kind')}/{involved.get('name')}",
        "message": mask_text(str(event.get("message", ""))),
        "count": series.get("count") or event.get("count") or 1,
    }

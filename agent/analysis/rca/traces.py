"""Where traces of the incident spend more time, or run otherwise, than normal ones."""

from __future__ import annotations

from collections.abc import Iterable

from agent.analysis.rca import durations, structure
from agent.analysis.rca.calls import callees
from agent.analysis.rca.evidence import Indicator
from agent.analysis.rca.reading import Spans


def indicators(spans: Spans, calls: Iterable[tuple[str, str]]) -> list[Indicator]:
    """What traces say of each entity; nothing without spans of both phases."""
    if not spans.incident.any() or spans.incident.all():
        return []
    callee = callees(spans, calls)
    return [*durations.indicators(spans, callee), *structure.indicators(spans, callee)]

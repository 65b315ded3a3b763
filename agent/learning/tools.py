"""The tool by which a reasoner asks what srebot itself has learnt, so that it can be cited like any other answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Protocol

from pydantic import Field

from agent.model import Pattern, Reading
from agent.tools import tool


class StoredPatterns(Protocol):
    """The patterns in the store."""

    async def similar(
        self, *, mode: str = "", symptoms: Sequence[str] = (), entity: str = "", limit: int = 5
    ) -> tuple[Pattern, ...]:
        """Those that resemble most, the closest first."""


class LearningTools:
    """Read tools on srebot's own memory."""

    def __init__(self, patterns: StoredPatterns) -> None:
        self._patterns = patterns

    @tool("srebot", cost_seconds=0.05, deadline_seconds=5.0, shared=False)
    async def past_investigations(
        self,
        service: str,
        symptoms: Annotated[str, Field(description="such as the alert's title")] = "",
    ) -> Reading:
        """Closed investigations that resemble: what the cause was, which checks told, what mended it."""
        found = await self._patterns.similar(symptoms=(symptoms,), entity=service)
        return Reading(
            source="srebot",
            query=f"patterns of {service}: {symptoms}",
            observation="\n".join(map(_line, found))
            or f"nothing like it was investigated at {service}",
            data={"patterns": [p.model_dump(mode="json") for p in found]},
        )


def _line(pattern: Pattern) -> str:
    mended = f"; mended by: {pattern.fix}" if pattern.fix else ""
    return (
        f"investigation {pattern.investigation} ({pattern.last_seen:%Y-%m-%d}, seen {pattern.times_seen} times):"
        f" {pattern.mode} at {pattern.entity}{mended}"
    )

"""Tool calls: planned, made, and what they gave."""

from __future__ import annotations

import json
from functools import cached_property

from pydantic import Field

from agent.model.base import Json, Notebook, Utc, Value, Window


class Series(Value):
    """One time series of a metric."""

    metric: str
    tags: dict[str, str] = Field(default_factory=dict)
    unit: str = ""
    points: tuple[tuple[float, float], ...] = ()
    """(unix seconds, value), oldest first."""


class Reading(Value):
    """What a tool's call gave: the answer as it was, as data, and as the compact text that a reasoner is shown."""

    source: str
    """The vendor: kubernetes, datadog, pagerduty, slack."""
    query: str
    """What was asked, in the vendor's own words where it has some."""
    observation: str
    """Compact text for people and models."""
    data: Json = Field(default_factory=dict)
    """The answer pruned to what matters; the shapes are given at each tool."""
    series: tuple[Series, ...] = ()
    raw: str = ""
    """The vendor's answer as text, secrets redacted, capped in size."""
    link: str = ""
    """Opens the same query at the vendor."""
    window: Window | None = None

    @cached_property
    def notebook(self) -> Notebook:
        """Where those who read it keep what they worked out; its copies from then on have the same one, so that what many
        investigations read in one answer is worked out once."""
        return Notebook()


class Check(Value):
    """A planned tool call: what to ask, why, and which hypotheses it would tell apart."""

    tool: str
    arguments: Json = Field(default_factory=dict)
    reason: str = ""
    tells: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Equal for calls that ask the same."""
        return f"{self.tool} {json.dumps(self.arguments, sort_keys=True, default=str)}"


class Step(Value):
    """One tool call as it happened."""

    number: int
    round: int
    check: Check
    status: str = "ok"
    """ok, error, denied, unreachable, not_found, cancelled (its answer no longer mattered)."""
    reading: Reading | None = None
    error: str = ""
    started_at: Utc
    seconds: float = 0.0

"""An alert as no vendor in particular words it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal

State = Literal["triggered", "renotified", "warn", "no_data", "recovered"]
Sender = Literal["datadog", "pagerduty", "alertmanager", "grafana"]
FIRING = frozenset({"triggered", "renotified", "warn", "no_data"})
"""The states in which an alert stands."""


@dataclass(frozen=True)
class Member:
    """One more alert of a group that is told of at once."""

    labels: Mapping[str, str]
    text: str = ""
    value: float | None = None


@dataclass(frozen=True)
class AlertPost:
    """An alert, or a group of alerts of one rule, at one moment."""

    title: str
    text: str
    state: State
    at: datetime
    monitor_id: str = ""
    tags: tuple[str, ...] = ()
    """``key:value`` pairs, such as ``service:cart``."""
    severity: str = ""
    """Such as ``P2`` or ``critical``."""
    link: str = ""
    value: float | None = None
    query: str = ""
    thread_ts: str | None = None
    group: str = ""
    """For which group a Datadog monitor with several fired, such as ``host:web-1``."""
    others: tuple[Member, ...] = ()
    """The group's further alerts, as Alertmanager and Grafana fold them into one message."""
    started_at: datetime | None = None
    """When it began to fire; ``at`` unless this is told."""
    number: int | None = None
    """Of a PagerDuty incident."""
    assigned: tuple[str, ...] = field(default=())
    """Who is paged, by name."""

    @property
    def labels(self) -> dict[str, str]:
        """The tags as a mapping; a tag without a value maps to nothing."""
        return {key: value for key, _, value in (tag.partition(":") for tag in self.tags)}

    @property
    def firing(self) -> bool:
        """Whether it stands."""
        return self.state in FIRING

    @property
    def members(self) -> tuple[Member, ...]:
        """Every alert of the group, this one first."""
        return (Member(MappingProxyType(self.labels), self.text, self.value), *self.others)

    @property
    def common_labels(self) -> dict[str, str]:
        """The labels that all alerts of the group share."""
        first, *rest = self.members
        return {k: v for k, v in first.labels.items() if all(m.labels.get(k) == v for m in rest)}

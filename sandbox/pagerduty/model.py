"""What PagerDuty keeps of an incident. Frozen, so that a reader never sees half a change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Status = Literal["triggered", "acknowledged", "resolved"]
Urgency = Literal["high", "low"]
EventKind = Literal["trigger", "acknowledge", "resolve", "assign", "escalate", "annotate"]


@dataclass(frozen=True)
class Actor:
    """Who or what did something: a user, or a service's integration."""

    id: str
    type: Literal[
        "user_reference", "service_reference", "generic_events_api_inbound_integration_reference"
    ]
    name: str


@dataclass(frozen=True)
class Note:
    """A remark that somebody left on an incident."""

    id: str
    at: datetime
    author: Actor
    content: str


@dataclass(frozen=True)
class LogEntry:
    """One thing that happened to an incident."""

    id: str
    kind: EventKind
    at: datetime
    by: Actor
    note: str = ""
    assignee_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Alert:
    """One problem that a monitoring tool reported; alerts make up incidents."""

    id: str
    key: str
    at: datetime
    summary: str
    severity: str
    is_resolved: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    client: str = ""
    client_url: str = ""


@dataclass(frozen=True)
class Assignment:
    """Somebody who is to deal with an incident, and since when."""

    user_id: str
    at: datetime


@dataclass(frozen=True)
class Incident:
    """An incident with everything that hangs on it."""

    id: str
    number: int
    title: str
    service_id: str
    urgency: Urgency
    status: Status
    created_at: datetime
    changed_at: datetime
    changed_by: Actor
    key: str
    escalation_policy_id: str
    escalation_level: int = 1
    body: str = ""
    priority: str = ""
    """``P1`` to ``P5``; empty without one."""
    resolved_at: datetime | None = None
    assignments: tuple[Assignment, ...] = ()
    acknowledgements: tuple[Assignment, ...] = ()
    alerts: tuple[Alert, ...] = ()
    notes: tuple[Note, ...] = ()
    log: tuple[LogEntry, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it is not resolved yet."""
        return self.status != "resolved"


@dataclass(frozen=True)
class ChangeEvent:
    """A change that a delivery tool reported for a service."""

    id: str
    at: datetime
    service_id: str
    summary: str
    source: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    links: tuple[Mapping[str, str], ...] = ()

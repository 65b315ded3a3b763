"""PagerDuty's V3 webhooks: an event on an incident.

https://developer.pagerduty.com/docs/webhooks-overview
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from sandbox.pagerduty.directory import Directory, priority_id
from sandbox.pagerduty.model import Actor, EventKind, Incident

_API = "https://api.pagerduty.com"
_PAGES = "https://sundial.pagerduty.com"
EVENT_TYPES: dict[EventKind, str] = {
    "trigger": "incident.triggered",
    "acknowledge": "incident.acknowledged",
    "resolve": "incident.resolved",
    "assign": "incident.reassigned",
    "escalate": "incident.escalated",
    "annotate": "incident.annotated",
}
_LONGEST_NOTE = 4_000
"""Longer ones are trimmed."""


def is_told(incident: Incident, kind: EventKind) -> bool:
    """Whether PagerDuty tells of it; whom an incident is assigned to when it opens is told of with its opening."""
    return kind in EVENT_TYPES and (
        kind != "assign" or sum(entry.kind == "assign" for entry in incident.log) > 1
    )


def payload(directory: Directory, incident: Incident, kind: EventKind) -> dict[str, Any]:
    """The event that something was done to an incident just now."""
    return {
        "event": {
            "id": str(uuid.uuid4()),
            "event_type": EVENT_TYPES[kind],
            "resource_type": "incident",
            "occurred_at": _iso(incident.changed_at),
            "agent": _agent(incident.log[-1].by if incident.log else incident.changed_by),
            "client": None,
            "data": _note(incident) if kind == "annotate" else _data(directory, incident),
        }
    }


def _note(incident: Incident) -> dict[str, Any]:
    """The last note (``incident_note``)."""
    note = incident.notes[-1]
    return {
        "incident": _reference("incident", incident.id, incident.title),
        "id": note.id,
        "content": note.content[:_LONGEST_NOTE],
        "trimmed": len(note.content) > _LONGEST_NOTE,
        "type": "incident_note",
    }


def _data(directory: Directory, incident: Incident) -> dict[str, Any]:
    service = directory.service(incident.service_id)
    team = directory.team_of(service) if service else None
    name = service.name if service else incident.service_id
    return {
        "id": incident.id,
        "type": "incident",
        "self": f"{_API}/incidents/{incident.id}",
        "html_url": f"{_PAGES}/incidents/{incident.id}",
        "number": incident.number,
        "status": incident.status,
        "incident_key": incident.key,
        "created_at": _iso(incident.created_at),
        "title": incident.title,
        "service": _reference("service", incident.service_id, name),
        "assignees": [
            _reference("user", each.user_id, _name(directory, each.user_id))
            for each in incident.assignments
        ],
        "escalation_policy": _reference("escalation_policy", incident.escalation_policy_id, ""),
        "teams": [_reference("team", team.pagerduty_team_id, team.name)] if team else [],
        "priority": _priority(incident.priority),
        "urgency": incident.urgency,
        "conference_bridge": None,
        "resolve_reason": None,
    }


def _name(directory: Directory, user_id: str) -> str:
    user = directory.user(user_id)
    return user.name if user is not None else ""


def _priority(name: str) -> dict[str, Any] | None:
    return _reference("priority", priority_id(name), name) if name else None


def _reference(kind: str, identifier: str, summary: str) -> dict[str, Any]:
    plural = f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"
    return {
        "id": identifier,
        "type": f"{kind}_reference",
        "self": f"{_API}/{plural}/{identifier}",
        "html_url": f"{_PAGES}/{plural}/{identifier}",
        "summary": summary or identifier,
    }


def _agent(actor: Actor) -> dict[str, Any]:
    return {"id": actor.id, "type": actor.type, "summary": actor.name}


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""Incidents and what hangs on them as PagerDuty's JSON."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.pagerduty.directory import made_id, service_actor
from sandbox.pagerduty.model import Alert, ChangeEvent, Incident, LogEntry, Note
from sandbox.pagerduty.views import Json, Views, iso


def incident_view(views: Views, incident: Incident, include: Sequence[str] = ()) -> Json:
    """An incident; what ``include`` names is shown in full instead of by reference."""
    directory = views.directory
    service = directory.service(incident.service_id)
    team = directory.team_of_policy(incident.escalation_policy_id)
    service_view = views.service_reference(incident.service_id)
    if service is not None and "services" in include:
        service_view = views.service(service, "critical" if incident.is_open else "active")
    summary = f"[#{incident.number}] {incident.title}"
    shown = {
        **views.identity("incident", incident.id, summary),
        "incident_number": incident.number,
        "title": incident.title,
        "description": incident.title,
        "created_at": iso(incident.created_at),
        "updated_at": iso(incident.changed_at),
        "status": incident.status,
        "urgency": incident.urgency,
        "incident_key": incident.key,
        "service": service_view,
        "assigned_via": "escalation_policy",
        "last_status_change_at": iso(incident.changed_at),
        "last_status_change_by": views.actor(incident.changed_by),
        "resolved_at": iso(incident.resolved_at) if incident.resolved_at else None,
        "first_trigger_log_entry": _first_trigger(views, incident),
        "alert_counts": _alert_counts(incident.alerts),
        "is_mergeable": True,
        "incident_type": {"name": "incident_default"},
        "escalation_policy": views.policy_reference(team) if team else None,
        "teams": [views.team_reference(team)] if team else [],
        "priority": views.priority(incident.priority) if incident.priority else None,
        "resolve_reason": None,
        "conference_bridge": None,
        "pending_actions": [],
        "impacted_services": [views.service_reference(incident.service_id)],
        "incidents_responders": [],
        "responder_requests": [],
        "subscriber_requests": [],
    }
    shown |= _people(views, incident, include)
    if "body" in include:
        shown["body"] = {"type": "incident_body", "details": incident.body}
    return shown


def _people(views: Views, incident: Incident, include: Sequence[str]) -> Json:
    def shown(user_id: str, *, in_full: bool) -> Json:
        person = views.directory.user(user_id) if in_full else None
        return views.user(person) if person else views.user_reference(user_id)

    return {
        "assignments": [
            {"at": iso(each.at), "assignee": shown(each.user_id, in_full="assignees" in include)}
            for each in incident.assignments
        ],
        "acknowledgements": [
            {
                "at": iso(each.at),
                "acknowledger": shown(each.user_id, in_full="acknowledgers" in include),
            }
            for each in incident.acknowledgements
        ],
    }


def note_view(views: Views, note: Note) -> Json:
    """A note."""
    return {
        "id": note.id,
        "user": views.actor(note.author),
        "channel": {"summary": "The PagerDuty website or APIs"},
        "content": note.content,
        "created_at": iso(note.at),
    }


def alert_view(views: Views, incident: Incident, alert: Alert) -> Json:
    """An alert of an incident."""
    service = views.directory.service(incident.service_id)
    integration = service_actor(service) if service else incident.changed_by
    cef = {
        "message": alert.summary,
        "severity": alert.severity,
        "dedup_key": alert.key,
        "source_origin": alert.source,
        "client": alert.client,
        "client_url": alert.client_url,
        "details": dict(alert.details),
    }
    return {
        **views.identity("alert", alert.id, alert.summary),
        "self": f"{views.identity('incident', incident.id, '')['self']}/alerts/{alert.id}",
        "created_at": iso(alert.at),
        "status": "resolved" if alert.is_resolved else "triggered",
        "alert_key": alert.key,
        "severity": alert.severity,
        "suppressed": False,
        "service": views.service_reference(incident.service_id),
        "incident": views.reference("incident", incident.id, incident.title),
        "integration": views.actor(integration),
        "body": {
            "type": "alert_body",
            "contexts": [],
            "details": dict(alert.details),
            "cef_details": cef,
        },
    }


def log_entry_view(views: Views, incident: Incident, entry: LogEntry) -> Json:
    """A log entry of an incident."""
    kind = f"{entry.kind}_log_entry"
    shown = {
        **views.identity("log_entry", entry.id, f"{_PAST[entry.kind]} by {entry.by.name}"),
        "type": kind,
        "created_at": iso(entry.at),
        "agent": views.actor(entry.by),
        "channel": {"type": "note" if entry.note else "api", "summary": entry.note or None},
        "incident": views.reference("incident", incident.id, incident.title),
        "service": views.service_reference(incident.service_id),
        "teams": [],
        "contexts": [],
        "event_details": {},
    }
    if entry.kind in ("assign", "escalate"):
        shown["assignees"] = [views.user_reference(each) for each in entry.assignee_ids]
    return shown


def change_view(views: Views, change: ChangeEvent) -> Json:
    """A change event."""
    service = views.directory.service(change.service_id)
    return {
        **views.identity("change_event", change.id, change.summary),
        "html_url": None,
        "timestamp": iso(change.at),
        "source": change.source,
        "integration": views.actor(service_actor(service)) if service else None,
        "services": [views.service_reference(change.service_id)],
        "links": [dict(link) for link in change.links],
        "images": [],
        "custom_details": dict(change.details),
    }


_PAST = {
    "trigger": "Triggered",
    "acknowledge": "Acknowledged",
    "resolve": "Resolved",
    "assign": "Assigned",
    "escalate": "Escalated",
    "annotate": "Note added",
}


def _first_trigger(views: Views, incident: Incident) -> Json | None:
    entry = next((entry for entry in incident.log if entry.kind == "trigger"), None)
    identifier = entry.id if entry else made_id("R", incident.id, 0)
    return {
        **views.reference("log_entry", identifier, "Triggered"),
        "type": "trigger_log_entry_reference",
    }


def _alert_counts(alerts: Sequence[Alert]) -> dict[str, int]:
    resolved = sum(alert.is_resolved for alert in alerts)
    return {"all": len(alerts), "triggered": len(alerts) - resolved, "resolved": resolved}

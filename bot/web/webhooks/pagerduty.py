"""PagerDuty's V3 webhooks: https://developer.pagerduty.com/docs/webhooks-overview."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from agent.model import AlertState, Signal, SignalKind
from agent.model.pages import PageEvent, PageEventKind
from bot.alerts import identity
from bot.alerts.words import heading_of, severity_of
from bot.slack.places import place_in
from bot.web.webhooks.fields import Payload, mapping, moment, objects, text

_STATES = {
    "incident.triggered": AlertState.TRIGGERED,
    "incident.reopened": AlertState.TRIGGERED,
    "incident.acknowledged": AlertState.RENOTIFIED,
    "incident.unacknowledged": AlertState.RENOTIFIED,
    "incident.escalated": AlertState.RENOTIFIED,
    "incident.reassigned": AlertState.RENOTIFIED,
    "incident.delegated": AlertState.RENOTIFIED,
    "incident.priority_updated": AlertState.RENOTIFIED,
    "incident.resolved": AlertState.RECOVERED,
}
_SERVICE_CHANGES = {
    "service.created": "was created",
    "service.updated": "was changed",
    "service.deleted": "was deleted",
}
_PAGE_EVENTS = {
    "incident.acknowledged": PageEventKind.ACKNOWLEDGED,
    "incident.unacknowledged": PageEventKind.UNACKNOWLEDGED,
    "incident.annotated": PageEventKind.ANNOTATED,
    "incident.resolved": PageEventKind.RESOLVED,
    "incident.reopened": PageEventKind.REOPENED,
    "incident.reassigned": PageEventKind.REASSIGNED,
    "incident.delegated": PageEventKind.REASSIGNED,
    "incident.escalated": PageEventKind.ESCALATED,
}
_MAX_NAME = 200
_MAX_NOTE = 25_000
_OWN_PAGE = "srebot-"
"""How the keys of the incidents begin that srebot itself opened to page somebody."""


def signals(payload: Payload, now: datetime) -> Sequence[Signal]:
    """The alert or change of an event; nothing for events of other kinds, and for srebot's own pages."""
    event = mapping(payload, "event")
    kind, data = text(event, "event_type"), mapping(event, "data")
    at, key = (
        moment(text(event, "occurred_at"), now),
        f"webhook:pagerduty:{text(event, 'id')[:100]}",
    )
    if kind in _SERVICE_CHANGES:
        return [_change(key, data, _SERVICE_CHANGES[kind], at)]
    own = text(data, "incident_key").startswith(_OWN_PAGE)
    title = heading_of(text(data, "title")).title
    if kind not in _STATES or own or not title:
        return ()
    return [_incident(key, data, title, _STATES[kind], at)]


def page_event(payload: Payload, now: datetime) -> tuple[str, PageEvent] | None:
    """What was done to an incident, whoever's it is, with the event's own key; None for events of other kinds."""
    event = mapping(payload, "event")
    kind, data = _PAGE_EVENTS.get(text(event, "event_type")), mapping(event, "data")
    # Of a note the data is the note, which names its incident.
    incident = text(data, "incident", "id") or text(data, "id")
    if kind is None or not incident:
        return None
    is_note = kind is PageEventKind.ANNOTATED
    return f"webhook:pagerduty:{text(event, 'id')[:100]}", PageEvent(
        kind=kind,
        incident=incident[:100],
        key=text(data, "incident_key")[:255],
        who=text(event, "agent", "summary")[:_MAX_NAME],
        to=tuple(text(a, "summary")[:_MAX_NAME] for a in objects(data.get("assignees"))[:10]),
        note=text(data, "content")[:_MAX_NOTE] if is_note else "",
        number=text(data, "id")[:100] if is_note else "",
        at=moment(text(event, "occurred_at"), now),
    )


def _incident(key: str, data: Payload, title: str, state: AlertState, at: datetime) -> Signal:
    service = text(data, "service", "summary")[:_MAX_NAME]
    tags = {"service": service, "urgency": text(data, "urgency")}
    if priority := text(data, "priority", "summary"):
        tags["priority"] = priority
    place = place_in(title) or place_in(service)
    return Signal(
        key=key,
        kind=SignalKind.ALERT,
        source="pagerduty",
        title=title[:300],
        text=f"Incident {text(data, 'number')} of {service}",
        state=state,
        severity=severity_of([tags.get("priority", ""), tags["urgency"]]),
        service=service,
        namespace=place,
        environment=place,
        tags=tags,
        fingerprint=identity.fingerprint("pagerduty", title, tags),
        occurred_at=at,
        link=text(data, "html_url"),
    )


def _change(key: str, data: Payload, what: str, at: datetime) -> Signal:
    service = (text(data, "summary") or text(data, "name"))[:_MAX_NAME]
    return Signal(
        key=key,
        kind=SignalKind.CHANGE,
        source="pagerduty",
        title=f"The PagerDuty service {service} {what}"[:300],
        service=service,
        occurred_at=at,
        link=text(data, "html_url"),
    )

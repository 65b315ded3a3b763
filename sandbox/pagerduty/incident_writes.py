"""The endpoints that change incidents: create, manage, note."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.pagerduty import parameters
from sandbox.pagerduty.directory import PRIORITIES, Directory, priority_id, user_actor
from sandbox.pagerduty.errors import (
    ARGUMENTS_CAUSED_ERROR,
    INCIDENT_ALREADY_RESOLVED,
    ApiError,
    InvalidInput,
    NotFound,
)
from sandbox.pagerduty.incident_views import incident_view, note_view
from sandbox.pagerduty.incidents import views_of, wanted_incident
from sandbox.pagerduty.model import Actor, Incident
from sandbox.pagerduty.state import AlreadyResolved, DuplicateKey, PagerDutyState

_MOST_AT_ONCE = 250
_LONGEST_TITLE = 1024


async def create_incident(request: Request) -> Response:
    """``POST /incidents``: 201, or 400 when the key belongs to an open incident of the service."""
    by = user_actor(parameters.requester(request))
    raw = await parameters.json_object(request, "incident")
    state = parameters.state_of(request)
    service = state.directory.service(parameters.reference_id(raw.get("service")))
    title = raw.get("title")
    faults = [] if service else ["Service cannot be empty"]
    if not isinstance(title, str) or not title.strip() or len(title) > _LONGEST_TITLE:
        faults.append("Title cannot be empty or longer than 1024 characters")
    if faults or service is None:
        raise InvalidInput(*faults)
    body = raw.get("body")
    try:
        incident = state.open_incident(
            service,
            str(title),
            _urgency(raw),
            by=by,
            key=_key(raw),
            body=str(body.get("details", "")) if isinstance(body, Mapping) else "",
            assignee_ids=_assignees(state.directory, raw),
            priority=_priority(raw),
        )
    except DuplicateKey as error:
        message = "Open incident with matching dedup key already exists on this service"
        raise ApiError(400, ARGUMENTS_CAUSED_ERROR, "Arguments Caused Error", [message]) from error
    return JSONResponse({"incident": incident_view(views_of(request), incident, ["body"])}, 201)


async def update_incident(request: Request) -> Response:
    """``PUT /incidents/{id}``."""
    by = user_actor(parameters.requester(request))
    raw = await parameters.json_object(request, "incident")
    incident = _updated(parameters.state_of(request), wanted_incident(request), raw, by)
    return JSONResponse({"incident": incident_view(views_of(request), incident)})


async def manage_incidents(request: Request) -> Response:
    """``PUT /incidents``: several at once, up to 250."""
    by = user_actor(parameters.requester(request))
    body = await parameters.json_object(request)
    rows = body.get("incidents")
    if not isinstance(rows, list) or not 0 < len(rows) <= _MOST_AT_ONCE:
        raise InvalidInput("Incidents must be an array of 1 to 250 references")
    state = parameters.state_of(request)
    pairs = [(state.incident(parameters.reference_id(row)), row) for row in rows]
    if any(incident is None for incident, _ in pairs):
        raise NotFound
    updated = [_updated(state, incident, row, by) for incident, row in pairs if incident]
    views = views_of(request)
    return JSONResponse({"incidents": [incident_view(views, each) for each in updated]})


async def create_note(request: Request) -> Response:
    """``POST /incidents/{id}/notes``."""
    by = user_actor(parameters.requester(request))
    raw = await parameters.json_object(request, "note")
    content = raw.get("content")
    if not isinstance(content, str) or not content.strip():
        raise InvalidInput("Content cannot be empty")
    incident = wanted_incident(request)
    note = parameters.state_of(request).add_note(incident.id, content, by)
    return JSONResponse({"note": note_view(views_of(request), note)}, 201)


def _updated(
    state: PagerDutyState, incident: Incident, raw: Mapping[str, Any], by: Actor
) -> Incident:
    """Apply what a reference with fields asks for; everything is checked before anything changes."""
    status, fields = raw.get("status"), _amendments(state.directory, raw)
    if status not in (None, "acknowledged", "resolved"):
        raise InvalidInput("Status must be acknowledged or resolved")
    assignees, level = _assignees(state.directory, raw), _level(raw)
    try:
        if fields:
            incident = state.amend(incident.id, **fields)
        if assignees:
            incident = state.reassign(incident.id, assignees, by)
        if level:
            incident = state.escalate(incident.id, level, by)
        if status == "acknowledged":
            incident = state.acknowledge(incident.id, by)
        if status == "resolved":
            incident = state.resolve(incident.id, by)
    except AlreadyResolved as error:
        message = "Incident Already Resolved"
        raise ApiError(400, INCIDENT_ALREADY_RESOLVED, message, [message]) from error
    resolution = raw.get("resolution")
    if status == "resolved" and isinstance(resolution, str) and resolution.strip():
        state.add_note(incident.id, f"Resolution Note: {resolution}", by)
    return state.incident(incident.id) or incident


def _amendments(directory: Directory, raw: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if isinstance(title := raw.get("title"), str) and title.strip():
        fields["title"] = title[:_LONGEST_TITLE]
    if "urgency" in raw:
        fields["urgency"] = _urgency(raw)
    if policy_id := parameters.reference_id(raw.get("escalation_policy")):
        if directory.team_of_policy(policy_id) is None:
            raise InvalidInput("Escalation policy not found")
        fields["escalation_policy_id"] = policy_id
    if "priority" in raw:
        fields["priority"] = _priority(raw)
    return fields


def _level(raw: Mapping[str, Any]) -> int:
    level = raw.get("escalation_level", 0)
    if not isinstance(level, int) or ("escalation_level" in raw and not 1 <= level <= 20):
        raise InvalidInput("Escalation level is invalid")
    return level


def _priority(raw: Mapping[str, Any]) -> str:
    wanted = parameters.reference_id(raw.get("priority"))
    found = [name for name in PRIORITIES if priority_id(name) == wanted]
    if wanted and not found:
        raise InvalidInput("Priority not found")
    return found[0] if found else ""


def _urgency(raw: Mapping[str, Any]) -> Any:
    urgency = raw.get("urgency", "high")
    if urgency not in ("high", "low"):
        raise InvalidInput("Urgency must be high or low")
    return urgency


def _key(raw: Mapping[str, Any]) -> str | None:
    key = raw.get("incident_key")
    if key is not None and not isinstance(key, str):
        raise InvalidInput("Incident key must be a string")
    return key or None


def _assignees(directory: Directory, raw: Mapping[str, Any]) -> list[str]:
    rows = raw.get("assignments") or []
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise InvalidInput("Assignments must be an array")
    user_ids = [parameters.reference_id(row.get("assignee")) for row in rows]
    if any(directory.user(user_id) is None for user_id in user_ids):
        raise InvalidInput("Assignee is not a user of the account")
    return user_ids


ROUTES = [
    Route("/incidents", create_incident, methods=["POST"]),
    Route("/incidents", manage_incidents, methods=["PUT"]),
    Route("/incidents/{id}", update_incident, methods=["PUT"]),
    Route("/incidents/{id}/notes", create_note, methods=["POST"]),
]

"""The endpoints that read incidents: list, get, notes, alerts, log entries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.pagerduty import parameters
from sandbox.pagerduty.errors import InvalidInput, NotFound
from sandbox.pagerduty.incident_views import (
    alert_view,
    change_view,
    incident_view,
    log_entry_view,
    note_view,
)
from sandbox.pagerduty.model import Alert, Incident, LogEntry
from sandbox.pagerduty.views import Views

_DEFAULT_WINDOW = timedelta(days=30)
_RELATED_WINDOW = timedelta(hours=24)
_STATUSES = {"triggered", "acknowledged", "resolved"}
_SORT_KEYS: dict[str, Callable[[Incident], Any]] = {
    "incident_number": lambda incident: incident.number,
    "created_at": lambda incident: (incident.created_at, incident.number),
    "resolved_at": lambda incident: (
        incident.resolved_at is None,
        incident.resolved_at or incident.created_at,
    ),
    "urgency": lambda incident: incident.urgency,
}


def list_incidents(request: Request) -> Response:
    """``GET /incidents``: those of the last 30 days, unless told otherwise, oldest first."""
    state = parameters.state_of(request)
    matches = _filter(request, state.now())
    incidents = [incident for incident in state.incidents() if matches(incident)]
    for field, _, direction in reversed([s.partition(":") for s in _sort_fields(request)]):
        if field not in _SORT_KEYS or direction not in {"", "asc", "desc"}:
            raise InvalidInput("Sort by is invalid")
        incidents.sort(key=_SORT_KEYS[field], reverse=direction == "desc")
    views, include = views_of(request), parameters.listed(request, "include")
    return parameters.page(
        request, "incidents", incidents, lambda incident: incident_view(views, incident, include)
    )


def get_incident(request: Request) -> Response:
    """``GET /incidents/{id}``; the id may also be the incident's number."""
    include = parameters.listed(request, "include")
    shown = incident_view(views_of(request), wanted_incident(request), include)
    return JSONResponse({"incident": shown})


def list_notes(request: Request) -> Response:
    """``GET /incidents/{id}/notes``, newest first."""
    views = views_of(request)
    notes = reversed(wanted_incident(request).notes)
    return JSONResponse({"notes": [note_view(views, note) for note in notes]})


def list_alerts(request: Request) -> Response:
    """``GET /incidents/{id}/alerts``, filtered by ``statuses[]`` and ``alert_key``."""
    incident, views = wanted_incident(request), views_of(request)
    statuses = set(parameters.listed(request, "statuses")) or _STATUSES
    key = request.query_params.get("alert_key")
    alerts = [
        alert
        for alert in incident.alerts
        if _alert_status(alert) in statuses and key in (None, alert.key)
    ]
    return parameters.page(request, "alerts", alerts, lambda a: alert_view(views, incident, a))


def get_alert(request: Request) -> Response:
    """``GET /incidents/{id}/alerts/{alert_id}``."""
    incident = wanted_incident(request)
    for alert in incident.alerts:
        if alert.id == request.path_params["alert_id"]:
            return JSONResponse({"alert": alert_view(views_of(request), incident, alert)})
    raise NotFound


def incident_log(request: Request) -> Response:
    """``GET /incidents/{id}/log_entries``, newest first."""
    incident = wanted_incident(request)
    return _log_page(request, [(incident, entry) for entry in reversed(incident.log)])


def account_log(request: Request) -> Response:
    """``GET /log_entries``: of every incident, newest first."""
    state = parameters.state_of(request)
    since = parameters.moment(request, "since", None)
    until = parameters.moment(request, "until", None)
    pairs = [
        (incident, entry)
        for incident in state.incidents()
        for entry in incident.log
        if (since is None or entry.at >= since) and (until is None or entry.at < until)
    ]
    pairs.sort(key=lambda pair: pair[1].at, reverse=True)
    return _log_page(request, pairs)


def get_log_entry(request: Request) -> Response:
    """``GET /log_entries/{id}``."""
    views = views_of(request)
    for incident in parameters.state_of(request).incidents():
        for entry in incident.log:
            if entry.id == request.path_params["id"]:
                return JSONResponse({"log_entry": log_entry_view(views, incident, entry)})
    raise NotFound


def related_changes(request: Request) -> Response:
    """``GET /incidents/{id}/related_change_events``: on its service, in the day before it."""
    incident, views = wanted_incident(request), views_of(request)
    reason = {"reason": "most_recent"}
    related = [
        {**change_view(views, change), "correlation_reason": reason}
        for change in parameters.state_of(request).changes()
        if change.service_id == incident.service_id
        and incident.created_at - _RELATED_WINDOW <= change.at <= incident.created_at
    ]
    return JSONResponse({"change_events": related})


def wanted_incident(request: Request) -> Incident:
    """The incident that the path names.

    Raises:
        NotFound: there is none.
    """
    state, wanted = parameters.state_of(request), str(request.path_params["id"])
    incident = state.incident(wanted)
    if incident is None and wanted.isdigit():
        incident = next((i for i in state.incidents() if str(i.number) == wanted), None)
    if incident is None:
        raise NotFound
    return incident


def views_of(request: Request) -> Views:
    """The renderer for this request."""
    return Views(request, parameters.directory_of(request))


def _log_page(request: Request, pairs: list[tuple[Incident, LogEntry]]) -> Response:
    views = views_of(request)
    return parameters.page(request, "log_entries", pairs, lambda p: log_entry_view(views, *p))


def _alert_status(alert: Alert) -> str:
    return "resolved" if alert.is_resolved else "triggered"


def _sort_fields(request: Request) -> list[str]:
    raw = ",".join(
        [request.query_params.get("sort_by", ""), *parameters.listed(request, "sort_by")]
    )
    return [field for field in raw.split(",") if field]


def _filter(request: Request, now: datetime) -> Callable[[Incident], bool]:
    statuses = set(parameters.listed(request, "statuses"))
    if statuses - _STATUSES:
        raise InvalidInput("Statuses is invalid")
    service_ids = set(parameters.listed(request, "service_ids"))
    team_policies = _policies_of_teams(request)
    urgencies = set(parameters.listed(request, "urgencies"))
    user_ids = set(parameters.listed(request, "user_ids"))
    key = request.query_params.get("incident_key")
    since, until = _window(request, now)

    def matches(incident: Incident) -> bool:
        assignees = {assignment.user_id for assignment in incident.assignments}
        return (
            (not statuses or incident.status in statuses)
            and (not service_ids or incident.service_id in service_ids)
            and (team_policies is None or incident.escalation_policy_id in team_policies)
            and (not urgencies or incident.urgency in urgencies)
            and (not user_ids or bool(user_ids & assignees))
            and key in (None, incident.key)
            and (since is None or incident.created_at >= since)
            and (until is None or incident.created_at < until)
        )

    return matches


def _policies_of_teams(request: Request) -> set[str] | None:
    wanted = parameters.listed(request, "team_ids")
    if not wanted:
        return None
    teams = [parameters.directory_of(request).team(each) for each in wanted]
    return {team.escalation_policy_id for team in teams if team is not None}


def _window(request: Request, now: datetime) -> tuple[datetime | None, datetime | None]:
    if request.query_params.get("date_range") == "all":
        return None, None
    until = parameters.moment(request, "until", None)
    since = parameters.moment(request, "since", (until or now) - _DEFAULT_WINDOW)
    return since, until


ROUTES = [
    Route("/incidents", list_incidents, methods=["GET"]),
    Route("/incidents/{id}", get_incident, methods=["GET"]),
    Route("/incidents/{id}/notes", list_notes, methods=["GET"]),
    Route("/incidents/{id}/alerts", list_alerts, methods=["GET"]),
    Route("/incidents/{id}/alerts/{alert_id}", get_alert, methods=["GET"]),
    Route("/incidents/{id}/log_entries", incident_log, methods=["GET"]),
    Route("/incidents/{id}/related_change_events", related_changes, methods=["GET"]),
    Route("/log_entries", account_log, methods=["GET"]),
    Route("/log_entries/{id}", get_log_entry, methods=["GET"]),
]

"""Change events, through the REST API."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.pagerduty import parameters
from sandbox.pagerduty.errors import NotFound
from sandbox.pagerduty.incident_views import change_view
from sandbox.pagerduty.incidents import views_of
from sandbox.pagerduty.model import ChangeEvent


def list_changes(request: Request) -> Response:
    """``GET /change_events``, newest first, filtered by the window and ``team_ids[]``."""
    state = parameters.state_of(request)
    team_ids = set(parameters.listed(request, "team_ids"))
    service_ids = {
        service.pagerduty_id
        for service in state.directory.services
        if not team_ids or state.directory.team_of(service).pagerduty_team_id in team_ids
    }
    return _listing(request, [c for c in state.changes() if c.service_id in service_ids])


def list_service_changes(request: Request) -> Response:
    """``GET /services/{id}/change_events``, newest first."""
    state, service_id = parameters.state_of(request), request.path_params["id"]
    if state.directory.service(service_id) is None:
        raise NotFound
    return _listing(request, [c for c in state.changes() if c.service_id == service_id])


def get_change(request: Request) -> Response:
    """``GET /change_events/{id}``."""
    for change in parameters.state_of(request).changes():
        if change.id == request.path_params["id"]:
            return JSONResponse({"change_event": change_view(views_of(request), change)})
    raise NotFound


def _listing(request: Request, changes: Sequence[ChangeEvent]) -> Response:
    since = parameters.moment(request, "since", None)
    until = parameters.moment(request, "until", None)
    shown = [
        change
        for change in changes
        if (since is None or change.at >= since) and (until is None or change.at < until)
    ]
    views = views_of(request)
    return parameters.page(request, "change_events", shown, lambda c: change_view(views, c))


ROUTES = [
    Route("/change_events", list_changes, methods=["GET"]),
    Route("/change_events/{id}", get_change, methods=["GET"]),
    Route("/services/{id}/change_events", list_service_changes, methods=["GET"]),
]

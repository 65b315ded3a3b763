"""The endpoints that list the account: services, users, teams, policies, schedules, abilities."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.pagerduty import parameters
from sandbox.pagerduty.directory import schedule_id
from sandbox.pagerduty.errors import NotFound
from sandbox.pagerduty.incidents import views_of
from sandbox.pagerduty.state import PagerDutyState
from sandbox.pagerduty.views import contact_methods
from sandbox.world.ports import Service

_ABILITIES = ["sso", "advanced_reports", "teams", "urgencies", "event_rules", "service_graph"]


def list_services(request: Request) -> Response:
    """``GET /services``, filtered by ``query`` (in the name) and ``team_ids[]``."""
    state, views = parameters.state_of(request), views_of(request)
    include = parameters.listed(request, "include")
    team_ids = set(parameters.listed(request, "team_ids"))
    services = [
        service
        for service in sorted(state.directory.services, key=lambda service: service.name)
        if _in_query(request, service.name)
        and (not team_ids or state.directory.team_of(service).pagerduty_team_id in team_ids)
    ]
    return parameters.page(
        request, "services", services, lambda s: views.service(s, _status(state, s), include)
    )


def get_service(request: Request) -> Response:
    """``GET /services/{id}``."""
    state = parameters.state_of(request)
    service = state.directory.service(request.path_params["id"])
    if service is None:
        raise NotFound
    include = parameters.listed(request, "include")
    shown = views_of(request).service(service, _status(state, service), include)
    return JSONResponse({"service": shown})


def list_users(request: Request) -> Response:
    """``GET /users``, filtered by ``query`` (in name or e-mail) and ``team_ids[]``."""
    directory, views = parameters.directory_of(request), views_of(request)
    include = parameters.listed(request, "include")
    teams = [directory.team(each) for each in parameters.listed(request, "team_ids")]
    in_teams = {slack_id for team in teams if team for slack_id in team.members}
    users = [
        user
        for user in sorted(directory.users, key=lambda user: user.name)
        if _in_query(request, f"{user.name} {user.email}")
        and (not teams or user.slack_id in in_teams)
    ]
    return parameters.page(request, "users", users, lambda user: views.user(user, include))


def get_user(request: Request) -> Response:
    """``GET /users/{id}``."""
    user = parameters.directory_of(request).user(request.path_params["id"])
    if user is None:
        raise NotFound
    include = parameters.listed(request, "include")
    return JSONResponse({"user": views_of(request).user(user, include)})


def list_contact_methods(request: Request) -> Response:
    """``GET /users/{id}/contact_methods``."""
    user = parameters.directory_of(request).user(request.path_params["id"])
    if user is None:
        raise NotFound
    return JSONResponse({"contact_methods": contact_methods(user)})


def list_teams(request: Request) -> Response:
    """``GET /teams``, filtered by ``query``."""
    views = views_of(request)
    teams = [t for t in parameters.directory_of(request).teams if _in_query(request, t.name)]
    return parameters.page(request, "teams", teams, views.team)


def get_team(request: Request) -> Response:
    """``GET /teams/{id}``."""
    team = parameters.directory_of(request).team(request.path_params["id"])
    if team is None:
        raise NotFound
    return JSONResponse({"team": views_of(request).team(team)})


def list_members(request: Request) -> Response:
    """``GET /teams/{id}/members``; the second member is the manager."""
    directory, views = parameters.directory_of(request), views_of(request)
    team = directory.team(request.path_params["id"])
    if team is None:
        raise NotFound
    ranked = [
        (person, "manager" if index == 1 else "responder")
        for index, person in enumerate(directory.members(team))
    ]
    return parameters.page(
        request,
        "members",
        ranked,
        lambda pair: {"user": views.user_reference(pair[0].pagerduty_id), "role": pair[1]},
    )


def list_policies(request: Request) -> Response:
    """``GET /escalation_policies``, filtered by ``query`` and ``team_ids[]``."""
    views, wanted = views_of(request), set(parameters.listed(request, "team_ids"))
    teams = [
        team
        for team in parameters.directory_of(request).teams
        if _in_query(request, team.name) and (not wanted or team.pagerduty_team_id in wanted)
    ]
    return parameters.page(request, "escalation_policies", teams, views.policy)


def get_policy(request: Request) -> Response:
    """``GET /escalation_policies/{id}``."""
    team = parameters.directory_of(request).team_of_policy(request.path_params["id"])
    if team is None:
        raise NotFound
    return JSONResponse({"escalation_policy": views_of(request).policy(team)})


def list_schedules(request: Request) -> Response:
    """``GET /schedules``, filtered by ``query``."""
    views = views_of(request)
    teams = [t for t in parameters.directory_of(request).teams if _in_query(request, t.name)]
    return parameters.page(request, "schedules", sorted(teams, key=schedule_id), views.schedule)


def get_schedule(request: Request) -> Response:
    """``GET /schedules/{id}``."""
    team = parameters.directory_of(request).team_of_schedule(request.path_params["id"])
    if team is None:
        raise NotFound
    return JSONResponse({"schedule": views_of(request).schedule(team)})


async def list_abilities(_: Request) -> Response:
    """``GET /abilities``."""
    return JSONResponse({"abilities": _ABILITIES})


async def test_ability(request: Request) -> Response:
    """``GET /abilities/{id}``: 204 if the account has it."""
    if request.path_params["id"] not in _ABILITIES:
        raise NotFound
    return Response(status_code=204)


def _in_query(request: Request, text: str) -> bool:
    return request.query_params.get("query", "").lower() in text.lower()


def _status(state: PagerDutyState, service: Service) -> str:
    """``critical`` with a triggered incident, ``warning`` with an acknowledged one, else ``active``."""
    statuses = {i.status for i in state.incidents() if i.service_id == service.pagerduty_id}
    if "triggered" in statuses:
        return "critical"
    return "warning" if "acknowledged" in statuses else "active"


ROUTES = [
    Route("/services", list_services, methods=["GET"]),
    Route("/services/{id}", get_service, methods=["GET"]),
    Route("/users", list_users, methods=["GET"]),
    Route("/users/{id}", get_user, methods=["GET"]),
    Route("/users/{id}/contact_methods", list_contact_methods, methods=["GET"]),
    Route("/teams", list_teams, methods=["GET"]),
    Route("/teams/{id}", get_team, methods=["GET"]),
    Route("/teams/{id}/members", list_members, methods=["GET"]),
    Route("/escalation_policies", list_policies, methods=["GET"]),
    Route("/escalation_policies/{id}", get_policy, methods=["GET"]),
    Route("/schedules", list_schedules, methods=["GET"]),
    Route("/schedules/{id}", get_schedule, methods=["GET"]),
    Route("/abilities", list_abilities, methods=["GET"]),
    Route("/abilities/{id}", test_ability, methods=["GET"]),
]

"""Who is on call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.pagerduty import parameters
from sandbox.pagerduty.directory import Directory, schedule_id
from sandbox.pagerduty.errors import InvalidInput
from sandbox.pagerduty.incidents import views_of
from sandbox.pagerduty.views import Json, Views, iso
from sandbox.world.ports import Person, Team


@dataclass(frozen=True)
class OnCall:
    """One level of a policy and who answers on it now; a level without schedule has no end."""

    team: Team
    level: int
    person: Person
    shift: tuple[datetime, datetime] | None


def list_oncalls(request: Request) -> Response:
    """``GET /oncalls``, filtered by policies, schedules, users and the window."""
    state, views = parameters.state_of(request), views_of(request)
    now = state.now()
    since = parameters.moment(request, "since", now)
    until = parameters.moment(request, "until", now)
    if since is not None and until is not None and since > until:
        raise InvalidInput("Since must not be after until")
    policy_ids = set(parameters.listed(request, "escalation_policy_ids"))
    schedule_ids = set(parameters.listed(request, "schedule_ids"))
    user_ids = set(parameters.listed(request, "user_ids"))
    oncalls = [
        oncall
        for oncall in _oncalls(state.directory, now)
        if (not policy_ids or oncall.team.escalation_policy_id in policy_ids)
        and (not schedule_ids or (oncall.shift and schedule_id(oncall.team) in schedule_ids))
        and (not user_ids or oncall.person.pagerduty_id in user_ids)
    ]
    include = parameters.listed(request, "include")
    return parameters.page(request, "oncalls", oncalls, lambda o: _view(views, o, include))


def _oncalls(directory: Directory, now: datetime) -> list[OnCall]:
    """Everybody who is on call; the schedules' shifts last from Monday to Monday, UTC."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    monday = midnight - timedelta(days=midnight.weekday())
    shift = (monday, monday + timedelta(days=7))
    return [
        OnCall(team, level, person, shift if level == 1 else None)
        for team in directory.teams
        for level, person in enumerate(directory.levels(team), start=1)
    ]


def _view(views: Views, oncall: OnCall, include: Sequence[str]) -> Json:
    team, shift = oncall.team, oncall.shift
    policy = views.policy(team) if "escalation_policies" in include else None
    user = views.user(oncall.person) if "users" in include else None
    return {
        "escalation_policy": policy or views.policy_reference(team),
        "escalation_level": oncall.level,
        "schedule": views.schedule_reference(team) if shift else None,
        "user": user or views.user_reference(oncall.person.pagerduty_id),
        "start": iso(shift[0]) if shift else None,
        "end": iso(shift[1]) if shift else None,
    }


ROUTES = [Route("/oncalls", list_oncalls, methods=["GET"])]

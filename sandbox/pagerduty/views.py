"""The company's things as PagerDuty's JSON: references and whole resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request

from sandbox.pagerduty.directory import Directory, business_id, made_id, priority_id, schedule_id
from sandbox.pagerduty.model import Actor
from sandbox.world.ports import Person, Service, Team

_PRIORITY_COLORS = {"P1": "a8171c", "P2": "eb6016", "P3": "f9b406", "P4": "555555", "P5": "999999"}
_PATHS = {
    "priority": "priorities",
    "user": "users",
    "team": "teams",
    "service": "services",
    "escalation_policy": "escalation_policies",
    "schedule": "schedules",
    "incident": "incidents",
    "log_entry": "log_entries",
    "change_event": "change_events",
    "business_service": "business_services",
}

Json = dict[str, Any]


def iso(at: datetime) -> str:
    """A time as PagerDuty writes it: UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Views:
    """Renders resources for one request; ``self`` links lead back to the address it came to."""

    def __init__(self, request: Request, directory: Directory) -> None:
        # base_url would leave out the prefix that the application is mounted at.
        url, prefix = request.url, request.scope.get("root_path", "")
        self._api = f"{url.scheme}://{url.netloc}{prefix}"
        self._site = f"https://{directory.company.name.lower()}.pagerduty.com"
        self.directory = directory

    def identity(self, kind: str, identifier: str, summary: str) -> Json:
        """The members that every resource begins with."""
        path = f"{_PATHS.get(kind, kind)}/{identifier}"
        return {
            "id": identifier,
            "type": kind,
            "summary": summary,
            "self": f"{self._api}/{path}",
            "html_url": f"{self._site}/{path}",
        }

    def reference(self, kind: str, identifier: str, summary: str) -> Json:
        """A reference to a resource."""
        return {**self.identity(kind, identifier, summary), "type": f"{kind}_reference"}

    def priority(self, name: str) -> Json:
        """A priority by name, ``P1`` to ``P5``."""
        identity = self.identity("priority", priority_id(name), name)
        return {
            **identity,
            "name": name,
            "color": _PRIORITY_COLORS[name],
            "order": 6 - int(name[1:]),
        }

    def actor(self, actor: Actor) -> Json:
        """A reference to who did something."""
        kind = actor.type.removesuffix("_reference")
        return self.reference(kind, actor.id, actor.name)

    def user_reference(self, user_id: str) -> Json:
        """A reference to a user by id."""
        person = self.directory.user(user_id)
        return self.reference("user", user_id, person.name if person else "")

    def service_reference(self, service_id: str) -> Json:
        """A reference to a service by id."""
        service = self.directory.service(service_id)
        return self.reference("service", service_id, service.name if service else "")

    def team_reference(self, team: Team) -> Json:
        """A reference to a team."""
        return self.reference("team", team.pagerduty_team_id, team.name)

    def policy_reference(self, team: Team) -> Json:
        """A reference to a team's escalation policy."""
        return self.reference("escalation_policy", team.escalation_policy_id, _policy_name(team))

    def schedule_reference(self, team: Team) -> Json:
        """A reference to a team's schedule."""
        return self.reference("schedule", schedule_id(team), f"{team.name} on-call")

    def user(self, person: Person, include: Sequence[str] = ()) -> Json:
        """A user, with contact methods in full where asked for."""
        methods = contact_methods(person)
        if "contact_methods" not in include:
            methods = [
                {"id": each["id"], "type": f"{each['type']}_reference", "summary": each["summary"]}
                for each in methods
            ]
        return {
            **self.identity("user", person.pagerduty_id, person.name),
            "name": person.name,
            "email": person.email,
            "time_zone": person.time_zone,
            "color": "green",
            "avatar_url": "",
            "billed": True,
            "role": "user",
            "description": "",
            "invitation_sent": False,
            "job_title": person.title,
            "teams": [
                self.team_reference(team)
                for team in self.directory.teams
                if person.slack_id in team.members
            ],
            "contact_methods": methods,
            "notification_rules": [],
            "coordinated_incidents": [],
        }

    def team(self, team: Team) -> Json:
        """A team."""
        return {
            **self.identity("team", team.pagerduty_team_id, team.name),
            "name": team.name,
            "description": f"Team {team.name}",
            "default_role": "manager",
            "parent": None,
        }

    def service(self, service: Service, status: str, include: Sequence[str] = ()) -> Json:
        """A service; ``status`` tells of its open incidents."""
        team = self.directory.team_of(service)
        policy = self.policy(team) if "escalation_policies" in include else None
        in_full = self.team(team) if "teams" in include else None
        integration = self.reference("generic_events_api_inbound_integration", "", "Events API v2")
        integration["id"] = made_id("PI", service.pagerduty_id)
        return {
            **self.identity("service", service.pagerduty_id, service.name),
            "name": service.name,
            "description": service.description,
            "status": status,
            "created_at": "2024-01-15T09:00:00Z",
            "updated_at": "2025-06-02T09:00:00Z",
            "auto_resolve_timeout": None,
            "acknowledgement_timeout": 1800,
            "escalation_policy": policy or self.policy_reference(team),
            "teams": [in_full or self.team_reference(team)],
            "integrations": [integration],
            "incident_urgency_rule": {"type": "constant", "urgency": "high"},
            "support_hours": None,
            "scheduled_actions": [],
            "alert_creation": "create_alerts_and_incidents",
            "alert_grouping_parameters": {"type": None, "config": None},
            "addons": [],
        }

    def policy(self, team: Team) -> Json:
        """A team's escalation policy: its schedule first, then its lead."""
        levels: list[Json] = [self.schedule_reference(team)]
        levels += [self.user_reference(p.pagerduty_id) for p in self.directory.levels(team)[1:]]
        return {
            **self.identity("escalation_policy", team.escalation_policy_id, _policy_name(team)),
            "name": _policy_name(team),
            "description": f"Who is paged for the services of {team.name}",
            "num_loops": 2,
            "on_call_handoff_notifications": "if_has_services",
            "escalation_rules": [
                {
                    "id": made_id("PR", team.escalation_policy_id, index),
                    "escalation_delay_in_minutes": 30,
                    "targets": [target],
                }
                for index, target in enumerate(levels)
            ],
            "services": [
                self.service_reference(service.pagerduty_id)
                for service in self.directory.services_of(team)
            ],
            "teams": [self.team_reference(team)],
        }

    def schedule(self, team: Team) -> Json:
        """A team's on-call schedule."""
        return {
            **self.identity("schedule", schedule_id(team), f"{team.name} on-call"),
            "name": f"{team.name} on-call",
            "time_zone": "Europe/Berlin",
            "description": f"Who is on call for {team.name}",
            "escalation_policies": [self.policy_reference(team)],
            "users": [self.user_reference(p.pagerduty_id) for p in self.directory.members(team)],
            "teams": [self.team_reference(team)],
        }

    def business_service(self, name: str) -> Json:
        """A business service."""
        return {
            **self.identity("business_service", business_id(name), name),
            "name": name,
            "description": f"{name}, as customers see it",
            "point_of_contact": "",
            "team": None,
        }


def contact_methods(person: Person) -> list[Json]:
    """How a user is reached: by e-mail and by push."""
    email: Mapping[str, Any] = {"label": "Work", "address": person.email, "send_short_email": False}
    push: Mapping[str, Any] = {"label": "Phone", "address": "", "device_type": "ios"}
    methods = (("email_contact_method", email), ("push_notification_contact_method", push))
    return [
        {
            "id": made_id("PM", person.pagerduty_id, kind),
            "type": kind,
            "summary": fields["label"],
            "self": None,
            "html_url": None,
            **fields,
        }
        for kind, fields in methods
    ]


def _policy_name(team: Team) -> str:
    return f"{team.name} escalation"

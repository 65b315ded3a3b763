"""The company as PagerDuty lists it: users, teams, services, policies, schedules, by id."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sandbox.pagerduty.model import Actor
from sandbox.world.ports import Company, Person, Service, Team


class Directory:
    """Look-ups over the company's fixed facts; nothing in it changes while the sandbox runs.

    A service's integration key for the Events API is its PagerDuty id in lower case and ``-key``,
    such as ``pscart1-key``.
    """

    def __init__(self, company: Company) -> None:
        self.company = company
        self.users = [person for person in company.people if person.pagerduty_id]
        self.services = [service for service in company.services if service.pagerduty_id]
        self.teams = list(company.teams)
        self._users = {person.pagerduty_id: person for person in self.users}
        self._users_by_slack_id = {person.slack_id: person for person in self.users}
        self._services = {service.pagerduty_id: service for service in self.services}
        self._teams = {team.pagerduty_team_id: team for team in self.teams}
        self._teams_by_handle = {team.handle: team for team in self.teams}
        self._policies = {team.escalation_policy_id: team for team in self.teams}
        self._schedules = {schedule_id(team): team for team in self.teams}
        self._business = {business_id(name): name for name in company.business_services}

    def user(self, user_id: str) -> Person | None:
        """The user with this PagerDuty id."""
        return self._users.get(user_id)

    def user_by_email(self, email: str) -> Person | None:
        """The user with this e-mail address, whatever its case."""
        return next((user for user in self.users if user.email.lower() == email.lower()), None)

    def service(self, service_id: str) -> Service | None:
        """The service with this PagerDuty id."""
        return self._services.get(service_id)

    def service_by_name(self, name: str) -> Service | None:
        """The service with this name."""
        return next((service for service in self.services if service.name == name), None)

    def service_by_key(self, routing_key: str) -> Service | None:
        """The service whose integration key this is."""
        return next((s for s in self.services if integration_key(s) == routing_key), None)

    def team(self, team_id: str) -> Team | None:
        """The team with this PagerDuty id."""
        return self._teams.get(team_id)

    def team_of(self, service: Service) -> Team:
        """The team that owns ``service``."""
        return self._teams_by_handle[service.team]

    def team_of_policy(self, policy_id: str) -> Team | None:
        """The team whose escalation policy this is."""
        return self._policies.get(policy_id)

    def team_of_schedule(self, schedule: str) -> Team | None:
        """The team whose on-call schedule this is."""
        return self._schedules.get(schedule)

    def business_service(self, service_id: str) -> str | None:
        """The name of the business service with this id."""
        return self._business.get(service_id)

    def members(self, team: Team) -> list[Person]:
        """The team's members that have a PagerDuty account, in the team's order."""
        people = [self._users_by_slack_id.get(slack_id) for slack_id in team.members]
        return [person for person in people if person is not None]

    def levels(self, team: Team) -> list[Person]:
        """Whom the team's policy pages, level by level: who is on call now, then the lead."""
        return self.members(team)[:2]

    def services_of(self, team: Team) -> Sequence[Service]:
        """The services that the team owns."""
        return [service for service in self.services if service.team == team.handle]


def schedule_id(team: Team) -> str:
    """The id of the team's on-call schedule, made from its policy's."""
    return f"PH{team.escalation_policy_id[2:]}"


def integration_key(service: Service) -> str:
    """The routing key under which the Events API takes events for ``service``."""
    return f"{service.pagerduty_id.lower()}-key"


def business_id(name: str) -> str:
    """A stable id for a business service."""
    return made_id("PB", name)


def made_id(prefix: str, *parts: object) -> str:
    """A stable id in PagerDuty's alphabet, of 14 characters."""
    digest = hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest().upper()
    return f"{prefix}{digest}"[:14]


PRIORITIES = ("P1", "P2", "P3", "P4", "P5")
"""The most urgent first."""


def priority_id(name: str) -> str:
    """The id of a priority."""
    return made_id("PP", "priority", name)


def user_actor(person: Person) -> Actor:
    """A user as the author of something."""
    return Actor(person.pagerduty_id, "user_reference", person.name)


def service_actor(service: Service) -> Actor:
    """A service's integration as the author of something."""
    return Actor(
        made_id("PI", service.pagerduty_id),
        "generic_events_api_inbound_integration_reference",
        "Events API v2",
    )

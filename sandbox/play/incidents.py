"""The PagerDuty incidents that open and end with the script's alerts."""

from __future__ import annotations

import logging
from dataclasses import replace

from sandbox.pagerduty.state import AlreadyResolved, PagerDutyState
from sandbox.play.alerts import PlayedAlert
from sandbox.slack.senders import AlertPost
from sandbox.world.ports import Company
from sandbox.world.script import IncidentSpec

log = logging.getLogger(__name__)
_INCIDENTS = "https://sundial.pagerduty.com/incidents"


class Pages:
    """Opens an incident for the scenario, and one for each alert that has its own.

    Args:
        company: its services and people.
        pagerduty: where incidents are.
        first: opens with the first alert and ends with the last.
    """

    def __init__(
        self, company: Company, pagerduty: PagerDutyState, first: IncidentSpec | None
    ) -> None:
        self._company = company
        self._pagerduty = pagerduty
        self._first = first
        self._first_id = ""
        self._ids: dict[int, str] = {}
        """By the identity of the alert."""

    def page(self, alert: PlayedAlert, post: AlertPost) -> AlertPost:
        """Open or end what belongs to ``alert``; returns the post with its incident's number and link."""
        if self._first is not None and not self._first_id:
            self._first_id = self._open(self._first)
        own = alert.spec.incident
        if own is None:
            return post
        if id(alert) not in self._ids:
            self._ids[id(alert)] = self._open(own)
        if post.state == "recovered":
            self._resolve(self._ids[id(alert)])
        return self._numbered(post, self._ids[id(alert)])

    def close(self) -> None:
        """End the scenario's incident; every alert has recovered."""
        if self._first_id:
            self._resolve(self._first_id)

    def _numbered(self, post: AlertPost, incident_id: str) -> AlertPost:
        incident = self._pagerduty.incident(incident_id)
        if incident is None:
            return post
        names = {person.pagerduty_id: person.name for person in self._company.people}
        assigned = tuple(names.get(each.user_id, each.user_id) for each in incident.assignments)
        link = f"{_INCIDENTS}/{incident_id}"
        return replace(post, number=incident.number, link=link, assigned=assigned)

    def _open(self, spec: IncidentSpec) -> str:
        service = next(s for s in self._company.services if s.name == spec.service)
        opened = self._pagerduty.open_incident(
            service, spec.title, spec.urgency, priority=spec.priority
        )
        return opened.id

    def _resolve(self, incident_id: str) -> None:
        incident = self._pagerduty.incident(incident_id)
        if incident is None or not incident.is_open:
            return
        try:
            self._pagerduty.resolve(incident_id)
        except AlreadyResolved:
            log.info("somebody resolved incident %s before its monitor recovered", incident_id)

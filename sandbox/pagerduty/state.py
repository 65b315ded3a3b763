"""PagerDuty's moving part: incidents and change events, in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sandbox.pagerduty.directory import Directory, made_id, service_actor
from sandbox.pagerduty.model import (
    Actor,
    Alert,
    Assignment,
    ChangeEvent,
    EventKind,
    Incident,
    LogEntry,
    Note,
    Urgency,
)
from sandbox.pagerduty.seed import change_events, seeded_incidents
from sandbox.world.ports import Service, World

Listener = Callable[[Incident, EventKind], None]


class DuplicateKey(Exception):
    """The service has an open incident with this key; ``incident`` is the one."""

    def __init__(self, incident: Incident) -> None:
        super().__init__(incident.key)
        self.incident = incident


class AlreadyResolved(Exception):
    """A resolved incident cannot be acknowledged, reassigned or changed any more."""


class PagerDutyState:
    """Every incident and change event; all methods are safe to call from several threads.

    The scenario's director uses ``open_incident`` and ``resolve``; the APIs use all of it.
    """

    def __init__(self, world: World) -> None:
        self.directory = Directory(world.company)
        self._now = world.now
        self._lock = threading.RLock()
        seeded = seeded_incidents(world.company, self.directory)
        self._incidents = {incident.id: incident for incident in seeded}
        self._reported = world.changes
        self._changes: dict[str, ChangeEvent] = {}
        self.listeners: list[Listener] = []
        """Told of everything that is logged on an incident, once it is kept; called from any thread."""
        self._next_number = max((i.number for i in self._incidents.values()), default=0) + 1

    def now(self) -> datetime:
        """The present, by the world's clock."""
        return self._now()

    def incidents(self) -> list[Incident]:
        """Every incident, oldest first."""
        with self._lock:
            return sorted(self._incidents.values(), key=lambda i: (i.created_at, i.number))

    def incident(self, incident_id: str) -> Incident | None:
        """The incident with this id."""
        with self._lock:
            return self._incidents.get(incident_id)

    def open_with_key(self, service_id: str, key: str) -> Incident | None:
        """The service's open incident with this key, or with an alert of this key."""
        with self._lock:
            for incident in self._incidents.values():
                keys = {incident.key, *(alert.key for alert in incident.alerts)}
                if incident.is_open and incident.service_id == service_id and key in keys:
                    return incident
        return None

    def open_incident(
        self,
        service: Service,
        title: str,
        urgency: Urgency = "high",
        *,
        by: Actor | None = None,
        key: str | None = None,
        body: str = "",
        assignee_ids: Sequence[str] = (),
        alert: Alert | None = None,
        priority: str = "",
    ) -> Incident:
        """Open an incident and page whoever is on call for it.

        Without ``by`` the service's integration opens it; without ``key``, the key that later
        events are matched by is made up; ``assignee_ids`` are paged instead of who is on call.

        Raises:
            DuplicateKey: the service has an open incident with this key.
        """
        with self._lock:
            if key and (existing := self.open_with_key(service.pagerduty_id, key)):
                raise DuplicateKey(existing)
            number = self._next_number
            self._next_number += 1
            now, actor = self.now(), by or service_actor(service)
            incident = Incident(
                id=made_id("Q", number, title),
                number=number,
                title=title,
                service_id=service.pagerduty_id,
                urgency=urgency,
                status="triggered",
                created_at=now,
                changed_at=now,
                changed_by=actor,
                key=key or made_id("", "key", number).lower(),
                escalation_policy_id=self.directory.team_of(service).escalation_policy_id,
                body=body,
                priority=priority,
                alerts=(alert,) if alert else (),
            )
            paged = assignee_ids or self._on_call(service)
            return self._keep(
                _assigned(_logged(incident, "trigger", now, actor), paged, now, actor)
            )

    def acknowledge(self, incident_id: str, by: Actor) -> Incident:
        """Mark that ``by`` is on it; a user who acknowledges becomes the assignee.

        Raises:
            KeyError: there is no such incident.
            AlreadyResolved: it is resolved.
        """

        def change(incident: Incident) -> Incident:
            now = self.now()
            if by.type == "user_reference":
                acknowledged = Assignment(by.id, now)
                others = tuple(a for a in incident.acknowledgements if a.user_id != by.id)
                incident = replace(
                    incident,
                    acknowledgements=(*others, acknowledged),
                    assignments=(acknowledged,),
                )
            incident = replace(incident, status="acknowledged", changed_at=now, changed_by=by)
            return _logged(incident, "acknowledge", now, by)

        return self._change_open(incident_id, change)

    def resolve(self, incident_id: str, by: Actor | None = None) -> Incident:
        """Resolve the incident and its alerts; ``by`` nobody means the service's integration.

        Raises:
            KeyError: there is no such incident.
            AlreadyResolved: it is resolved already.
        """

        def change(incident: Incident) -> Incident:
            now, actor = self.now(), by or self._integration_of(incident)
            incident = replace(
                incident,
                status="resolved",
                changed_at=now,
                changed_by=actor,
                resolved_at=now,
                assignments=(),
                alerts=tuple(replace(alert, is_resolved=True) for alert in incident.alerts),
            )
            return _logged(incident, "resolve", now, actor)

        return self._change_open(incident_id, change)

    def reassign(self, incident_id: str, user_ids: Sequence[str], by: Actor) -> Incident:
        """Give the incident to these users; it is triggered again, as PagerDuty does.

        Raises:
            KeyError: there is no such incident.
            AlreadyResolved: it is resolved.
        """

        def change(incident: Incident) -> Incident:
            now = self.now()
            triggered = replace(
                incident, status="triggered", acknowledgements=(), changed_at=now, changed_by=by
            )
            return _assigned(triggered, user_ids, now, by)

        return self._change_open(incident_id, change)

    def escalate(self, incident_id: str, level: int, by: Actor) -> Incident:
        """Page whoever is on the escalation policy's ``level``; beyond the last one, whoever is on the last.

        Raises:
            KeyError: there is no such incident.
            AlreadyResolved: it is resolved.
        """

        def change(incident: Incident) -> Incident:
            now, service = self.now(), self.directory.service(incident.service_id)
            levels = self.directory.levels(self.directory.team_of(service)) if service else []
            paged = [person.pagerduty_id for person in levels[:level][-1:]]
            triggered = replace(
                incident,
                status="triggered",
                acknowledgements=(),
                escalation_level=level,
                changed_at=now,
                changed_by=by,
            )
            return _assigned(triggered, paged, now, by, "escalate")

        return self._change_open(incident_id, change)

    def amend(self, incident_id: str, **fields: Any) -> Incident:
        """Change the title, urgency or escalation policy.

        Raises:
            KeyError: there is no such incident.
            AlreadyResolved: it is resolved.
        """
        return self._change_open(incident_id, lambda incident: replace(incident, **fields))

    def add_alert(self, incident_id: str, alert: Alert) -> Incident:
        """Add an alert to an open incident, in place of one with the same key."""

        def change(incident: Incident) -> Incident:
            others = tuple(held for held in incident.alerts if held.key != alert.key)
            return replace(incident, alerts=(*others, alert))

        return self._change_open(incident_id, change)

    def add_note(self, incident_id: str, content: str, by: Actor) -> Note:
        """Leave a note on an incident, be it open or resolved.

        Raises:
            KeyError: there is no such incident.
        """
        with self._lock:
            incident, now = self._incidents[incident_id], self.now()
            note = Note(made_id("PN", incident_id, len(incident.notes)), now, by, content)
            noted = replace(incident, notes=(*incident.notes, note))
            self._keep(_logged(noted, "annotate", now, by, note=content))
            return note

    def changes(self) -> list[ChangeEvent]:
        """The change events up to now, newest first."""
        with self._lock:
            reported = {c.id: c for c in change_events(self._reported(), self.directory)}
            every = (reported | self._changes).values()
            past = [change for change in every if change.at <= self.now()]
        return sorted(past, key=lambda change: change.at, reverse=True)

    def add_change(self, change: ChangeEvent) -> None:
        """Record a change event."""
        with self._lock:
            self._changes[change.id] = change

    def _change_open(self, incident_id: str, change: Callable[[Incident], Incident]) -> Incident:
        with self._lock:
            incident = self._incidents[incident_id]
            if not incident.is_open:
                raise AlreadyResolved(incident_id)
            return self._keep(change(incident))

    def _on_call(self, service: Service) -> list[str]:
        team = self.directory.team_of(service)
        return [person.pagerduty_id for person in self.directory.levels(team)[:1]]

    def _keep(self, incident: Incident) -> Incident:
        before = self._incidents.get(incident.id)
        self._incidents[incident.id] = incident
        for entry in incident.log[len(before.log) if before else 0 :]:
            for listener in self.listeners:
                listener(incident, entry.kind)
        return incident

    def _integration_of(self, incident: Incident) -> Actor:
        service = self.directory.service(incident.service_id)
        return service_actor(service) if service else incident.changed_by


def _logged(
    incident: Incident, kind: EventKind, at: datetime, by: Actor, note: str = ""
) -> Incident:
    entry_id = made_id("R", incident.id, len(incident.log))
    return replace(incident, log=(*incident.log, LogEntry(entry_id, kind, at, by, note)))


def _assigned(
    incident: Incident,
    user_ids: Sequence[str],
    at: datetime,
    by: Actor,
    kind: EventKind = "assign",
) -> Incident:
    assigned = replace(incident, assignments=tuple(Assignment(each, at) for each in user_ids))
    assigned = _logged(assigned, kind, at, by)
    entry = replace(assigned.log[-1], assignee_ids=tuple(user_ids))
    return replace(assigned, log=(*assigned.log[:-1], entry))

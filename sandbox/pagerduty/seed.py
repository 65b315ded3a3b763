"""The incidents and change events that PagerDuty knows when the sandbox starts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sandbox.pagerduty.directory import Directory, made_id, service_actor, user_actor
from sandbox.pagerduty.model import (
    Actor,
    Alert,
    Assignment,
    ChangeEvent,
    EventKind,
    Incident,
    LogEntry,
    Note,
)
from sandbox.world.ports import Change, Company, PagerDutyIncident, Service

_SEVERITIES = {"high": "critical", "low": "warning"}


def seeded_incidents(company: Company, directory: Directory) -> list[Incident]:
    """The company's incidents; one on a service that PagerDuty does not know is left out."""
    known = [(seed, directory.service_by_name(seed.service)) for seed in company.incidents]
    return [_incident(directory, seed, service) for seed, service in known if service is not None]


def change_events(changes: Sequence[Change], directory: Directory) -> list[ChangeEvent]:
    """What the delivery tool reported, on services that PagerDuty knows."""
    reported = [change for change in changes if change.source == "deployment"]
    known = [(change, directory.service_by_name(change.service)) for change in reported]
    return [
        ChangeEvent(
            id=made_id("PC", change.at, change.service, change.title),
            at=change.at,
            service_id=service.pagerduty_id,
            summary=change.title,
            source=change.author or "deploy",
            details={"text": change.text, "tags": list(change.tags), "author": change.author},
        )
        for change, service in known
        if service is not None
    ]


def _incident(directory: Directory, seed: PagerDutyIncident, service: Service) -> Incident:
    team = directory.team_of(service)
    on_call = directory.levels(team)[0]
    person, integration = user_actor(on_call), service_actor(service)
    assignment = Assignment(on_call.pagerduty_id, seed.created_at)
    alert = Alert(
        id=made_id("PA", seed.id),
        key=f"seed-{seed.number}",
        at=seed.created_at,
        summary=seed.title,
        severity=_SEVERITIES[seed.urgency],
        is_resolved=seed.status == "resolved",
        source=service.name,
    )
    last = seed.resolved_at or seed.created_at
    return Incident(
        id=seed.id,
        number=seed.number,
        title=seed.title,
        service_id=service.pagerduty_id,
        urgency=seed.urgency,
        status=seed.status,
        created_at=seed.created_at,
        changed_at=last,
        changed_by=integration if seed.status == "triggered" else person,
        key=alert.key,
        escalation_policy_id=team.escalation_policy_id,
        resolved_at=seed.resolved_at if seed.status == "resolved" else None,
        assignments=() if seed.status == "resolved" else (assignment,),
        acknowledgements=(assignment,) if seed.status == "acknowledged" else (),
        alerts=(alert,),
        notes=_notes(seed, person, last),
        log=_log(seed, person, integration, last),
    )


def _notes(seed: PagerDutyIncident, author: Actor, at: datetime) -> tuple[Note, ...]:
    return tuple(
        Note(made_id("PN", seed.id, index), at, author, content)
        for index, content in enumerate(seed.notes)
    )


def _log(
    seed: PagerDutyIncident, person: Actor, integration: Actor, last: datetime
) -> tuple[LogEntry, ...]:
    def entry(index: int, kind: EventKind, at: datetime, by: Actor) -> LogEntry:
        return LogEntry(made_id("R", seed.id, index), kind, at, by)

    entries = [entry(0, "trigger", seed.created_at, integration)]
    if seed.status == "acknowledged":
        entries.append(entry(1, "acknowledge", seed.created_at + timedelta(minutes=3), person))
    if seed.status == "resolved":
        entries.append(entry(1, "resolve", last, person))
    return tuple(entries)

"""What a reasoner may ask PagerDuty."""

from __future__ import annotations

import asyncio
from typing import Annotated

from pydantic import Field

from agent.errors import NotFound
from agent.model import Json, Reading
from agent.tools import tool
from integrations.masking import evidence, mask_text
from integrations.pagerduty.client import PagerDutyClient
from integrations.text import clock, iso, lines, parse_time, raw, window_of

_NOTES_READ = 8


class PagerDutyTools:
    """Read tools on incidents, on-call and changes."""

    def __init__(self, client: PagerDutyClient) -> None:
        self._client = client

    @tool("pagerduty", cost_seconds=0.8)
    async def pagerduty_incidents(
        self,
        service: Annotated[str, Field(description="name; empty: all services")] = "",
        hours: Annotated[float, Field(gt=0, le=4_320)] = 720,
        statuses: Annotated[
            str, Field(description="comma-separated: triggered, acknowledged, resolved; empty: all")
        ] = "",
    ) -> Reading:
        """Past and present incidents with their notes, the latest first."""
        window = window_of(hours * 60)
        filters: Json = {}
        if service:
            filters["service_ids"] = [(await self._service(service))["id"]]
        if statuses:
            filters["statuses"] = [s.strip() for s in statuses.split(",") if s.strip()]
        answer = await self._client.incidents(window.start, **filters)
        notes = await asyncio.gather(*(self._client.notes(i["id"]) for i in answer[:_NOTES_READ]))
        incidents = [_incident(i) for i in answer]
        for incident, found in zip(incidents, notes, strict=False):
            incident["notes"] = [mask_text(n) for n in found]
        return Reading(
            source="pagerduty",
            query=f"incidents service={service or 'any'} statuses={statuses or 'any'}",
            observation=lines(map(_incident_line, incidents))
            or f"no incidents within the last {hours:g} h",
            data={"incidents": incidents},
            raw=await evidence(answer),
            link=incidents[0]["link"] if len(incidents) == 1 else "",
            window=window,
        )

    @tool("pagerduty", cost_seconds=0.5)
    async def pagerduty_oncall(self, service: str) -> Reading:
        """Who is on call for a service, by escalation level."""
        found = await self._service(service)
        policy = found.get("escalation_policy", {})
        answer = await self._client.entries(
            "oncalls",
            f"who is on call for {service}",
            {"escalation_policy_ids": [policy.get("id")], "include": ["users"]},
        )
        people = [
            {
                "name": o["user"].get("name") or o["user"].get("summary"),
                "email": o["user"].get("email"),
                "level": o.get("escalation_level"),
                "until": iso(parse_time(o.get("end"))),
            }
            for o in sorted(answer, key=lambda o: o.get("escalation_level", 0))
        ]
        data = {"service": service, "escalation_policy": policy.get("summary"), "people": people}
        text = [f"on call for {service} by {policy.get('summary')}:"]
        text += [
            f"level {p['level']}: {p['name']} {p['email'] or ''}"
            f" {'until ' + clock(p['until']) if p['until'] else 'always'}"
            for p in people
        ]
        return Reading(
            source="pagerduty",
            query=f"oncalls of {service}",
            observation=lines(text),
            data=data,
            raw=raw(answer),
            link=str(found.get("html_url") or ""),
            window=window_of(0),
        )

    @tool("pagerduty", cost_seconds=0.5)
    async def pagerduty_changes(
        self, service: str, hours: Annotated[float, Field(gt=0, le=720)] = 24
    ) -> Reading:
        """Change events that PagerDuty was told of for a service."""
        window = window_of(hours * 60)
        found = await self._service(service)
        answer = await self._client.entries(
            f"services/{found['id']}/change_events",
            f"changes of {service}",
            {"since": iso(window.start), "until": iso(window.end)},
        )
        changes = [_change(c) for c in answer]
        return Reading(
            source="pagerduty",
            query=f"change events of {service}",
            observation=lines(f"{clock(c['at'])} [{c['source']}] {c['summary']}" for c in changes)
            or f"no change events of {service} within the last {hours:g} h",
            data={"changes": changes},
            raw=await evidence(answer),
            link=str(found.get("html_url") or ""),
            window=window,
        )

    async def _service(self, name: str) -> Json:
        found = await self._client.service(name)
        if found is None:
            raise NotFound(f"PagerDuty has no service {name}")
        return found


def _incident(incident: Json) -> Json:
    resolved = incident.get("resolved_at") or (
        incident.get("last_status_change_at") if incident.get("status") == "resolved" else None
    )
    return {
        "id": incident.get("id"),
        "number": incident.get("incident_number"),
        "title": mask_text(str(incident.get("title", ""))),
        "status": incident.get("status"),
        "urgency": incident.get("urgency"),
        "service": incident.get("service", {}).get("summary"),
        "created_at": iso(parse_time(incident.get("created_at"))),
        "resolved_at": iso(parse_time(resolved)),
        "link": incident.get("html_url") or "",
        "notes": [],
    }


def _incident_line(incident: Json) -> str:
    notes = f" Notes: {' / '.join(incident['notes'])}" if incident["notes"] else ""
    end = f", resolved {clock(incident['resolved_at'])}" if incident["resolved_at"] else ""
    return (
        f"#{incident['number']} [{incident['status']}, {incident['urgency']}] {incident['service']}:"
        f" {incident['title']} ({clock(incident['created_at'])}{end}).{notes}"
    )


def _change(change: Json) -> Json:
    links = change.get("links") or []
    return {
        "at": iso(parse_time(change.get("timestamp"))),
        "summary": mask_text(str(change.get("summary", ""))),
        "source": change.get("source") or "",
        "link": links[0].get("href", "") if links else change.get("html_url") or "",
    }

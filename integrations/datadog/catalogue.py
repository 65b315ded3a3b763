"""What a reasoner may ask Datadog about monitors, events and services."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agent.errors import NotFound
from agent.model import Json, Reading
from agent.tools import tool
from integrations.datadog.client import DatadogClient
from integrations.masking import evidence
from integrations.text import clock, iso, iso_of_unix, lines, parse_time, window_of

Environment = Annotated[str, Field(description="value of the env tag, such as production")]
_STATES = {"Alert": 0, "Warn": 1, "No Data": 2}


class DatadogCatalogue:
    """Read tools on what Datadog knows about the services."""

    def __init__(self, client: DatadogClient) -> None:
        self._client = client

    @tool("datadog", cost_seconds=0.5)
    async def datadog_monitors(
        self,
        service: str = "",
        state: Annotated[str, Field(description="Alert, Warn, OK or No Data; empty: all")] = "",
    ) -> Reading:
        """Monitors with state, query and threshold, those in trouble first."""
        answer = await self._client.monitors(f"service:{service}" if service else "")
        monitors = [_monitor(m) for m in answer]
        monitors = [m for m in monitors if not state or str(m["state"]).lower() == state.lower()]
        monitors.sort(key=lambda m: (_STATES.get(m["state"], 3), str(m["name"])))
        text = [
            f"[{m['state']}] {m['name']} (id {m['id']}, P{m['priority'] or '?'}): {m['query']}"
            + (
                f", last triggered {clock(m['last_triggered_at'])}"
                if m["last_triggered_at"]
                else ""
            )
            for m in monitors
        ]
        query = " ".join(
            p for p in (service and f"service:{service}", state and f"status:{state}") if p
        )
        return Reading(
            source="datadog",
            query=f"monitors {query}".strip(),
            observation=lines(text) or "no such monitors",
            data={"monitors": monitors},
            raw=await evidence(answer),
            link=self._client.link("/monitors/manage", q=query),
            window=window_of(0),
        )

    @tool("datadog", cost_seconds=0.5)
    async def datadog_events(
        self,
        query: Annotated[str, Field(description="such as service:cart; empty: all")] = "",
        hours: Annotated[float, Field(gt=0, le=720)] = 24,
    ) -> Reading:
        """Datadog's event stream: deployments, configuration changes, scaling, alerts."""
        window = window_of(hours * 60)
        answer = await self._client.events(query, window)
        events = [_event(e) for e in answer]
        text = [f"{clock(e['at'])} [{e['source']}] {e['title']}: {e['text'][:200]}" for e in events]
        return Reading(
            source="datadog",
            query=f"events {query}".strip(),
            observation=lines(text) or f"no events {query} within the last {hours:g} h",
            data={"events": events},
            raw=await evidence(answer),
            link=self._client.link("/event/explorer", window, query=query),
            window=window,
        )

    @tool("datadog", cost_seconds=0.4)
    async def datadog_dependencies(
        self, service: str, environment: Environment = "production"
    ) -> Reading:
        """Which services it calls and is called by, as traces show."""
        answer = await self._client.dependencies_of(service, environment)
        calls, callers = answer.get("calls", []), answer.get("called_by", [])
        return Reading(
            source="datadog",
            query=f"service dependencies of {service} env:{environment}",
            observation=(
                f"{service} calls: {', '.join(calls) or 'nothing'};"
                f" called by: {', '.join(callers) or 'nothing'}"
            ),
            data={"calls": calls, "called_by": callers},
            raw=await evidence(answer),
            link=self._client.link(f"/services/{service}/dependencies", env=environment),
            window=window_of(60),
        )

    @tool("datadog", cost_seconds=0.4)
    async def datadog_service(self, service: str) -> Reading:
        """A service's definition: team, tier, description, links, contacts."""
        schema = await self._client.definition(service)
        if not schema:
            raise NotFound(f"Datadog has no definition of service {service}")
        data = service_data(schema)
        text = [
            f"{data['name']}: team {data['team'] or '?'}, tier {data['tier'] or '?'}. {data['description']}",
            *(f"link {k['name']}: {k['url']}" for k in data["links"]),
            *(f"contact {k['name']}: {k['contact']}" for k in data["contacts"]),
        ]
        return Reading(
            source="datadog",
            query=f"service definition of {service}",
            observation=lines(text),
            data=data,
            raw=await evidence(schema),
            link=self._client.link(f"/services/{service}"),
            window=window_of(0),
        )


def service_data(schema: Json) -> Json:
    """What matters of a service definition."""
    return {
        "name": schema.get("dd-service"),
        "team": schema.get("team") or "",
        "tier": schema.get("tier") or "",
        "type": schema.get("type") or "",
        "description": schema.get("description") or "",
        "links": [
            {"name": i.get("name"), "type": i.get("type"), "url": i.get("url")}
            for i in schema.get("links") or []
        ],
        "contacts": [
            {"name": c.get("name"), "type": c.get("type"), "contact": c.get("contact")}
            for c in schema.get("contacts") or []
        ],
    }


def _monitor(monitor: Json) -> Json:
    thresholds = (monitor.get("options") or {}).get("thresholds") or {}
    groups = ((monitor.get("state") or {}).get("groups") or {}).values()
    triggered = [g["last_triggered_ts"] for g in groups if g.get("last_triggered_ts")]
    return {
        "id": monitor.get("id"),
        "name": monitor.get("name"),
        "state": monitor.get("overall_state"),
        "query": monitor.get("query"),
        "tags": monitor.get("tags") or [],
        "critical": thresholds.get("critical"),
        "priority": monitor.get("priority"),
        "last_triggered_at": iso_of_unix(max(triggered)) if triggered else None,
    }


def _event(event: Json) -> Json:
    outer = event.get("attributes", {})
    inner = outer.get("attributes") or {}
    title, text = inner.get("title") or "", outer.get("message") or ""
    return {
        "at": iso(parse_time(outer.get("timestamp"))),
        "title": str(title or text.splitlines()[0] if (title or text) else ""),
        "text": " ".join(str(text).split()),
        "source": str(inner.get("source_type_name") or inner.get("sourcecategory") or ""),
        "tags": outer.get("tags") or [],
    }

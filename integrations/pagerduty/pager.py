"""Wakes whoever is on call, and hears what they do about it (``agent.ports.Pager``)."""

from __future__ import annotations

import asyncio
import json

from agent.errors import NotFound
from agent.model import Json
from agent.model.pages import Paged, PageEvent, PageEventKind, PageRequest
from integrations.calls import Rejected
from integrations.pagerduty.client import PagerDutyClient
from integrations.text import parse_time, utc_now

_MOST_SUMMARY = 1024
_MOST_NOTE = 25_000
"""PagerDuty takes a little more."""
_APPEARS_SECONDS = (0.5, 1.0, 2.0)
"""An event becomes an incident a moment after it is taken."""
_KINDS = {
    "acknowledge_log_entry": PageEventKind.ACKNOWLEDGED,
    "unacknowledge_log_entry": PageEventKind.UNACKNOWLEDGED,
    "resolve_log_entry": PageEventKind.RESOLVED,
    "escalate_log_entry": PageEventKind.ESCALATED,
    "assign_log_entry": PageEventKind.REASSIGNED,
    "reopen_log_entry": PageEventKind.REOPENED,
}


class PagerDutyPager:
    """Pages through PagerDuty.

    A service with a configured routing key is paged by the Events API, which needs no token that can write; others by a
    REST incident. Both carry the key, and a key that any incident has had is never paged again.
    """

    def __init__(self, client: PagerDutyClient) -> None:
        self._client = client

    async def page(self, request: PageRequest) -> Paged:
        """Page whoever is on call for the service; the same key never pages twice, nor does a service with an open
        incident.

        Raises:
            NotFound: PagerDuty has no such service and no routing key is configured for it.
            ToolError: PagerDuty did not take it.
        """
        if known := await self._of_key(request.key):
            return _paged(known, opened=True)
        service = await self._client.service(request.service)
        if service is not None and (open_ := await self._client.open_incidents(service["id"])):
            meant = (i for i in open_ if i.get("html_url") == request.alert_link)
            return _paged(next(meant, open_[0]), opened=False)
        if routing_key := self._client.routing_key(request.service):
            await self._client.trigger(routing_key, _event(request))
            return await self._appeared(request.key)
        if service is None:
            raise NotFound(f"PagerDuty has no service {request.service} to page for")
        return await self._by_rest(service["id"], request)

    async def find(self, key: str) -> Paged | None:
        """The incident of a key, whether or not it is open still."""
        known = await self._of_key(key)
        return _paged(known, opened=True) if known else None

    async def note(self, incident: str, text: str) -> None:
        """Write a note on an incident; the same text is never written twice.

        Raises:
            ToolError: PagerDuty did not take it.
        """
        said = text[:_MOST_NOTE]
        if said.strip() not in [n.strip() for n in await self._client.notes(incident)]:
            await self._client.add_note(incident, said)

    async def resolve(self, service: str, incident: str, key: str) -> None:
        """Resolve an incident that was opened with that key; nothing where it is resolved already.

        Raises:
            ToolError: PagerDuty did not take it.
        """
        if (await self._client.incident(incident)).get("status") == "resolved":
            return
        if routing_key := self._client.routing_key(service):
            await self._client.resolve_alert(routing_key, key)
        else:
            await self._client.resolve_incident(incident)

    async def events(self, incident: str) -> tuple[PageEvent, ...]:
        """What happened to an incident so far, oldest first.

        Raises:
            ToolError: it cannot be read.
        """
        log, notes = await asyncio.gather(
            self._client.log(incident), self._client.notes_in_full(incident)
        )
        # Times are whole seconds; within one, the log's own order (the latest first) tells.
        order = sorted(range(len(log)), key=lambda n: (str(log[n].get("created_at")), -n))
        oldest_first = [log[n] for n in order]
        events = [_from_log(incident, e) for e in _without_first_assignment(oldest_first)]
        events += [_from_note(incident, n) for n in notes]
        return tuple(sorted(filter(None, events), key=lambda e: e.at))

    async def _by_rest(self, service: str, request: PageRequest) -> Paged:
        text = "\n".join([_as_text(request.details), *(f"{t}: {u}" for u, t in request.links)])
        try:
            incident = await self._client.create_incident(
                service, request.summary, text, request.key
            )
        except Rejected:
            if known := await self._of_key(request.key):  # another process was faster
                return _paged(known, opened=True)
            raise
        return _paged(incident, opened=True)

    async def _appeared(self, key: str) -> Paged:
        for seconds in _APPEARS_SECONDS:
            if known := await self._of_key(key):
                return _paged(known, opened=True)
            await asyncio.sleep(seconds)
        return Paged(incident="", link="", opened=True)

    async def _of_key(self, key: str) -> Json | None:
        incidents = await self._client.incidents_of_key(key)
        return incidents[0] if incidents else None


def _paged(incident: Json, *, opened: bool) -> Paged:
    return Paged(
        incident=str(incident.get("id", "")),
        link=str(incident.get("html_url") or ""),
        opened=opened,
    )


def _event(request: PageRequest) -> Json:
    return {
        "summary": request.summary[:_MOST_SUMMARY],
        "source": request.service,
        "dedup_key": request.key,
        "severity": "critical",
        "custom_details": request.details,
        "links": [{"href": u, "text": t} for u, t in request.links],
    }


def _as_text(details: Json) -> str:
    parts = []
    for heading, value in details.items():
        lines = value if isinstance(value, list) else [value]
        said = [v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for v in lines]
        parts.append("\n".join([f"{heading}:", *(f"- {line}" for line in said)]))
    return "\n".join(parts)


def _without_first_assignment(log: list[Json]) -> list[Json]:
    """Whom it was assigned to when it was opened is the page itself."""
    first = next((e for e in log if e.get("type") == "assign_log_entry"), None)
    return [e for e in log if e is not first]


def _from_log(incident: str, entry: Json) -> PageEvent | None:
    kind = _KINDS.get(str(entry.get("type")))
    if kind is None:
        return None
    return PageEvent(
        kind=kind,
        incident=incident,
        who=str((entry.get("agent") or {}).get("summary") or ""),
        to=tuple(str(a.get("summary") or "") for a in entry.get("assignees") or []),
        at=parse_time(entry.get("created_at")) or utc_now(),
    )


def _from_note(incident: str, note: Json) -> PageEvent:
    return PageEvent(
        kind=PageEventKind.ANNOTATED,
        incident=incident,
        who=str((note.get("user") or {}).get("summary") or ""),
        note=str(note.get("content") or ""),
        number=str(note.get("id") or ""),
        at=parse_time(note.get("created_at")) or utc_now(),
    )

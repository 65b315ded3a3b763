"""PagerDuty's REST and Events APIs through pdpyras, which nothing else in srebot knows of."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Mapping
from datetime import datetime
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pdpyras announces its successor on import
    import pdpyras

from agent.errors import AccessDenied, NotFound
from agent.model import Json
from integrations.calls import REQUEST_SECONDS, Failure, Vendor, seconds_of
from integrations.text import iso

_PAGE = 100
_MOST_INCIDENTS = 200


class PagerDutyClient:
    """Reads, and pages where it may.

    Args:
        token: REST API token; a read-only one does for the tools.
        sender: e-mail of the user in whose name incidents are created (header From).
        url: of the REST API.
        events_url: of the Events API.
        routing_keys: service name -> its Events v2 integration key; others are paged by the REST API.
    """

    def __init__(
        self,
        token: str,
        *,
        sender: str = "",
        url: str = "https://api.pagerduty.com",
        events_url: str = "https://events.pagerduty.com",
        routing_keys: Mapping[str, str] | None = None,
    ) -> None:
        self._token, self._sender = token, sender
        self._url, self._events_url = url.rstrip("/"), events_url.rstrip("/")
        self._routing_keys = dict(routing_keys or {})
        self._vendor = Vendor("PagerDuty", _failure_of, limit=4)
        self._own = threading.local()

    async def entries(self, path: str, what: str, params: Json | None = None) -> list[Json]:
        """All entries of a collection, page by page."""
        return await self._vendor.read(
            what, self._pages, path, params or {}, permission="read access to the token"
        )

    async def service(self, name: str) -> Json | None:
        """The service of exactly that name, whatever its case."""
        found = await self.entries(
            "services", f"service {name}", {"query": name, "include": ["teams"]}
        )
        return next((s for s in found if str(s.get("name", "")).lower() == name.lower()), None)

    async def incidents(self, since: datetime, **filters: Any) -> list[Json]:
        """Incidents created since then, the latest first."""
        params = {"since": iso(since), "sort_by": "created_at:desc", **filters}
        return (await self.entries("incidents", "incidents", params))[:_MOST_INCIDENTS]

    async def incidents_of_key(self, incident_key: str) -> list[Json]:
        """Incidents, resolved ones too, that were opened with this key."""
        params = {"incident_key": incident_key, "date_range": "all"}
        return await self.entries("incidents", "incidents by key", params)

    async def open_incidents(self, service: str) -> list[Json]:
        """Incidents of a service (by its id) that are not resolved, the latest first."""
        params = {
            "service_ids": [service],
            "statuses": ["triggered", "acknowledged"],
            "date_range": "all",
            "sort_by": "created_at:desc",
        }
        return await self.entries("incidents", "open incidents", params)

    async def incident(self, incident: str) -> Json:
        """One incident, with who acknowledged it and whom it is assigned to."""
        found: Json = await self._vendor.read(
            f"incident {incident}", self._unpaged, f"incidents/{incident}"
        )
        return found

    async def log(self, incident: str) -> list[Json]:
        """What happened to an incident, the latest first."""
        return await self.entries(f"incidents/{incident}/log_entries", "the incident's log")

    async def changes(self, since: datetime) -> list[Json]:
        """Change events since then; none where the account has no such feature."""
        try:
            return await self.entries("change_events", "change events", {"since": iso(since)})
        except (AccessDenied, NotFound):
            return []

    async def dependencies(self, kind: str, service: str) -> list[Json]:
        """What a service stands on and what stands on it; nothing where the account has no such feature.

        Args:
            kind: technical_services or business_services.
            service: its id.
        """
        path = f"service_dependencies/{kind}/{service}"
        try:
            return await self._vendor.read(
                f"dependencies of service {service}", self._relationships, path
            )
        except (AccessDenied, NotFound):
            return []

    async def notes(self, incident: str) -> list[str]:
        """The notes of an incident, as text."""
        return [str(n.get("content", "")) for n in await self.notes_in_full(incident)]

    async def notes_in_full(self, incident: str) -> list[Json]:
        """The notes of an incident, with who wrote them."""
        path = f"incidents/{incident}/notes"
        found: list[Json] = await self._vendor.read(
            f"notes of incident {incident}", self._unpaged, path
        )
        return found

    async def create_incident(self, service: str, title: str, details: str, key: str) -> Json:
        """Open an incident by the REST API; PagerDuty refuses a key that is open already."""
        body = {
            "type": "incident",
            "title": title[:1024],
            "service": {"id": service, "type": "service_reference"},
            "urgency": "high",
            "incident_key": key,
            "body": {"type": "incident_body", "details": details},
        }
        created: Json = await self._vendor.write(
            "an incident",
            lambda: self._session().rpost("incidents", json=body),
            permission="a full-access token and a sender's e-mail",
        )
        return created

    async def trigger(self, routing_key: str, event: Json) -> None:
        """Trigger an alert by the Events API; the same key again adds to the same alert, so it may be retried.

        Args:
            routing_key: of the service.
            event: what ``pdpyras.EventsAPISession.trigger`` takes: summary, source, dedup_key, custom_details, links.
        """
        await self._vendor.read("a page", self._trigger, routing_key, event)

    async def resolve_alert(self, routing_key: str, key: str) -> None:
        """Resolve the alert of a key by the Events API; nothing where it is resolved already."""
        await self._vendor.read("the page's end", self._resolve, routing_key, key)

    async def resolve_incident(self, incident: str) -> None:
        """Resolve an incident by the REST API."""
        body = {"type": "incident_reference", "status": "resolved"}
        await self._vendor.write(
            f"the end of incident {incident}",
            lambda: self._session().rput(f"incidents/{incident}", json=body),
            permission="a full-access token and a sender's e-mail",
        )

    async def add_note(self, incident: str, text: str) -> None:
        """Write a note on an incident."""
        await self._vendor.write(
            f"a note on incident {incident}",
            lambda: self._session().rpost(f"incidents/{incident}/notes", json={"content": text}),
            permission="a full-access token and a sender's e-mail",
        )

    @property
    def writes(self) -> bool:
        """Whether the REST API may be written to: PagerDuty wants to know in whose name."""
        return bool(self._sender)

    def routing_key(self, service: str) -> str:
        """The service's Events v2 key; empty when none is configured."""
        return self._routing_keys.get(service, "")

    def close(self) -> None:
        """Let the threads go."""
        self._vendor.close()

    def _pages(self, path: str, params: Json) -> list[Json]:
        return list(self._session().iter_all(path, params=params, page_size=_PAGE))

    def _unpaged(self, path: str) -> Any:
        return self._session().rget(path)

    def _relationships(self, path: str) -> list[Json]:
        """pdpyras does not know how this answer is wrapped."""
        found: list[Json] = self._session().jget(path).get("relationships", [])
        return found

    def _session(self) -> Any:
        """A session of this thread: requests' sessions are not shared between threads."""
        if not hasattr(self._own, "session"):
            session = pdpyras.APISession(self._token, default_from=self._sender or None)
            self._own.session = _impatient(session, self._url)
        return self._own.session

    def _trigger(self, routing_key: str, event: Json) -> str:
        session = _impatient(pdpyras.EventsAPISession(routing_key), self._events_url)
        dedup_key: str = session.trigger(**event)
        return dedup_key

    def _resolve(self, routing_key: str, key: str) -> str:
        session = _impatient(pdpyras.EventsAPISession(routing_key), self._events_url)
        dedup_key: str = session.resolve(key)
        return dedup_key


def _impatient(session: Any, url: str) -> Any:
    """Leave retries to ``Vendor``: pdpyras by itself waits without limit on 429."""
    session.url = url
    session.timeout = REQUEST_SECONDS
    session.max_network_attempts = 0
    session.retry = {429: 1}
    session.max_http_attempts = -1
    session.log = logging.getLogger("pdpyras.quiet")
    session.log.setLevel(logging.CRITICAL)
    return session


def _failure_of(error: Exception) -> Failure | None:
    if isinstance(error, pdpyras.PDClientError):
        response = error.response
        if response is None:
            return Failure(str(error))
        headers = response.headers
        asked = headers.get("Retry-After") or headers.get("ratelimit-reset")
        return Failure(_message(response), response.status_code, seconds_of(asked))
    if isinstance(error, (pdpyras.URLError, OSError)):
        return Failure(f"{type(error).__name__}: {error}")
    return None


def _message(response: Any) -> str:
    try:
        error = response.json().get("error", {})
    except (ValueError, AttributeError):
        return str(response.text[:300])
    return "; ".join([str(error.get("message", "")), *map(str, error.get("errors") or [])])

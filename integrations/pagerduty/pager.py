"""Wakes whoever is on call (``agent.ports.Pager``)."""

from __future__ import annotations

from agent.errors import NotFound
from integrations.calls import Rejected
from integrations.pagerduty.client import PagerDutyClient


class PagerDutyPager:
    """Pages through PagerDuty.

    A service with a configured routing key is paged by the Events API, which needs no token that can write; others by a
    REST incident. Both carry the key, and a key that any incident has had is never paged again.
    """

    def __init__(self, client: PagerDutyClient) -> None:
        self._client = client

    async def page(self, service: str, summary: str, details: str, dedup_key: str) -> str:
        """Page whoever is on call for ``service``; the same key never pages twice. Returns the incident's link.

        Raises:
            NotFound: PagerDuty has no such service and no routing key is configured for it.
            ToolError: PagerDuty did not take it.
        """
        if link := await self._link_of(dedup_key):
            return link
        if routing_key := self._client.routing_key(service):
            await self._client.trigger(routing_key, summary, details, dedup_key, service)
            return await self._link_of(dedup_key)
        found = await self._client.service(service)
        if found is None:
            raise NotFound(f"PagerDuty has no service {service} to page for")
        try:
            incident = await self._client.create_incident(found["id"], summary, details, dedup_key)
        except Rejected:
            if link := await self._link_of(dedup_key):  # another process was faster
                return link
            raise
        return str(incident.get("html_url", ""))

    async def _link_of(self, dedup_key: str) -> str:
        incidents = await self._client.incidents_of_key(dedup_key)
        return str(incidents[0].get("html_url", "")) if incidents else ""

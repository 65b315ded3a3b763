"""Who is on call now (``agent.ports.OnCall``)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from agent.model import Json
from integrations.pagerduty.client import PagerDutyClient

FRESH_SECONDS = 60.0
"""An answer is not believed for longer: shifts end."""


class PagerDutyOnCall:
    """Reads on-call shifts; asks at most once a minute for each service.

    Only the first level of an escalation policy counts: those of higher levels are woken when that one does not answer.

    Args:
        client: a read-only token does.
        clock: monotonic seconds.
    """

    def __init__(
        self, client: PagerDutyClient, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._clock = clock
        self._known: dict[str, tuple[float, frozenset[str]]] = {}

    async def emails(self, service: str) -> frozenset[str]:
        """Addresses, in lower case, of those on call for a service; with an empty name, for any.

        Raises:
            ToolError: PagerDuty cannot be asked.
        """
        until, found = self._known.get(service, (float("-inf"), frozenset()))
        if self._clock() < until:
            return found
        found = await self._read(service)
        self._known[service] = (self._clock() + FRESH_SECONDS, found)
        return found

    async def _read(self, service: str) -> frozenset[str]:
        params: Json = {"include": ["users"]}
        if service:
            known = await self._client.service(service)
            policy = (known or {}).get("escalation_policy", {}).get("id")
            if not policy:
                return frozenset()
            params["escalation_policy_ids"] = [policy]
        shifts = await self._client.entries("oncalls", "who is on call", params)
        return frozenset(_first_level(shifts))


def _first_level(shifts: Iterable[Json]) -> Iterable[str]:
    for shift in shifts:
        email = str((shift.get("user") or {}).get("email") or "").strip().lower()
        if email and shift.get("escalation_level") == 1:
            yield email

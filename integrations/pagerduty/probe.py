"""Whether PagerDuty can be reached and what the token may see."""

from __future__ import annotations

import asyncio

from integrations.pagerduty.client import PagerDutyClient
from integrations.probes import Probe, attempt

_TOKEN = "create a read-only REST API token and set it"  # noqa: S105 - advice, no secret


async def probe(client: PagerDutyClient) -> list[Probe]:
    """The token works and sees what the tools ask for."""
    users = await attempt(
        "pagerduty token", client.entries("users", "users", {"limit": 1}), "valid", _TOKEN
    )
    if not users.ok:
        return [users]
    names = ("services", "oncalls", "escalation_policies", "change_events")
    tried = await asyncio.gather(
        *(attempt(f"pagerduty {n}", client.entries(n, n), "visible", _TOKEN) for n in names)
    )
    return [users, *tried]

"""Whether Datadog can be reached and what the keys may see."""

from __future__ import annotations

import asyncio

from integrations.datadog.client import DatadogClient
from integrations.probes import Probe, attempt
from integrations.text import window_of

_MINUTES = 15


async def probe(client: DatadogClient) -> list[Probe]:
    """The API key is valid; then one call per permission."""
    valid = await attempt(
        "datadog api key",
        client.validate(),
        "valid",
        "set the API key, and the site that it is of (datadoghq.com, datadoghq.eu, ...)",
    )
    if not valid.ok:
        return [valid]
    window = window_of(_MINUTES)
    calls = {
        "timeseries_query": client.query("avg:system.load.1{*}", window),
        "metrics_read": client.metric_names("", window.start),
        "logs_read_data": client.logs("*", window, 1),
        "apm_read": client.spans("*", window, 1),
        "monitors_read": client.monitors(),
        "events_read": client.events("*", window, 1),
        "apm_service_catalog_read": client.definitions(),
    }
    tried = await asyncio.gather(
        *(
            attempt(f"datadog {scope}", call, "allowed", f"grant {scope} to the application key")
            for scope, call in calls.items()
        )
    )
    return [valid, *tried]

"""Whether the configured repositories can be read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from agent.errors import ToolError
from integrations.probes import Probe
from integrations.repository.places import place_of, reachable


async def probe(places: Sequence[str], token: str = "") -> list[Probe]:
    """One probe for each place; credentials in URLs are not shown."""
    return list(await asyncio.gather(*(_one(p, token) for p in places)))


async def _one(text: str, token: str) -> Probe:
    place = place_of(text, token)
    name = f"repository {getattr(place, 'url', place)}"
    try:
        detail = await asyncio.to_thread(reachable, place)
    except ToolError as error:
        remedy = "check SREBOT_REPOSITORIES and SREBOT_REPOSITORY_TOKEN"
        return Probe(name=name, ok=False, detail=str(error), remedy=remedy)
    return Probe(name=name, ok=True, detail=detail)

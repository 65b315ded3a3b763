"""Change events: what other systems (CI, feature flags, people) told PagerDuty that they changed."""

from __future__ import annotations

from agent.knowledge.facts import ChangeType, EntityChange
from agent.model import Json
from integrations.text import parse_time, utc_now

_LONGEST = 300


def change_of(event: Json, entity: str, origin: str) -> EntityChange:
    """A change event on one of its services.

    Args:
        event: as the API gives it.
        entity: the service's key.
        origin: who says so.
    """
    links = [str(link["href"]) for link in event.get("links") or [] if link.get("href")]
    source = f" ({event['source']})" if event.get("source") else ""
    return EntityChange(
        at=parse_time(event.get("timestamp")) or utc_now(),
        entity=entity,
        type=ChangeType.DEPLOY,
        what=f"{' '.join(str(event.get('summary') or 'a change').split())[:_LONGEST]}{source}",
        origin=origin,
        evidence=next(iter(links), str(event.get("html_url") or "")),
        key=f"pagerduty/change/{event.get('id')}/{entity}",
    )

"""Monitors and what they watch."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.model import Entity, Json

_SCOPES = re.compile(r"\{([^{}]*)\}")
_PAIR = re.compile(r"\b(service|env|kube_service|kube_deployment|kube_stateful_set):([\w./-]+)")
_SERVICE_TAGS = ("service", "kube_service", "kube_deployment", "kube_stateful_set")


def monitor_entity(monitor: Json, link: str) -> Entity:
    """A monitor; its state is left out, for it changes by itself and can be asked."""
    thresholds = (monitor.get("options") or {}).get("thresholds") or {}
    facts: Json = {
        "title": monitor.get("name"),
        "query": monitor.get("query"),
        "type": monitor.get("type"),
        "priority": monitor.get("priority"),
        "critical": thresholds.get("critical"),
        "warning": thresholds.get("warning"),
        "datadog_link": link,
    }
    return Entity(
        name=f"monitor-{monitor.get('id')}",
        kind="monitor",
        properties={k: v for k, v in facts.items() if v is not None},
    )


def watched(monitor: Json, environment: str) -> Iterator[tuple[str, str]]:
    """The services that a monitor watches, each with its environment: by the scopes of its query, and by its tags.

    Args:
        monitor: as the API gives it.
        environment: where a monitor that names none looks.
    """
    found: dict[tuple[str, str], None] = {}
    tags = list(_PAIR.findall(" ".join(map(str, monitor.get("tags") or []))))
    scopes = [_PAIR.findall(s) for s in _SCOPES.findall(str(monitor.get("query") or ""))]
    told = next((v for pairs in (*scopes, tags) for k, v in pairs if k == "env"), environment)
    for pairs in (*scopes, tags):
        where = next((v for k, v in pairs if k == "env"), told)
        found |= {(v, where): None for k, v in pairs if k in _SERVICE_TAGS}
    yield from found

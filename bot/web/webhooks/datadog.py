"""Datadog's webhook, with the payload template of docs/webhooks.md (``$EVENT_TITLE``, ``$ALERT_TRANSITION``, ...)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

from agent.model import AlertState, Signal, SignalKind
from bot.alerts import identity
from bot.alerts.words import SEVERITY_TAGS, STATES, heading_of, severity_of
from bot.slack.places import place_in
from bot.web.webhooks.fields import Payload, moment, text

_UNSET = "$"
"""A variable that Datadog does not fill in for an event arrives as its own name."""


def signals(payload: Payload, now: datetime) -> Sequence[Signal]:
    """The alert of a notification; nothing for events that are no monitor's."""
    monitor, transition = _value(payload, "monitor_id"), _value(payload, "transition").lower()
    heading = heading_of(_value(payload, "title"))
    state = STATES.get(transition) or heading.state
    if not monitor or not heading.title:
        return ()
    group = dict(identity.pairs(heading.group))
    tags = {
        **dict(identity.pairs(_value(payload, "scope"))),
        **dict(identity.pairs(_value(payload, "tags"))),
        **group,
    }
    said = _value(payload, "text")
    place = place_in(f"{heading.title}\n{said}")
    return [
        Signal(
            key=f"webhook:datadog:{_identity(payload)}",
            kind=SignalKind.ALERT,
            source="datadog",
            title=heading.title[:300],
            text=said[:8_000],
            state=state or AlertState.TRIGGERED,
            severity=severity_of(
                [
                    _value(payload, "priority"),
                    heading.level,
                    *(tags.get(n, "") for n in SEVERITY_TAGS),
                ]
            ),
            service=identity.service_of(tags),
            namespace=identity.namespace_of(tags) or place,
            environment=identity.environment_in(tags) or place,
            tags=tags,
            fingerprint=identity.fingerprint("datadog", monitor, tags, group),
            occurred_at=moment(_value(payload, "date"), now),
            link=_value(payload, "link"),
        )
    ]


def _value(payload: Payload, name: str) -> str:
    found = text(payload, name).strip()
    return "" if found.startswith(_UNSET) or found in ("null", "N/A") else found


def _identity(payload: Payload) -> str:
    """The event's number; without one, a hash of all that it says."""
    if number := _value(payload, "id"):
        return number[:100]
    said = json.dumps(payload, sort_keys=True, default=str)
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:24]

"""The words in which alert senders say how an alert stands and how bad it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from agent.model import AlertState, Severity

STATES: Mapping[str, AlertState] = MappingProxyType(
    {
        "triggered": AlertState.TRIGGERED,
        "firing": AlertState.TRIGGERED,
        "alerting": AlertState.TRIGGERED,
        "alert": AlertState.TRIGGERED,
        "acknowledged": AlertState.RENOTIFIED,
        "unacknowledged": AlertState.RENOTIFIED,
        "reassigned": AlertState.RENOTIFIED,
        "delegated": AlertState.RENOTIFIED,
        "reopened": AlertState.TRIGGERED,
        "escalated": AlertState.RENOTIFIED,
        "re-triggered": AlertState.RENOTIFIED,
        "retriggered": AlertState.RENOTIFIED,
        "renotify": AlertState.RENOTIFIED,
        "re-notify": AlertState.RENOTIFIED,
        "renotified": AlertState.RENOTIFIED,
        "re-notified": AlertState.RENOTIFIED,
        "re-alerted": AlertState.RENOTIFIED,
        "warn": AlertState.WARNING,
        "warning": AlertState.WARNING,
        "re-warn": AlertState.WARNING,
        "no data": AlertState.NO_DATA,
        "nodata": AlertState.NO_DATA,
        "re-no data": AlertState.NO_DATA,
        "recovered": AlertState.RECOVERED,
        "resolved": AlertState.RECOVERED,
        "ok": AlertState.RECOVERED,
        "normal": AlertState.RECOVERED,
    }
)
"""Of Datadog's transitions, PagerDuty's events, Alertmanager's and Grafana's statuses, in lower case."""

SEVERITIES: Mapping[str, Severity] = MappingProxyType(
    {
        "p1": Severity.CRITICAL,
        "sev1": Severity.CRITICAL,
        "critical": Severity.CRITICAL,
        "emergency": Severity.CRITICAL,
        "page": Severity.CRITICAL,
        "p2": Severity.HIGH,
        "sev2": Severity.HIGH,
        "high": Severity.HIGH,
        "error": Severity.HIGH,
        "major": Severity.HIGH,
        "p3": Severity.MEDIUM,
        "sev3": Severity.MEDIUM,
        "medium": Severity.MEDIUM,
        "moderate": Severity.MEDIUM,
        "warning": Severity.MEDIUM,
        "p4": Severity.LOW,
        "sev4": Severity.LOW,
        "low": Severity.LOW,
        "minor": Severity.LOW,
        "p5": Severity.INFO,
        "sev5": Severity.INFO,
        "info": Severity.INFO,
        "informational": Severity.INFO,
    }
)
SEVERITY_TAGS = ("severity", "priority", "urgency", "level")

_ALTERNATIVES = "|".join(sorted((re.escape(w) for w in STATES), key=len, reverse=True))
_EMOJI = re.compile(r"^(?:\s*:[a-z0-9_+-]{1,60}:)+\s*")
_GROUP = r"(?:\s+on\s+\{(?P<%s>[^}]*)\})?"
# Titles begin with the state: boxed as in "[FIRING:1, RESOLVED:2]", or bare as in "Re-Triggered on {host:a}:",
# "*Resolved:*" and "Triggered #24:".
_PREFIX = re.compile(
    rf"^[^\w\[]*(?:\[\s*(?P<boxed>{_ALTERNATIVES})(?:\s*:\s*(?P<count>\d{{1,6}}))?(?:\s*,\s*\w+\s*:\s*\d{{1,6}})?"
    rf"{_GROUP % 'boxed_group'}\s*\]:?|"
    rf"(?P<bare>{_ALTERNATIVES}){_GROUP % 'bare_group'}(?:\s+incident)?(?:\s+#\d{{1,10}})?\s*\*?\s*[:|–-]\*?)\s*",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"^\W{0,3}\[?#\d{1,10}\]?\s*[:|–-]?\s*")
_PRIORITY = re.compile(r"^\W*\[?\b(?P<level>P[1-5]|SEV-?[1-5])\b\]?\s*[:|-]?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Heading:
    """A title taken apart."""

    title: str
    """Without the state, the group, the priority and the incident's number."""
    state: AlertState | None = None
    """None: the title does not say."""
    group: str = ""
    """What stands in braces: ``service:cart,env:production``."""
    level: str = ""
    """``p1`` to ``p5``, ``sev1`` to ``sev5``; empty: the title does not say."""
    count: int = 1
    """How many alerts it speaks of."""


def heading_of(title: str) -> Heading:
    """Take a title apart: ``[FIRING:2] P1: Redis is slow`` is two alerts, triggered, of priority 1."""
    level, rest = _level(_EMOJI.sub("", title))
    found = _PREFIX.match(rest)
    if not found:
        return Heading(_named(rest) or title, level=level)
    word = (found["boxed"] or found["bare"]).lower()
    after = rest[found.end() :].strip(" *")
    later, after = _level(_numberless(after))
    return Heading(
        title=_named(after) or title,
        state=STATES[word],
        group=found["boxed_group"] or found["bare_group"] or "",
        level=level or later,
        count=int(found["count"] or 1),
    )


def severity_of(words: Iterable[str]) -> Severity:
    """The first word that names a severity; MEDIUM when none does."""
    known = (SEVERITIES.get(word.lower().replace("-", "")) for word in words if word)
    return next((severity for severity in known if severity is not None), Severity.MEDIUM)


def _level(title: str) -> tuple[str, str]:
    found = _PRIORITY.match(title)
    if not found:
        return "", title
    return found["level"].lower().replace("-", ""), title[found.end() :].strip()


def _numberless(title: str) -> str:
    return _NUMBER.sub("", title) or title


def _named(title: str) -> str:
    return _numberless(title).strip(" *")

"""Alerts as other vendors' bots post them: what such a message says, from its attachments and blocks.

The words differ from version to version and from team to team, so nothing here is required: whatever is not understood
stays empty, and any message at all gives an alert or None, never an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from agent.model import AlertState, Severity
from bot.slack.message_text import Content, content_of, plain
from bot.slack.places import environment_of, place_in

VENDORS = ("datadog", "pagerduty", "alertmanager", "grafana")
_MAX_TITLE = 300
_MAX_TEXT = 8_000


@dataclass(frozen=True)
class AlertMessage:
    """What a message says on an alert; what it does not say is empty."""

    source: str
    title: str
    text: str
    state: AlertState
    severity: Severity
    tags: Mapping[str, str] = field(default_factory=dict)
    service: str = ""
    namespace: str = ""
    environment: str = ""
    fingerprint: str = ""
    link: str = ""


_STATE_WORDS: Mapping[str, AlertState] = MappingProxyType(
    {
        "triggered": AlertState.TRIGGERED,
        "firing": AlertState.TRIGGERED,
        "alerting": AlertState.TRIGGERED,
        "alert": AlertState.TRIGGERED,
        "acknowledged": AlertState.RENOTIFIED,
        "reopened": AlertState.RENOTIFIED,
        "escalated": AlertState.RENOTIFIED,
        "re-triggered": AlertState.RENOTIFIED,
        "retriggered": AlertState.RENOTIFIED,
        "renotified": AlertState.RENOTIFIED,
        "re-notified": AlertState.RENOTIFIED,
        "warn": AlertState.WARNING,
        "warning": AlertState.WARNING,
        "no data": AlertState.NO_DATA,
        "nodata": AlertState.NO_DATA,
        "datasourcenodata": AlertState.NO_DATA,
        "recovered": AlertState.RECOVERED,
        "resolved": AlertState.RECOVERED,
        "ok": AlertState.RECOVERED,
    }
)
_STATES = "|".join(sorted((re.escape(w) for w in _STATE_WORDS), key=len, reverse=True))
# Titles begin with the state: boxed as "[FIRING:1]", or bare as in "Re-Triggered on {host:a}:" and "*Resolved:*".
_GROUP = r"(?:\s+on\s+\{(?P<%s>[^}]*)\})?"
_PREFIX = re.compile(
    rf"^[^\w\[]*(?:\[\s*(?P<boxed>{_STATES})(?:\s*:\s*\d+)?{_GROUP % 'boxed_group'}\s*\]:?|"
    rf"(?P<bare>{_STATES}){_GROUP % 'bare_group'}\s*\*?\s*[:|-]\*?)\s*",
    re.IGNORECASE,
)
_PRIORITY = re.compile(r"^\W*\[?\b(?P<level>P[1-5]|SEV-?[1-5])\b\]?\s*[:|-]?\s*", re.IGNORECASE)
_SEVERITIES: Mapping[str, Severity] = MappingProxyType(
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
_SEVERITY_TAGS = ("severity", "priority", "urgency", "level")
_SERVICE_TAGS = ("service", "kube_service", "app", "application", "job_name", "kube_deployment")
_NAMESPACE_TAGS = ("kube_namespace", "namespace", "k8s_namespace")
_ENVIRONMENT_TAGS = ("env", "environment", "stage")
_NUMBER = re.compile(r"\bmonitors?[/ #:]+(\d{1,20})", re.IGNORECASE)


def parse(message: Mapping[str, Any], sender: str = "") -> AlertMessage | None:
    """Read an alert's message.

    Args:
        message: as Slack's events and history give it.
        sender: the name of the bot that posted it.

    Returns:
        None when there is nothing in it to read.
    """
    content = content_of(message)
    if not content.title and not content.text:
        return None
    source = _vendor(sender, content)
    state, group, rest = _state(content)
    level, title = _level(rest)
    level = level or _level(content.title)[0]
    tags = dict(_tags(content.text))
    if group:
        tags |= dict(_pairs(group))
    title = (_without_group(title, tags) or _first_line(content.text))[:_MAX_TITLE]
    place = place_in(f"{title}\n{content.text}")
    return AlertMessage(
        source=source,
        title=title,
        text=content.text[:_MAX_TEXT],
        state=state,
        severity=_severity(level, tags, content.text),
        tags=tags,
        service=_first(tags, _SERVICE_TAGS),
        namespace=_first(tags, _NAMESPACE_TAGS) or place,
        environment=environment_of(_first(tags, _ENVIRONMENT_TAGS)) or place,
        link=content.link,
        fingerprint=_fingerprint(source, content, group, title, tags),
    )


def _vendor(sender: str, content: Content) -> str:
    named = sender.lower()
    for vendor in VENDORS:
        if vendor in named:
            return vendor
    linked = f"{content.link} {content.footer}".lower()
    return next((v for v in VENDORS if v in linked), re.sub(r"\W+", "-", named) or "slack")


def _state(content: Content) -> tuple[AlertState, str, str]:
    """The state that the title begins with, the group it names, and the title without them."""
    for text in (content.title, content.fallback, _first_line(content.text)):
        found = _PREFIX.match(_level(text)[1])
        if found:
            word = (found["boxed"] or found["bare"]).lower()
            group = found["boxed_group"] or found["bare_group"] or ""
            rest = found.string[found.end() :].strip(" *")
            return _STATE_WORDS[word], group, rest or content.title
    return AlertState.TRIGGERED, "", content.title


def _level(title: str) -> tuple[str, str]:
    found = _PRIORITY.match(title)
    if not found:
        return "", title
    return found["level"].lower().replace("-", ""), title[found.end() :].strip()


def _severity(level: str, tags: Mapping[str, str], text: str) -> Severity:
    words = [level, *(tags.get(name, "") for name in _SEVERITY_TAGS)]
    if found := re.search(
        r"\*?(?:urgency|severity|priority):?\*?:?\s*`?(\w+)", text, re.IGNORECASE
    ):
        words.append(found[1])
    # Alertmanager's template: "*Alert:* title - `critical`"
    if found := re.search(r"\*Alert:\*[^\n]*`(\w+)`", text):
        words.append(found[1])
    known = (_SEVERITIES.get(w.lower().replace("-", "")) for w in words if w)
    return next((s for s in known if s is not None), Severity.MEDIUM)


# Datadog lists the tags behind "Tags:", one line.
_TAG_LINE = re.compile(r"\*?tags:?\*?:?[ \t]*(?P<tags>[^\n]*:[^\n]*)", re.IGNORECASE)
# Alertmanager and Grafana list labels as bullets, with a colon or an equals sign; PagerDuty has fields.
_LABEL = re.compile(
    r"^[ \t]*[•*-][ \t]*\*?(?P<name>[A-Za-z_][\w./-]{0,60}):?\*?[ \t]*(?:=|:)?[ \t]*`?(?P<value>[^`\n]{1,200}?)`?[ \t]*$",
    re.MULTILINE,
)
_FIELD = re.compile(
    r"^\*(?P<name>[A-Za-z_][\w -]{0,40}):\*[ \t]*\n?[ \t]*(?P<value>[^\n*]{1,120})$", re.MULTILINE
)
_LABEL_SECTIONS = re.compile(
    r"(?:labels:|\*details:\*)(?P<lines>(?:\n[ \t]*[•*-][^\n]*)+)", re.IGNORECASE
)
_FIELD_TAGS = frozenset(
    {"service", "urgency", "severity", "priority", "env", "environment", "namespace"}
)


def _tags(text: str) -> Iterator[tuple[str, str]]:
    for field_found in _FIELD.finditer(text):
        name = field_found["name"].lower()
        if name in _FIELD_TAGS:
            yield name, plain(field_found["value"])
    for section in _LABEL_SECTIONS.finditer(text):
        for label in _LABEL.finditer(section["lines"]):
            yield label["name"].lower(), plain(label["value"])
    for line in _TAG_LINE.finditer(text):
        yield from _pairs(line["tags"])


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """``service:cart, env:production``"""
    for part in re.split(r"[,\s]+", text[:2_000]):
        name, colon, value = part.strip("`*{}").partition(":")
        if colon and name and value:
            yield name.lower()[:60], value[:200]


def _without_group(title: str, tags: Mapping[str, str]) -> str:
    """Alertmanager repeats the labels' values in parentheses behind the title."""
    head, parenthesis, tail = title.rpartition(" (")
    if not parenthesis or not tail.endswith(")") or not tags:
        return title
    known = set(tags.values())
    return head if all(word in known for word in tail[:-1].split()) else title


def _fingerprint(
    source: str, content: Content, group: str, title: str, tags: Mapping[str, str]
) -> str:
    """Equal for messages on the same alert, whatever its state."""
    number = _NUMBER.search(f"{content.footer} {content.link}")
    if source == "datadog" and number:
        return f"datadog:{number[1]}:{group or _group_of(tags)}"
    name = tags.get("alertname") or title
    return f"{source}:{name.lower()}:{_group_of(tags)}"


def _group_of(tags: Mapping[str, str]) -> str:
    parts = (_first(tags, names) for names in (_SERVICE_TAGS, _NAMESPACE_TAGS, _ENVIRONMENT_TAGS))
    return ",".join(part for part in parts if part)


def _first(tags: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((tags[n] for n in names if tags.get(n)), "")


def _first_line(text: str) -> str:
    return text.strip().split("\n", 1)[0]

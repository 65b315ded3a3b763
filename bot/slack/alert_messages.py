"""Alerts as other vendors' bots post them: what such a message says, from its attachments and blocks.

The words differ from version to version and from team to team, so nothing here is required: whatever is not understood
stays empty, and any message at all gives alerts or none, never an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any
from urllib.parse import parse_qs, urlsplit

from agent.model import AlertState, Severity
from bot.alerts import identity
from bot.alerts.words import SEVERITIES, SEVERITY_TAGS, STATES, Heading, heading_of, severity_of
from bot.slack.alert_labels import Section, common, sections_of, tags_of
from bot.slack.message_text import Content, content_of
from bot.slack.places import place_in

VENDORS = ("datadog", "pagerduty", "alertmanager", "grafana")
_WITH_VALUES = ("alertmanager", "grafana")
_MAX_TITLE = 300
_MAX_TEXT = 8_000
_SAID_SEVERITY = re.compile(r"\*?(?:urgency|severity|priority):?\*?:?\s*`?(\w+)", re.IGNORECASE)
_MONITOR = re.compile(r"\bmonitors?[/ #:]+(\d{1,20})", re.IGNORECASE)


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
    count: int = 1
    """How many alerts of the same rule and group it stands for."""


def parse(message: Mapping[str, Any], sender: str = "") -> AlertMessage | None:
    """Read an alert's message; of several alerts in it, the first.

    Args:
        message: as Slack's events and history give it.
        sender: the name of the bot that posted it.

    Returns:
        None when there is nothing in it to read.
    """
    return next(iter(parse_all(message, sender)), None)


def parse_all(message: Mapping[str, Any], sender: str = "") -> tuple[AlertMessage, ...]:
    """Read all alerts of a message: those of the same rule and group count as one, with their number.

    Args:
        message: as Slack's events and history give it.
        sender: the name of the bot that posted it.
    """
    content = content_of(message)
    if not any(c.isalnum() for c in content.title + content.text):
        return ()
    source = _vendor(sender, content)
    whole = _whole(source, content)
    sections = sections_of(content.text)
    return (whole,) if len(sections) < 2 else _each(whole, sections)


def _whole(source: str, content: Content) -> AlertMessage:
    """A message as one alert."""
    heading = _heading(content)
    tags = tags_of(content.text)
    group = dict(identity.pairs(heading.group)) or _linked_group(content.link)
    tags |= group
    status = STATES.get(tags.pop("status", "").lower())
    title = _without_values(source, heading.title, tags)
    rule = _monitor(source, content) or identity.rule_of(tags, title)
    return _placed(
        AlertMessage(
            source=source,
            title=(_display(title, tags) or _first_line(content.text))[:_MAX_TITLE],
            text=(content.text or content.title)[:_MAX_TEXT],
            state=_state(heading, status, tags),
            severity=_severity(heading, tags, content),
            tags=tags,
            link=content.link,
            fingerprint=identity.fingerprint(source, rule, tags, group),
            count=heading.count,
        )
    )


def _each(whole: AlertMessage, sections: Sequence[Section]) -> tuple[AlertMessage, ...]:
    """The alerts that a message lists, by rule and group, in the order in which they stand."""

    def key(section: Section) -> tuple[str, bool]:
        rule = identity.rule_of(section.labels, whole.title)
        return identity.fingerprint(whole.source, rule, section.labels), section.resolved

    order = dict.fromkeys(map(key, sections))
    ranks = {k: rank for rank, k in enumerate(order)}
    alike = groupby(sorted(sections, key=lambda s: ranks[key(s)]), key=key)
    return tuple(_one(whole, print_, list(some)) for (print_, _), some in alike)


def _one(whole: AlertMessage, fingerprint: str, sections: Sequence[Section]) -> AlertMessage:
    labels = common(sections)
    state = AlertState.RECOVERED if sections[0].resolved else whole.state
    severity = severity_of(labels.get(name, "") for name in SEVERITY_TAGS)
    named = any(name in labels for name in SEVERITY_TAGS)
    return _placed(
        replace(
            whole,
            title=(_display(whole.title, labels) or whole.title)[:_MAX_TITLE],
            state=state,
            severity=severity if named else whole.severity,
            tags=labels,
            fingerprint=fingerprint,
            count=len(sections),
        )
    )


def _placed(alert: AlertMessage) -> AlertMessage:
    """With the service, namespace and environment that its tags name, or else its words."""
    place = place_in(f"{alert.title}\n{alert.text}")
    return replace(
        alert,
        service=identity.service_of(alert.tags),
        namespace=identity.namespace_of(alert.tags) or place,
        environment=identity.environment_in(alert.tags) or place,
    )


def _vendor(sender: str, content: Content) -> str:
    named = sender.lower()
    for vendor in VENDORS:
        if vendor in named:
            return vendor
    linked = f"{content.link} {content.footer}".lower()
    return next((v for v in VENDORS if v in linked), re.sub(r"\W+", "-", named) or "slack")


def _heading(content: Content) -> Heading:
    """The first of the message's lines that says how the alert stands; else its title."""
    lines = (content.title, content.fallback, _first_line(content.text))
    headings = [heading_of(line) for line in lines if line]
    said = next((h for h in headings if h.state is not None), None)
    if said is None:
        return heading_of(content.title)
    levels = (h.level for h in headings if h.level)
    return replace(said, level=said.level or next(levels, ""))


def _state(heading: Heading, status: AlertState | None, tags: Mapping[str, str]) -> AlertState:
    state = heading.state or status or AlertState.TRIGGERED
    lost = identity.is_without_data(tags.get("alertname", "") or heading.title.split(" ", 1)[0])
    return AlertState.NO_DATA if lost and state is AlertState.TRIGGERED else state


def _severity(heading: Heading, tags: Mapping[str, str], content: Content) -> Severity:
    words = [heading.level, *(tags.get(name, "") for name in SEVERITY_TAGS)]
    if found := _SAID_SEVERITY.search(content.text):
        words.append(found[1])
    # Alertmanager's usual template: "*Alert:* title - `critical`"; its default one only has values in parentheses.
    if found := re.search(r"\*Alert:\*[^\n]*`(\w+)`", content.text):
        words.append(found[1])
    _, _, values = heading.title.partition("(")
    words += [v for v in values.rstrip(")").split() if v in SEVERITIES]
    return severity_of(words)


def _monitor(source: str, content: Content) -> str:
    """The number of Datadog's monitor."""
    if source != "datadog":
        return ""
    found = _MONITOR.search(f"{content.footer} {content.link}")
    return found[1] if found else ""


def _linked_group(link: str) -> dict[str, str]:
    """The group that a link to Datadog's monitor names: ``.../monitors/7?group=host%3Aweb-1``."""
    try:
        named = parse_qs(urlsplit(link).query).get("group", [])
    except ValueError:
        return {}
    return dict(identity.pairs(",".join(named)))


def _without_values(source: str, title: str, tags: Mapping[str, str]) -> str:
    """Alertmanager and Grafana repeat the labels' values in parentheses behind the title, or say nothing else of them."""
    head, parenthesis, tail = title.rpartition(" (")
    if not parenthesis or not tail.endswith(")"):
        return title
    words, known = tail[:-1].split(), {w for value in tags.values() for w in value.split()}
    nameless = not tags and source in _WITH_VALUES
    return head if nameless or (tags and all(word in known for word in words)) else title


def _display(title: str, tags: Mapping[str, str]) -> str:
    """The rule's name instead of a title that only adds the values of the group to it."""
    name = tags.get("alertname", "")
    if not name or "," in name or (title and not title.startswith(name)):
        return title
    return tags.get("rulename", name) if identity.is_without_data(name) else name


def _first_line(text: str) -> str:
    return text.strip().split("\n", 1)[0]
